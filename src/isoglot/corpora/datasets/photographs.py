"""Multi30K with photographs: those of its pictures that Flickr8k has too, joined by a list of the files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from isoglot.corpora.aligned import (
    Translations,
    add_aligned,
    by_language,
    check_aligned,
    translations,
    wanted_languages,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.delimited import read_delimited
from isoglot.corpora.media import CaptionedMedia, Captions, Direction, check_direction, find_media
from isoglot.corpora.sources import Member, read_members
from isoglot.corpora.unpacking import unpack_media
from isoglot.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Lines = Literal["photographed", "other", "all"]
"""Which lines of captions are read as texts: those with a photograph here, those without, or both."""

_DIRECTIONS: tuple[Direction, ...] = ("text_to_image", "image_to_text", "text_to_text")
_COLUMNS = ("file", "multi30k_split", "multi30k_line0")
_NONE = "none"
_PHOTOGRAPH = r"(?P<file>[^/]+\.jpg)"
_TASKS = {
    1: r"task1/raw/(?P<split>[a-z0-9_]+)\.(?P<language>[a-z]{2})",
    2: r"task2/raw/(?P<split>[a-z0-9_]+)\.(?P<number>[1-5])\.(?P<language>[a-z]{2})",
}


@dataclass(frozen=True)
class _Photograph:
    """A row of the list; `split` and `row` are None for a photograph that is not in Multi30K."""

    file: str
    split: str | None
    row: int | None
    where: str

    @property
    def name(self) -> str:
        """Its number at Flickr, which is its name in Multi30K."""
        return self.file.split("_")[0].removesuffix(".jpg")


@dataclass(frozen=True)
class _Part:
    """The captions of a split: the name of each line's picture, and one column a language, several times."""

    names: Translations
    columns: tuple[dict[str, Translations], ...]


def read_multi30k_photographs(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    direction: Direction = "text_to_image",
    captions: Captions = "first",
    lines: Lines = "photographed",
    distractors: bool = False,
    media: str | None = None,
    features: str | None = None,
) -> ParallelCorpus:
    """Photographs of Flickr8k with the captions of Multi30K (W16-3210), in Multi30K's splits.

    `image_index.tsv` says which file is which line of Multi30K (columns `file`, `multi30k_split` and
    `multi30k_line0`, counted from 0; `none` where a photograph is not in Multi30K); `task1/raw` holds the
    captions and `task1/image_splits` the names of the pictures, which must agree with those of the files. A
    group is a picture with its captions, named by the picture's number at Flickr. Flickr8k's own splits are
    not used: its training captions are Multi30K's test captions in part. That no picture stands in two splits
    is checked, so nothing that is searched in one was trained on in another.

    Args:
        source: Folder of both data sets (`multi30k` and `flickr8k-images`, or all in one), or an archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: Published splits to read; None reads all that the list names. The photographs of these alone
            are searched.
        direction: `text_to_image`, `image_to_text`, or `text_to_text` (a symmetric corpus of captions).
        captions: `first` takes the translated caption (task 1), `all` the independent ones (task 2) too,
            where there are some; a caption that its picture already has is read once.
        lines: Of texts, whether lines with a photograph are read, other lines, or all.
        distractors: Whether the photographs that are not in Multi30K are searched as well.
        media: Folder of the photographs; None looks for them in the source, in its archives too, which are
            unpacked into the cache once. Between texts it is not used.
        features: Archive of ready features (`.npz`) with an array for each photograph, under the name of its
            file, to stand in its place (`isoglot.encoders.feature_tower`). Between texts it is not used.

    Returns:
        The corpus, judged by group.

    Raises:
        CorpusError: If the files do not agree, or a photograph is missing; all problems at once.
        ConfigError: If there is no such direction, or an option does not go with it.
    """
    _check(info, direction, lines, distractors=distractors, media=media, features=features)
    builder = CorpusBuilder(replace(info, symmetric=direction == "text_to_text"))
    texts, pictures = (_part_of(source, name) for name in ("multi30k", "flickr8k-images"))
    photographs = list(_read_list(pictures, builder))
    parts = _read_captions(texts, {each.split for each in photographs} - {None}, captions, builder)
    _check_places(photographs, parts, builder)
    if builder.problems:
        raise CorpusError(builder.problems)
    chosen = _choose(parts, splits)
    kept = wanted_languages(
        languages, {language for part in parts.values() for columns in part.columns for language in columns}
    )
    if direction == "text_to_text":
        _add_texts(builder, chosen, photographs, lines, kept)
        return builder.build()
    gallery = CaptionedMedia("image", builder)
    _add_photographs(gallery, chosen, photographs, distractors=distractors, features=features)
    if features is None:
        folder = media or _find_photographs(source, pictures, photographs)
    else:
        folder = str(Path(features).parent)
    return gallery.build(direction=direction, captions="all", languages=kept, source=source, folder=folder)


