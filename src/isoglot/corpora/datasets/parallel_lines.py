"""NTREX-128 and Tatoeba (LASER): one sentence a line, aligned by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoglot.corpora.aligned import (
    Duplicates,
    add_aligned,
    by_language,
    reference_language,
    row_names,
    translations,
    wanted_languages,
)
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.sources import Member, read_members

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
