"""Crossmodal-3600 and xFlickr&CO: pictures with captions that were written for them, language by language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import by_language, wanted_languages
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.fields import language_of, record_field, text_field, texts_field
from isoglot.corpora.formats.rows import parse_json_lines
from isoglot.corpora.media import CaptionedMedia, Captions, Direction, check_direction
from isoglot.corpora.sources import read_members

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_DIRECTIONS: tuple[Direction, ...] = ("text_to_image", "image_to_text")


def read_xm3600(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    direction: Direction = "text_to_image",
    captions: Captions = "all",
    media: str | None = None,
) -> ParallelCorpus:
    """Crossmodal-3600 (arXiv 2205.12522) from `captions.jsonl`: 3,600 pictures, 36 languages.

    A line is a picture: `image/key`, `image/locale`, and for every language an object with its captions under
    `caption` (beside tokenised ones). Pictures are `<image/key>.jpg`. Captions of a picture are independent,
    about two a language; results on the first and on all of them are not comparable. Layout as three public
    readers of the published file have it (CLIP_benchmark among them).

    Args:
        source: Folder, archive or file.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        direction: `text_to_image` or `image_to_text`.
        captions: Which captions of each language are read.
        media: Folder of the pictures; None looks for them in the source.

    Returns:
        The corpus, judged by picture in the split `test`.

    Raises:
        CorpusError: If a row is not as published, or a picture is missing; all problems at once.
        ConfigError: If there is no such direction.
    """
    check_direction(direction, _DIRECTIONS, info)
    builder = CorpusBuilder(info)
    gallery = CaptionedMedia("image", builder)
    member = read_members(source, r"captions\.jsonl", "captions.jsonl")[0]
    for where, row in parse_json_lines(member, builder):
        key = text_field(row, "image/key", where, builder)
        if key is not None:
            gallery.add(key, f"{key}.jpg", "test", where=where)
            _add_languages(gallery, key, row, where)
    kept = wanted_languages(languages, gallery.languages)
    return gallery.build(direction=direction, captions=captions, languages=kept, source=source, folder=media)


def _add_languages(gallery: CaptionedMedia, key: str, row: Mapping[str, Any], where: str) -> None:
    for code in row:
        if "/" in code:
            continue
        language = language_of(code, where, gallery.builder)
        said = record_field(row, code, where, gallery.builder)
        texts = None if said is None else texts_field(said, "caption", f"{where}: {code}", gallery.builder)
        if language is None or texts is None:
            continue
        for text in texts:
            gallery.caption(key, language, text, where=where)


def read_xflickrco(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    direction: Direction = "text_to_image",
    captions: Captions = "all",
    media: str | None = None,
) -> ParallelCorpus:
    """The test set of xFlickr&CO (IGLUE, arXiv 2201.11732) from `<language>/test.jsonl`: 2,000 pictures.

    A line is a picture of Flickr30K or COCO with one caption: `sentences` (a list), `id`, `img_path`.
    Languages are joined by `id`. Layout as in the published German file.

    Args:
        source: Folder or archive: `datasets/xFlickrCO` of IGLUE's repository, or a part of it.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        direction: `text_to_image` or `image_to_text`.
        captions: Which captions of each language are read, if there are several.
        media: Folder of the pictures; None looks for them in the source.

    Returns:
        The corpus, judged by picture in the split `test`.

    Raises:
        CorpusError: If a row is not as published, or a picture is missing; all problems at once.
        ConfigError: If there is no such direction.
    """
    check_direction(direction, _DIRECTIONS, info)
    builder = CorpusBuilder(info)
    gallery = CaptionedMedia("image", builder)
    members = by_language(
        read_members(source, r"(?P<language>[a-z]{2})/test\.jsonl", "<language>/test.jsonl"), builder
    )
    kept = wanted_languages(languages, members)
    for language, member in members.items():
        seen: dict[str, str] = {}
        for where, row in parse_json_lines(member, builder):
            name, path = text_field(row, "id", where, builder), text_field(row, "img_path", where, builder)
            texts = texts_field(row, "sentences", where, builder)
            if name is None or path is None or texts is None:
                continue
            before = seen.setdefault(name, where)
            if before != where:
                builder.problem(where, f"image {name!r} is also at {before}; remove one")
                continue
            gallery.add(name, path, "test", where=where, unique=False)
            for text in texts:
                gallery.caption(name, language, text, where=where)
    return gallery.build(direction=direction, captions=captions, languages=kept, source=source, folder=media)