def _check(
    info: CorpusInfo,
    direction: Direction,
    lines: Lines,
    *,
    distractors: bool,
    media: str | None,
    features: str | None,
) -> None:
    check_direction(direction, _DIRECTIONS, info)
    problems = []
    if features is not None and media is not None:
        problems.append("media and features are both what stands for photographs; leave one out")
    if features is not None and not features.endswith(".npz"):
        problems.append(f"features must be an archive of arrays, .npz, got {features!r}")
    if lines not in get_args(Lines):
        problems.append(f"lines must be one of {', '.join(get_args(Lines))}, got {lines!r}")
    elif lines != "photographed" and direction != "text_to_text":
        problems.append(f"lines = {lines!r} goes with direction = 'text_to_text', got {direction!r}")
    if distractors and direction != "text_to_image":
        problems.append(
            f"distractors are photographs to be searched, with direction = 'text_to_image', got {direction!r}"
        )
    if problems:
        raise ConfigError("\n".join(f"{info.name}: {problem}" for problem in problems))


def _part_of(source: Path, name: str) -> Path:
    """The folder of one data set where the source holds both side by side; else the source."""
    return source / name if (source / name).is_dir() else source


def _read_list(source: Path, builder: CorpusBuilder) -> Iterator[_Photograph]:
    """The photographs, each file once and each line of captions once."""
    member = read_members(source, r"image_index\.tsv", "image_index.tsv")[0]
    seen: dict[object, str] = {}
    for line, row in read_delimited(member, builder, delimiter="\t", columns=_COLUMNS):
        where, (file, split, place) = member.at(line), (row[column] for column in _COLUMNS)
        if not _is_plain(file):
            builder.problem(where, f"file must be the name of a .jpg file without its folder, got {file!r}")
        elif split != _NONE and not (place.isascii() and place.isdigit() and len(place) < 10):
            builder.problem(where, f"multi30k_line0 must be a line counted from 0, got {place!r}")
        else:
            outside = split == _NONE
            found = _Photograph(file, None if outside else split, None if outside else int(place), where)
            for key in (found.name, () if outside else (found.split, found.row)):
                if key and seen.setdefault(key, where) != where:
                    builder.problem(where, f"is the same picture as {seen[key]}; remove one")
                    break
            else:
                yield found


def _is_plain(file: str) -> bool:
    return file.endswith(".jpg") and len(file.split()) == 1 and not set(file) & {"/", "\\", "\0"}


def _read_captions(
    source: Path, splits: Iterable[str | None], captions: Captions, builder: CorpusBuilder
) -> dict[str, _Part]:
    """The captions of the splits that the list of photographs names, by split."""
    wanted = {split for split in splits if split is not None}
    names = {
        member.match["split"]: translations(member, builder)
        for member in read_members(
            source, r"task1/image_splits/(?P<split>[a-z0-9_]+)\.txt", "task1/image_splits/<split>.txt"
        )
    }
    files: dict[tuple[str, str], list[Member]] = {}
    for task in (1, 2) if captions == "all" else (1,):
        expected = f"task{task}/raw/<split>{'.<1-5>' if task == 2 else ''}.<language>"
        for member in read_members(source, _TASKS[task], expected, required=task == 1):
            # Task 2 says test_2016 for task 1's test_2016_flickr.
            split = member.match["split"]
            split = split if split in names else f"{split}_flickr"
            number = member.match.groupdict().get("number") or ""
            files.setdefault((split, number), []).append(member)
    columns: dict[str, list[dict[str, Translations]]] = {}
    for (split, _), members in sorted(files.items()):
        if split in wanted & names.keys():
            found = by_language(members, builder)
            columns.setdefault(split, []).append(
                {language: translations(member, builder) for language, member in found.items()}
            )
    return {split: _Part(names[split], tuple(several)) for split, several in columns.items()}


