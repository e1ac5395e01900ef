"""Items to tag: files of any medium, known by their endings, folders of them, and what is in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isoglot.corpora.sources import decode_text
from isoglot.encoders.inputs import medium_of
from isoglot.errors import CorpusError, MediaError
from isoglot.media.checking import find_bad_media
from isoglot.records import MODALITIES

ENDINGS: Mapping[str, str] = {
    f".{ending}": modality
    for modality, endings in {
        "text": "txt",
        "image": "jpg jpeg png gif webp tif tiff bmp ppm avif",
        "video": "mp4 mkv webm mov avi m4v mpg mpeg",
        "audio": "wav flac mp3 ogg opus m4a aac aif aiff",
    }.items()
    for ending in endings.split()
}
"""Ending of a file -> its medium."""


@dataclass(frozen=True)
class Item:
    """Something to tag.

    Attributes:
        name: What results call it: the path of a file, a text itself, or `item 3` for what has no name.
        modality: Its medium.
        content: A text, a path, or what is in a file.
    """

    name: str
    modality: str
    content: Any


@dataclass(frozen=True)
class FoundItems:
    """Items, and what is no item.

    Attributes:
        items: The items, each path once, in the order given; those of a folder in the order of their names.
        skipped: What is wrong with files that were left out.
        num_passed: Files of folders that are of no medium that the model encodes.
    """

    items: tuple[Item, ...]
    skipped: tuple[str, ...] = ()
    num_passed: int = 0


def find_items(
    given: Sequence[Any] | Path, modalities: Sequence[str], *, skip_bad: bool = False
) -> FoundItems:
    """Makes items of what a caller gives.

    Args:
        given: Texts (a text is never taken for a path); paths (`pathlib.Path`) of files and of folders, which
            are walked, hidden files left out; and whatever an encoder takes: pictures of Pillow, arrays,
            files under the name of their medium. A `.txt` file is one text. One text or path may be alone.
        modalities: Media that the model encodes.
        skip_bad: Whether files that cannot be read are left out; otherwise texts that cannot be are errors
            here, and other files when they are encoded.

    Returns:
        The items.

    Raises:
        CorpusError: If a file is not there, of no known ending or of a medium that the model does not encode,
            or a text is damaged; all at once. If nothing is left.
        MediaError: If it cannot be told of which medium something is, or it is of several.
    """
    items: dict[tuple[str, int], Item] = {}
    problems: list[str] = []
    bad: list[str] = []
    num_passed = 0
    for number, each in enumerate([given] if isinstance(given, str | Path) else given, start=1):
        if not isinstance(each, Path):
            in_memory = _named(each, number)
            items[in_memory.name, number] = in_memory
            continue
        for path, in_folder in _walk(each, problems):
            modality = ENDINGS.get(path.suffix.lower())
            if in_folder and modality not in modalities:
                num_passed += 1
            elif (problem := _refusal(path, modality, modalities)) is not None:
                problems.append(problem)
            elif (item := _of_file(path, str(modality), bad)) is not None:
                items[item.name, 0] = item
    found = list(items.values())
    if skip_bad:
        found, unread = _readable(found)
        bad += unread
    else:
        problems += bad
    if not found and not problems:
        problems = _nothing(modalities, bad, num_passed)
    if problems:
        raise CorpusError(problems)
    return FoundItems(tuple(found), tuple(bad), num_passed)


def _walk(path: Path, problems: list[str]) -> Iterator[tuple[Path, bool]]:
    """Files, each with whether it comes out of a folder."""
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield file, True
    elif path.exists():
        yield path, False
    else:
        problems.append(f"{path}: there is no such file or folder; check the path")


def _refusal(path: Path, modality: str | None, modalities: Sequence[str]) -> str | None:
    if modality is None:
        return f"{path}: its ending must be one of {' '.join(ENDINGS)}; rename it"
    if modality not in modalities:
        return f"{path}: is {modality}, and the model encodes {', '.join(modalities)}; leave it out"
    return None


def _of_file(path: Path, modality: str, bad: list[str]) -> Item | None:
    if modality != "text":
        return Item(str(path), modality, str(path))
    try:
        text = decode_text(path.read_bytes(), str(path)).strip()
    except CorpusError as error:
        bad.extend(error.problems)
        return None
    if not text:
        bad.append(f"{path}: is empty; fill it or leave it out")
        return None
    return Item(str(path), modality, text)


def _named(each: Any, number: int) -> Item:
    """An item out of something in memory, or a file under the name of its medium."""
    modality = medium_of(each)
    if modality not in MODALITIES:
        raise MediaError(f"item {number} is of medium {modality!r}; an item must be of one of {MODALITIES}")
    content = each[modality] if isinstance(each, Mapping) and modality in each else each
    if isinstance(content, str | Path):
        return Item(str(content), modality, str(content))
    return Item(str(getattr(content, "filename", "") or f"item {number}"), modality, content)


def _readable(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """The items whose files can be read, and what is wrong with the others."""
    files = [(item.content, item.modality) for item in items if _is_file(item)]
    bad = find_bad_media(files)
    kept = [item for item in items if not (_is_file(item) and (item.content, item.modality) in bad)]
    return kept, list(bad.values())


def _is_file(item: Item) -> bool:
    return item.modality != "text" and isinstance(item.content, str)


def _nothing(modalities: Sequence[str], bad: Sequence[str], num_passed: int) -> list[str]:
    known = " ".join(ending for ending, modality in ENDINGS.items() if modality in modalities)
    also = f", and {num_passed:,} files of other kinds were passed over" if num_passed else ""
    return [f"there is nothing to tag{also}; give files that end in {known}", *bad]
