"""NTREX-128, Tatoeba (LASER), Multi30K and XTD10: one sentence a line, aligned by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from isoglot.corpora.aligned import (
    Duplicates,
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
from isoglot.corpora.sources import Member, read_members
from isoglot.corpora.splits import choose_splits
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

_CODE = r"[a-z]{3}(?:-[A-Z][A-Za-z]{1,3})?"


def read_ntrex(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """NTREX-128 from `newstest2019-src.eng.txt` and `newstest2019-ref.<code>.txt`: 1,997 news sentences.

    Groups are `test-<line>`. Where two codes come to one tag, both versions stay in the group.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        duplicates: Whether sentences that are the same in English are one group.

    Returns:
        The corpus, judged by group in the split `test`.

    Raises:
        CorpusError: If the files are not aligned by line; all problems at once.
    """
    builder = CorpusBuilder(info)
    members = read_members(
        source,
        rf"newstest2019-(?P<side>src|ref)\.(?P<language>{_CODE})\.txt",
        "newstest2019-{src,ref}.<language>.txt",
    )
    columns = {
        language: translations(member, builder) for language, member in by_language(members, builder).items()
    }
    kept = wanted_languages(languages, columns)
    groups = row_names(columns[reference_language(columns)].texts, "test-", duplicates) if columns else []
    add_aligned(builder, "test", columns, groups, languages=kept)
    return builder.build()


def read_tatoeba(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    duplicates: Duplicates = "merge",
) -> ParallelCorpus:
    """LASER's Tatoeba test set (arXiv 1812.10464) from `tatoeba.<code>-eng.{<code>,eng}`: pairs with English.

    The published set is one collection for each pair. Here it is one corpus: pairs with the same English
    sentence are one group, so that other languages meet too, unless `duplicates="keep"` holds them apart as
    published.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        duplicates: Whether pairs with the same English sentence are one group.

    Returns:
        The corpus, judged by group (`<code>-<line>`) in the split `test`.

    Raises:
        CorpusError: If the two sides of a pair are not aligned by line; all problems at once.
    """
    builder = CorpusBuilder(info)
    pattern = r"tatoeba\.(?P<code>[a-z]{3})-eng\.(?P<language>[a-z]{3})"
    pairs: dict[str, list[Member]] = {}
    for member in read_members(source, pattern, "tatoeba.<code>-eng.{<code>,eng}"):
        pairs.setdefault(member.match["code"], []).append(member)
    sides = {code: by_language(pair, builder) for code, pair in pairs.items()}
    kept = wanted_languages(languages, {language for pair in sides.values() for language in pair})
    seen: dict[tuple[str, str], list[str]] = {}
    first: dict[str, str] = {}
    for code, pair in sides.items():
        if set(pair) != {"en", *pair} or len(pair) < 2:
            builder.problem(
                pairs[code][0].place, f"needs both tatoeba.{code}-eng.{code} and tatoeba.{code}-eng.eng"
            )
            continue
        columns = {language: translations(member, builder) for language, member in pair.items()}
        groups = row_names(columns["en"].texts, f"{code}-", duplicates)
        if duplicates == "merge":
            english = columns["en"].texts
            groups = [
                first.setdefault(text or "", group) for text, group in zip(english, groups, strict=True)
            ]
        add_aligned(builder, "test", columns, groups, languages=kept, seen=seen)
    return builder.build()


def read_multi30k(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    task: Literal[1, 2] = 1,
) -> ParallelCorpus:
    """Multi30K captions (W16-3210): `task1/raw/<split>.<language>`, `task2/raw/<split>.<1-5>.<language>`.

    Groups are the pictures: their file name (without `.jpg`) where `image_splits/<split>.txt` is there, else
    `<split>-<line>`. Captions that several pictures share stay apart.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.
        splits: Published splits to read; None reads all that are there.
        task: 1 for English captions with their translations, 2 for five independent captions a language.

    Returns:
        The corpus, judged by group in the published splits.

    Raises:
        CorpusError: If the files are not aligned by line; all problems at once.
    """
    builder = CorpusBuilder(info)
    number = r"(?:\.(?P<number>[1-5]))" if task == 2 else ""
    pattern = rf"task{task}/raw/(?P<split>[a-z0-9_]+){number}\.(?P<language>[a-z]{{2}})"
    expected = f"task{task}/raw/<split>{'.<1-5>' if task == 2 else ''}.<language>"
    members = choose_splits(read_members(source, pattern, expected), splits)
    kept = wanted_languages(languages, {normalize_language(member.match["language"]) for member in members})
    pictures = _pictures(source, builder)
    seen: dict[tuple[str, str], list[str]] = {}
    for split in dict.fromkeys(member.match["split"] for member in members):
        for part in _parts([member for member in members if member.match["split"] == split]):
            columns = {
                tag: translations(member, builder) for tag, member in by_language(part, builder).items()
            }
            names = pictures.get(split) or pictures.get(f"{split}_flickr")
            groups = (
                row_names(columns[reference_language(columns)].texts, f"{split}-", "keep") if columns else []
            )
            if names is not None:
                columns_and_names = {"": names, **columns}
                if not check_aligned(columns_and_names, builder):
                    continue
                groups = [name or "" for name in names.texts]
            add_aligned(builder, split, columns, groups, languages=kept, seen=seen)
    return builder.build()


def _parts(members: Iterable[Member]) -> list[list[Member]]:
    """Files of a split by number of the caption."""
    parts: dict[str, list[Member]] = {}
    for member in members:
        parts.setdefault(member.match.groupdict().get("number") or "", []).append(member)
    return list(parts.values())


def _pictures(source: Path, builder: CorpusBuilder) -> dict[str, Translations]:
    """Split -> name of the picture of each line, where the lists are there."""
    try:
        members = read_members(source, r"image_splits/(?P<split>[a-z0-9_]+)\.txt", "image_splits/<split>.txt")
    except CorpusError:
        return {}
    return {member.match["split"]: _names(member, builder) for member in members}


def _names(member: Member, builder: CorpusBuilder) -> Translations:
    column = translations(member, builder)
    return Translations(column.place, [(name or "").replace(".jpg", "") for name in column.texts])


def read_xtd10(source: Path, info: CorpusInfo, *, languages: Iterable[str] | None = None) -> ParallelCorpus:
    """XTD10 captions (arXiv 2012.05107) from `test_1kcaptions_<language>.txt` and `test_image_names.txt`.

    Groups are the 1,000 MSCOCO pictures, by file name without `.jpg`; a picture has one caption a language.
    German and French are in `MIC/`, Japanese in `STAIR/`: descriptions of the same picture, not translations.

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags to read; None reads all.

    Returns:
        The corpus, judged by group in the split `test`.

    Raises:
        CorpusError: If the files are not aligned by line; all problems at once.
    """
    builder = CorpusBuilder(info)
    members = read_members(
        source, r"test_1kcaptions_(?P<language>[a-z]{2})\.txt", "test_1kcaptions_<language>.txt"
    )
    columns = {
        language: translations(member, builder) for language, member in by_language(members, builder).items()
    }
    kept = wanted_languages(languages, columns)
    names = _names(read_members(source, r"test_image_names\.txt", "test_image_names.txt")[0], builder)
    if check_aligned({"": names, **columns}, builder):
        add_aligned(builder, "test", columns, [name or "" for name in names.texts], languages=kept)
    return builder.build()