def _check_places(
    photographs: Iterable[_Photograph], parts: dict[str, _Part], builder: CorpusBuilder
) -> None:
    """Reports lines that are not aligned, a picture in two splits, and photographs of another line."""
    seen: dict[str, str] = {}
    for split, part in parts.items():
        for columns in part.columns:
            check_aligned({"": part.names, **columns}, builder)
        for row, name in enumerate(part.names.texts):
            before = seen.setdefault(name or "", split)
            if before != split:
                builder.problem(part.names.at(row), f"picture {name!r} is in {before!r} too; remove it there")
    for each in photographs:
        if each.split is None or each.row is None:
            if f"{each.name}.jpg" in seen:
                builder.problem(
                    each.where, f"says {_NONE!r}, but {each.file!r} is in {seen[f'{each.name}.jpg']!r}"
                )
            continue
        names = parts[each.split].names.texts if each.split in parts else None
        if names is None:
            builder.problem(
                each.where, f"no captions or names of pictures of split {each.split!r}; add its files"
            )
        elif each.row >= len(names) or names[each.row] != f"{each.name}.jpg":
            said = names[each.row] if each.row < len(names) else "nothing"
            builder.problem(
                each.where, f"{each.file!r} is of line {each.row + 1} of {each.split}.txt, which says {said}"
            )


def _choose(parts: dict[str, _Part], splits: Iterable[str] | None) -> dict[str, _Part]:
    if splits is None:
        return parts
    wanted = [splits] if isinstance(splits, str) else list(splits)
    missing = [name for name in wanted if name not in parts]
    if missing:
        raise CorpusError(f"no photograph of split {missing[0]!r}; there is {', '.join(parts)}")
    return {name: parts[name] for name in wanted}


def _add_texts(
    builder: CorpusBuilder,
    parts: dict[str, _Part],
    photographs: Iterable[_Photograph],
    lines: Lines,
    languages: frozenset[str],
) -> None:
    """Adds captions as parallel texts, by whether there is a photograph of their line."""
    taken = {(each.split, each.row) for each in photographs}
    seen: dict[tuple[str, str], list[str]] = {}
    for split, part in parts.items():
        rows = [
            row
            for row in range(len(part.names.texts))
            if lines == "all" or ((split, row) in taken) == (lines == "photographed")
        ]
        groups = [(part.names.texts[row] or "").removesuffix(".jpg") for row in rows]
        for columns in part.columns:
            there = {language: _rows_of(column, rows) for language, column in columns.items()}
            add_aligned(builder, split, there, groups, languages=languages, seen=seen)


def _rows_of(column: Translations, rows: list[int]) -> Translations:
    return Translations(column.place, [column.texts[row] for row in rows], [row + 1 for row in rows])


def _add_photographs(
    gallery: CaptionedMedia,
    parts: dict[str, _Part],
    photographs: Iterable[_Photograph],
    *,
    distractors: bool,
    features: str | None,
) -> None:
    """Adds the photographs of some splits with their captions, and those that are in no split."""
    before = "" if features is None else f"{Path(features).name}#"
    for each in photographs:
        if each.split is None or each.row is None:
            if distractors:
                gallery.add(each.name, f"{before}{each.file}", _NONE, where=each.where)
            continue
        if each.split not in parts:
            continue
        gallery.add(each.name, f"{before}{each.file}", each.split, where=each.where)
        seen: set[tuple[str, str]] = set()
        for columns in parts[each.split].columns:
            for language, column in columns.items():
                text = column.texts[each.row]
                if text is not None and (language, text) not in seen:
                    seen.add((language, text))
                    gallery.caption(each.name, language, text, where=column.at(each.row))


def _find_photographs(source: Path, pictures: Path, photographs: list[_Photograph]) -> str | None:
    """The folder in which the photographs lie as files, those of archives unpacked; None without any."""
    found, _ = find_media(source, None, [each.file for each in photographs])
    return found or unpack_media(pictures, _PHOTOGRAPH, "<photograph>.jpg")
