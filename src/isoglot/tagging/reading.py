"""Files of tags and of templates.

A file of tags is a table, one tag a row (`.tsv`, `.csv`, `.jsonl`, `.parquet`, also `.gz`, `.xz`):

    tag_id         parent   label:en   gloss:en          label:de     gloss:de
    season                  season                       Jahreszeit
    spring-season  season   spring                       Frühling
    spring-coil             spring     elastic coil      Feder        Sprungfeder

An empty cell is no label in that language. Where a label has no gloss of its own and the tag a parent, the
parent's label in that language is its gloss. The simplest form is a text file (`.txt`), one tag a line, in
one language: `spring (season)` is a label and its gloss, and the line is the tag's id.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.folder import read_folder
from isoglot.corpora.formats.rows import Cells, Row, read_rows
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import CorpusInfo
from isoglot.corpora.sources import DAMAGE, damage_report, decode_lines, read_bytes
from isoglot.errors import ConfigError, CorpusError
from isoglot.tagging.templates import Templates, check_template
from isoglot.tagging.vocabulary import Label, Tag, Vocabulary, vocabulary_of, vocabulary_problems

_LABEL, _GLOSS = "label:", "gloss:"
_COLUMNS = ("tag_id", "parent")
_WITH_GLOSS = re.compile(r"(?P<text>.*\S)\s*[(\uff08](?P<gloss>[^()\uff08\uff09]*\S)\s*[)\uff09]")
"""A label and its gloss in brackets, also in the wide ones of Chinese and Japanese."""
_TEXT_FILE = re.compile(r".+?(?:\.(?P<language>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*))?\.txt(?:\.gz|\.xz)?")


def read_vocabulary(path: str | Path, *, language: str | None = None) -> Vocabulary:
    """Tags from a file, or those of a corpus folder that was made for tagging.

    Args:
        path: A table or a text file as above, or a corpus folder, whose documents are the tags.
        language: Of a text file, the language that its lines are in; None takes it from the file's name
            (`tags.en.txt`).

    Returns:
        The vocabulary.

    Raises:
        CorpusError: If there is no such file, or it is not as described; all problems at once, with file and
            line.
        ConfigError: If the language of a text file is not known, or one is given for something else.
    """
    source = Path(path)
    text_file = _TEXT_FILE.fullmatch(source.name)
    if language is not None and (text_file is None or source.is_dir()):
        raise ConfigError(
            f"a language of tags must go with a text file, and {source} says itself which it has; leave it "
            "out"
        )
    if source.is_dir():
        return vocabulary_of(read_folder(source))
    if text_file is None:
        return _read_table(source)
    tag = language or text_file["language"]
    if tag is None:
        raise ConfigError(
            f"{source}: in which language are its tags? Give it, or say it in the file's name, such as "
            f"{source.name.partition('.')[0]}.en.txt"
        )
    return _read_lines(source, normalize_language(tag))


def read_templates(path: str | Path) -> Templates:
    """Templates from a table with the columns `language` and `template`, one template a row.

    Args:
        path: The file, in the forms that tables of tags have.

    Returns:
        Language -> its templates, in the order of the file.

    Raises:
        CorpusError: If it is not as described; all problems at once, with file and line.
    """
    builder = CorpusBuilder(CorpusInfo("templates"))
    found: dict[str, list[str]] = {}
    for where, row in read_rows(Path(path), builder):
        cells = Cells(row, where, builder)
        template = cells.required("template")
        language = _language(cells.required("language"), where, builder)
        if template is None or language is None:
            continue
        if problem := check_template(template):
            builder.problem(where, problem)
        elif template in found.setdefault(language, []):
            builder.problem(where, f"template {template!r} is there already for {language}; remove one")
        else:
            found[language].append(template)
    if builder.problems:
        raise CorpusError(builder.problems)
    return {language: tuple(templates) for language, templates in found.items()}


def _read_lines(source: Path, language: str) -> Vocabulary:
    """One tag a line; empty lines are passed over."""
    if not source.is_file():
        raise CorpusError(f"{source}: there is no such file")
    try:
        data = read_bytes(source)
    except DAMAGE as error:
        raise CorpusError(damage_report(source, error)) from None
    problems: list[str] = []
    lines = [line.strip() for line in decode_lines(data, str(source), problems)]
    places = [f"{source}:{number}" for number, line in enumerate(lines, start=1) if line]
    tags = [Tag(line, {language: _parse_label(line)}) for line in lines if line]
    return _checked(source, tags, places, problems)


def _parse_label(line: str) -> Label:
    match = _WITH_GLOSS.fullmatch(line)
    return Label(line) if match is None else Label(match["text"].strip(), match["gloss"].strip())


def _read_table(source: Path) -> Vocabulary:
    builder = CorpusBuilder(CorpusInfo("tags"))
    rows = list(read_rows(source, builder))
    if builder.problems:
        raise CorpusError(builder.problems)
    columns = _parse_columns(rows, builder)
    tags, parents, places = [], [], []
    for where, row in rows:
        cells = Cells(row, where, builder)
        tag_id = cells.required("tag_id")
        if tag_id is not None:
            tags.append(Tag(tag_id, dict(_labels(cells, columns))))
            parents.append(cells.optional("parent"))
            places.append(where)
    known = {tag.tag_id: tag for tag in tags}
    for parent, where in zip(parents, places, strict=True):
        if parent is not None and parent not in known:
            near = difflib.get_close_matches(parent, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "; add it, or leave the cell empty"
            builder.problem(where, f"parent must be the tag_id of a row, got {parent!r}{hint}")
    glossed = [
        tag if parent not in known else _with_parent(tag, known[parent])
        for tag, parent in zip(tags, parents, strict=True)
    ]
    return _checked(source, glossed, places, builder.problems)


def _parse_columns(rows: Sequence[tuple[str, Row]], builder: CorpusBuilder) -> dict[str, tuple[str, str]]:
    """The columns of label and gloss of each language, in order; others than these are problems."""
    places = {column: where for where, row in reversed(rows) for column in row}
    columns: dict[str, tuple[str, str]] = {}
    for column in dict.fromkeys(column for _, row in rows for column in row):
        where, (kind, _, code) = places[column], column.partition(":")
        if column in _COLUMNS:
            continue
        if f"{kind}:" not in (_LABEL, _GLOSS) or not code:
            known = f"{', '.join(_COLUMNS)}, and {_LABEL}en and {_GLOSS}en for each language"
            builder.problem(where, f"unknown column {column!r}; there may be {known}")
            continue
        language = _language(code, where, builder)
        found = (f"{_LABEL}{code}", f"{_GLOSS}{code}")
        if language is None:
            continue
        if columns.setdefault(language, found) != found:
            first = columns[language][0]
            builder.problem(where, f"column {column!r} is in the same language as {first!r}; spell it alike")
    return columns


def _labels(cells: Cells, columns: Mapping[str, tuple[str, str]]) -> Iterator[tuple[str, Label]]:
    """The labels of a row, each with its language."""
    for language, (of_label, of_gloss) in columns.items():
        text, gloss = cells.optional(of_label), cells.optional(of_gloss)
        if text is not None:
            yield language, Label(text, gloss)
        elif gloss is not None:
            cells.builder.problem(cells.where, f"{of_gloss} is of no label; fill {of_label} too")


def _language(code: str | None, where: str, builder: CorpusBuilder) -> str | None:
    """The canonical tag; None, and a problem, if there is none."""
    try:
        return None if code is None else normalize_language(code)
    except CorpusError as error:
        builder.problem(where, str(error))
        return None


def _with_parent(tag: Tag, parent: Tag) -> Tag:
    """The tag, its labels told apart by the parent's where they have no gloss."""
    return Tag(
        tag.tag_id,
        {
            language: Label(label.text, parent.labels[language].text)
            if label.gloss is None and language in parent.labels
            else label
            for language, label in tag.labels.items()
        },
    )


def _checked(source: Path, tags: Sequence[Tag], places: Sequence[str], problems: Sequence[str]) -> Vocabulary:
    found = [*problems, *vocabulary_problems(tags, places)]
    if found:
        raise CorpusError(found)
    return Vocabulary(source.name, tuple(tags))
