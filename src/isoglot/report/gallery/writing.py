"""Writing a gallery: one file that holds its media, or a folder with the media beside the page."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isoglot.errors import ConfigError, CorpusError
from isoglot.files import replace_folder, whole_file
from isoglot.report.gallery.cards import build_cards, media_of
from isoglot.report.gallery.choosing import choose
from isoglot.report.gallery.counts import count
from isoglot.report.gallery.media import look_at
from isoglot.report.gallery.page import MARK, Page, render_page
from isoglot.report.gallery.reading import MEDIA

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

MAX_EMBEDDED_BYTES = 20_000_000
INDEX = "index.html"
_NAME = "gallery"
_HEAD_BYTES = 2_000


@dataclass(frozen=True)
class Gallery:
    """What was written.

    Attributes:
        page: The page to open.
        num_groups: Groups on it.
        num_pairs: Labelled pairs on it.
        num_distractors: Distractors on it.
        num_media: Different media files that its cards name.
        problems: One line for each of those that cannot be shown, with the reason.
    """

    page: Path
    num_groups: int
    num_pairs: int
    num_distractors: int
    num_media: int
    problems: tuple[str, ...]


def write_gallery(
    corpus: ParallelCorpus,
    out: Path | str | None = None,
    *,
    num_groups: int = 60,
    split: str | None = None,
    seed: int = 0,
    max_embedded_bytes: int = MAX_EMBEDDED_BYTES,
) -> Gallery:
    """Writes a page with some groups of a corpus: their pictures, videos, sounds and texts in all languages.

    Where `out` ends with `.html`, it is one file that holds its media; any other `out` is a folder with
    `index.html` and the media copied to `media/`. Without `out`, it is `gallery.html` if the media take no
    more than `max_embedded_bytes`, else the folder `gallery`. Both appear complete or not at all. The same
    corpus and seed give the same bytes.

    Args:
        corpus: The corpus, by `read_corpus_to_show` if a medium may be missing or damaged; others serve too.
        out: Where to; a file, or the folder of another gallery, is replaced.
        num_groups: At most so many groups, half as many labelled pairs and a fifth as many distractors, each
            drawn evenly from what there is (`isoglot.report.gallery.choosing.choose`).
        split: Only groups and pairs of this split; None shows all, and groups that no split judges.
        seed: Seed of the choice.
        max_embedded_bytes: Size of all media files, as they are used, up to which they go into one file.

    Returns:
        Where it is, and what is on it. A medium that is missing or damaged has its reason in its place on the
        page, and is among the `problems`.

    Raises:
        ConfigError: If an argument is out of range, the media are too large for one file, there is something
            else than a gallery where it should go, or a package that decodes a medium is not installed.
        CorpusError: If there is no such split, or nothing to show.
    """
    least = {"num_groups": (num_groups, 1), "seed": (seed, 0), "max_embedded_bytes": (max_embedded_bytes, 0)}
    wrong = [f"{name} must be >= {low}, got {given}" for name, (given, low) in least.items() if given < low]
    if wrong:
        raise ConfigError("; ".join(wrong))
    check_target(out)
    page = _build_page(corpus, num_groups, split, seed)
    written = _write(page, None if out is None else Path(out), max_embedded_bytes)
    return Gallery(
        written,
        page.num_shown["group"],
        page.num_shown["pair"],
        page.num_shown["distractors"],
        len(page.media),
        tuple(f"{medium.path}: {medium.problem}" for medium in page.media.values() if medium.problem),
    )


def _build_page(corpus: ParallelCorpus, num_groups: int, split: str | None, seed: int) -> Page:
    """Chooses what is shown, and looks at its media."""
    part = corpus if split is None else corpus.select(splits=[split])
    choice = choose(part, num_groups, seed=seed, judged_only=split is not None)
    cards = build_cards(part, choice)
    if not cards:
        raise CorpusError(
            f"nothing of {corpus.name!r} is left to show; choose other languages or another split"
        )
    totals = {
        "group": choice.num_groups,
        "pair": choice.num_pairs,
        "distractors": choice.num_distractors,
    }
    media = {key: look_at(part.media_root, *key, part.checksums) for key in media_of(cards)}
    return Page(corpus.info, count(part), cards, totals, seed, media)


def check_target(out: Path | str | None) -> None:
    """Refuses to write where something else than a gallery is.

    Args:
        out: Where to, as for `write_gallery`.

    Raises:
        ConfigError: If a file is to replace a folder, or a folder something else than a gallery.
    """
    if out is None:
        return
    target = Path(out)
    if _is_page(target):
        if target.is_dir():
            raise ConfigError(f"{target}: is a folder; name a file that is not there, or remove it yourself")
    elif target.exists() and not _is_replaceable(target):
        raise ConfigError(f"{target}: is there and is no gallery; choose another, or remove it yourself")


def _is_page(target: Path) -> bool:
    return target.suffix.lower() in (".html", ".htm")


def _is_replaceable(target: Path) -> bool:
    """Whether a folder is empty, or a gallery and nothing else."""
    if not target.is_dir():
        return False
    names = {path.name for path in target.iterdir()}
    if not names:
        return True
    if INDEX not in names or names - {INDEX, MEDIA}:
        return False
    with (target / INDEX).open("rb") as file:
        return MARK.encode() in file.read(_HEAD_BYTES)


def _write(page: Page, out: Path | None, max_embedded_bytes: int) -> Path:
    """Writes the page and, if it is to be a folder, its media; the page's path."""
    num_bytes = sum(page.media[key].num_bytes * uses for key, uses in media_of(page.cards).items())
    fits = num_bytes <= max_embedded_bytes
    target = out or Path(f"{_NAME}.html" if fits else _NAME)
    check_target(target)
    if not _is_page(target):
        _write_folder(page, target)
        return target / INDEX
    if not fits:
        raise ConfigError(
            f"{target}: the media of this page take {num_bytes:,} bytes, and one file may hold "
            f"{max_embedded_bytes:,}; write to a folder instead, show fewer groups, or allow more"
        )
    content = render_page(page, embedded=True)
    with whole_file(target) as file:
        file.write(content.encode())
    return target


def _write_folder(page: Page, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.parent / f".{target.name}.{uuid.uuid4().hex[:8]}.tmp"
    try:
        building.mkdir()
        (building / INDEX).write_bytes(render_page(page, embedded=False).encode())
        for medium in page.media.values():
            if not medium.problem:
                copy = building / MEDIA / medium.path
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(medium.file, copy)
        replace_folder(building, target)
    finally:
        shutil.rmtree(building, ignore_errors=True)
