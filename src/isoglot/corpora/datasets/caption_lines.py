"""Multi30K and XTD10: captions of pictures, one a line, aligned by line across languages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from isoglot.corpora.aligned import (
    Translations,
    add_aligned,
    by_language,
    check_aligned,
    reference_language,
    row_names,
    translations,
    wanted_languages,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.media import CaptionedMedia, Captions, Direction, check_direction
from isoglot.corpora.sources import Member, read_members
from isoglot.corpora.splits import choose_splits

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_DIRECTIONS: tuple[Direction, ...] = ("text_to_text", "text_to_image", "image_to_text")

Columns = dict[str, Translations]
"""Language -> captions, one a row."""


def read_multi30k(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    task: Literal[1, 2] = 1,
    direction: Direction = "text_to_text",
    captions: Captions = "all",
    media: str | None = None,
) -> ParallelCorpus:
    """Multi30K captions (W16-3210): `task1/raw/<split>.<language>`, `task2/raw/<split>.<1-5>.<language>`.

    Between texts, groups are the lines of `image_splits/<split>.txt` (without `.jpg`) where that is there,
    else `<split>-<line>`; captions that several pictures share stay apart. To and from pictures, that file is
    needed, and groups are the pictures: what follows `#` in a name is the number of a caption.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: Published splits to read; None reads all that are there.
        task: 1 for English captions with their translations, 2 for five independent captions a language.
        direction: `text_to_text` (a symmetric corpus of captions), `text_to_image` or `image_to_text`.
        captions: Which captions of each language are read, if there are several.
        media: Folder of the pictures; None looks for them in the source. Between texts it is not used.

    Returns:
        The corpus, judged by group in the published splits.

    Raises:
        CorpusError: If the files are not aligned by line, or a picture is missing; all problems at once.
        ConfigError: If there is no such direction.
    """
    check_direction(direction, _DIRECTIONS, info)
    builder = _builder(info, direction)
    gallery = CaptionedMedia("image", builder)
    number = "" if task == 1 else r"(?:\.(?P<number>[1-5]))"
    pattern = rf"task{task}/raw/(?P<split>[a-z0-9_]+){number}\.(?P<language>[a-z]{{2}})"
    expected = f"task{task}/raw/<split>{'.<1-5>' if task == 2 else ''}.<language>"
    members = choose_splits(read_members(source, pattern, expected), splits)
    kept = wanted_languages(languages, {normalize_language(member.match["language"]) for member in members})
    pictures = _pictures(source, builder)
    seen: dict[tuple[str, str], list[str]] = {}
    for split in dict.fromkeys(member.match["split"] for member in members):
        parts = _parts([member for member in members if member.match["split"] == split])
        names = pictures.get(split) or pictures.get(f"{split}_flickr")
        for part in parts[:1] if captions == "first" else parts:
            columns = {tag: translations(file, builder) for tag, file in by_language(part, builder).items()}
            if direction == "text_to_text":
                _add_texts(builder, split, columns, names, kept, seen)
            elif names is None:
                builder.problem(
                    part[0].place, f"needs image_splits/{split}.txt, which names the pictures; add it"
                )
            else:
                _add_pictures(gallery, split, columns, names)
    if direction == "text_to_text":
        return builder.build()
    return gallery.build(direction=direction, captions=captions, languages=kept, source=source, folder=media)


def _builder(info: CorpusInfo, direction: Direction) -> CorpusBuilder:
    """A builder of a corpus that is symmetric between texts alone."""
    return CorpusBuilder(replace(info, symmetric=direction == "text_to_text"))


def _parts(members: Iterable[Member]) -> list[list[Member]]:
    """Files of a split by number of the caption."""
    parts: dict[str, list[Member]] = {}
    for member in members:
        parts.setdefault(member.match.groupdict().get("number") or "", []).append(member)
    return [parts[number] for number in sorted(parts)]


def _pictures(source: Path, builder: CorpusBuilder) -> dict[str, Translations]:
    """Split -> the picture of each line, where the lists are there."""
    pattern = r"image_splits/(?P<split>[a-z0-9_]+)\.txt"
    members = read_members(source, pattern, "image_splits/<split>.txt", required=False)
    return {member.match["split"]: translations(member, builder) for member in members}


def _add_texts(
    builder: CorpusBuilder,
    split: str,
    columns: Columns,
    names: Translations | None,
    languages: Container[str],
    seen: dict[tuple[str, str], list[str]] | None = None,
) -> None:
    """Adds captions as aligned texts, grouped by the names of their pictures where those are known."""
    if names is not None:
        if not check_aligned({"": names, **columns}, builder):
            return
        groups = [(name or "").replace(".jpg", "") for name in names.texts]
    else:
        groups = row_names(columns[reference_language(columns)].texts, f"{split}-", "keep") if columns else []
    add_aligned(builder, split, columns, groups, languages=languages, seen=seen)


def _add_pictures(
    gallery: CaptionedMedia, split: str, columns: Mapping[str, Translations], names: Translations
) -> None:
    """Adds pictures with their captions."""
    if not check_aligned({"": names, **columns}, gallery.builder):
        return
    for row, name in enumerate(names.texts):
        path = (name or "").split("#")[0]
        picture = path.removesuffix(".jpg")
        gallery.add(picture, path, split, where=names.at(row), unique=False)
        for language, column in columns.items():
            text = column.texts[row]
            if text is not None:
                gallery.caption(picture, language, text, where=column.at(row))


def read_xtd10(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    direction: Direction = "text_to_text",
    media: str | None = None,
) -> ParallelCorpus:
    """XTD10 captions (arXiv 2012.05107) from `test_1kcaptions_<language>.txt` and `test_image_names.txt`.

    Groups are the 1,000 MSCOCO pictures, by file name without `.jpg`; a picture has one caption a language.
    German and French are in `MIC/`, Japanese in `STAIR/`: descriptions of the same picture, not translations.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        direction: `text_to_text` (a symmetric corpus of captions), `text_to_image` or `image_to_text`.
        media: Folder of the pictures; None looks for them in the source. Between texts it is not used.

    Returns:
        The corpus, judged by group in the split `test`.

    Raises:
        CorpusError: If the files are not aligned by line, or a picture is missing; all problems at once.
        ConfigError: If there is no such direction.
    """
    check_direction(direction, _DIRECTIONS, info)
    builder = _builder(info, direction)
    members = read_members(
        source, r"test_1kcaptions_(?P<language>[a-z]{2})\.txt", "test_1kcaptions_<language>.txt"
    )
    columns = {
        language: translations(member, builder) for language, member in by_language(members, builder).items()
    }
    kept = wanted_languages(languages, columns)
    names = translations(read_members(source, r"test_image_names\.txt", "test_image_names.txt")[0], builder)
    if direction == "text_to_text":
        _add_texts(builder, "test", columns, names, kept)
        return builder.build()
    gallery = CaptionedMedia("image", builder)
    _add_pictures(gallery, "test", columns, names)
    return gallery.build(direction=direction, captions="all", languages=kept, source=source, folder=media)
