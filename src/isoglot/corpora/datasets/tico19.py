"""TICO-19 (arXiv 2007.01788): COVID-19 texts, English with one other language in each TMX file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from isoglot.corpora.aligned import (
    Duplicates,
    Translations,
    add_aligned,
    by_language,
    row_names,
    wanted_languages,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.sources import Member, read_members
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus


def read_tico19(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """TICO-19 from `all.en-<language>.tmx`, aligned by position of the translation unit.

    The English side is that of the first file; the others differ from it by small edits. Groups are
    `all-<unit>`, units counted from 1.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        duplicates: Whether units with the same English sentence are one group.

    Returns:
        The corpus, judged by group in the split `all`: it is published without splits.

    Raises:
        CorpusError: If a unit is not as published, or the files are not aligned; all problems at once.
    """
    builder = CorpusBuilder(info)
    pattern = r"all\.en-(?P<language>[a-z]{2,3}(?:-[A-Z]{2})?)\.tmx"
    columns: dict[str, Translations] = {}
    for language, member in by_language(
        read_members(source, pattern, "all.en-<language>.tmx"), builder
    ).items():
        sides = _read_tmx(member, language, builder)
        columns.setdefault("en", sides["en"])
        columns[language] = sides[language]
    kept = wanted_languages(languages, columns)
    groups = row_names(columns["en"].texts, "all-", duplicates) if columns else []
    add_aligned(builder, "all", columns, groups, languages=kept)
    return builder.build()


class _Units:
    """Collects the translation units of a TMX file, with the line on which each starts."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.EntityDeclHandler = self._entity
        self.lines: list[int] = []
        self.texts: list[dict[str, str]] = []
        self.misplaced: list[int] = []
        self._open = False
        self._code: str | None = None
        self._segment: list[str] | None = None

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "tu":
            self.lines.append(self.parser.CurrentLineNumber)
            self.texts.append({})
            self._open = True
        elif tag == "tuv":
            self._code = attributes.get("xml:lang")
        elif tag == "seg":
            self._segment = []

    def _text(self, text: str) -> None:
        if self._segment is not None:
            self._segment.append(text)

    def _end(self, tag: str) -> None:
        if tag == "seg" and self._segment is not None:
            if self._open and self._code is not None and self._code not in self.texts[-1]:
                self.texts[-1][self._code] = "".join(self._segment).strip()
            else:
                self.misplaced.append(self.parser.CurrentLineNumber)
            self._segment = None
        elif tag == "tuv":
            self._code = None
        elif tag == "tu":
            self._open = False

    def _entity(self, *_: object) -> None:
        raise ValueError("it declares entities, which no TMX file needs")


def _read_tmx(member: Member, language: str, builder: CorpusBuilder) -> dict[str, Translations]:
    """The English side and the other one, row by unit."""
    units = _Units()
    try:
        units.parser.Parse(member.data, True)
    except expat.ExpatError as error:
        builder.problem(member.at(error.lineno), f"not XML ({error}); download it again")
    except (LookupError, ValueError) as error:
        builder.problem(member.at(1), f"not readable XML ({error}); download it again")
    for line in units.misplaced:
        builder.problem(
            member.at(line), "a segment outside a unit, without language, or the second in one; mend it"
        )
    texts = [
        _by_tag(unit, ("en", language), member.at(line), builder)
        for line, unit in zip(units.lines, units.texts, strict=True)
    ]
    if not texts:
        builder.problem(member.at(1), "no translation unit; download it again")
    return {
        side: Translations(member.place, [unit.get(side) for unit in texts], units.lines)
        for side in ("en", language)
    }


def _by_tag(
    unit: dict[str, str], sides: tuple[str, str], where: str, builder: CorpusBuilder
) -> dict[str, str]:
    """The texts of a unit by normalised language; there must be one on each side and no other."""
    tagged: dict[str, str] = {}
    for code, text in unit.items():
        try:
            tag = normalize_language(code)
        except CorpusError:
            tag = code
        if tag in tagged or tag not in sides:
            builder.problem(where, f"the unit has a segment in {code!r} that it should not have; mend it")
        tagged[tag] = text
    for side in sides:
        if side not in tagged:
            builder.problem(where, f"the unit has no segment in {side!r}; mend it")
    return tagged
