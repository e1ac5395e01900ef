"""The corpora of an experiment: read as configured, and joined into the one that is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.corpora.joining import concatenate
from isoglot.corpora.judgements import Judgements, Rows, Split, union
from isoglot.corpora.parallel import DOCUMENT_SCHEMA, ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.experiments.config import CorpusConfig


def read_configured(config: CorpusConfig, *, skip_bad: bool = False) -> ParallelCorpus:
    """The corpus that a configuration names.

    Args:
        config: Where it comes from.
        skip_bad: Whether media files may be missing or changed, as in `isoglot.corpora.read_corpus`.

    Returns:
        The corpus, in the configured languages.

    Raises:
        IsoglotError: If it cannot be read.
    """
    languages = config.languages or None
    if config.folder is not None:
        from isoglot.corpora import read_corpus

        return read_corpus(config.folder, languages=languages, skip_bad=skip_bad)
    assert config.dataset is not None
    if config.dataset == "world-text":
        from isoglot.world import build_text_corpus

        return build_text_corpus(languages=languages, **config.options)
    if config.dataset == "world":
        from isoglot.world import build_world_corpus
        from isoglot.world.building.options import check_names

        check_names(config.options)
        return build_world_corpus(languages=languages, **config.options)
    from isoglot.corpora import read_dataset

    corpus: ParallelCorpus = read_dataset(config.dataset, config.source, skip_bad=skip_bad, **config.options)
    return corpus.select(languages=languages)


def training_corpus(configs: Sequence[CorpusConfig], corpora: Sequence[ParallelCorpus]) -> ParallelCorpus:
    """The corpora as one, whose split `train` is what each is trained on.

    Args:
        configs: Splits and sides of each.
        corpora: The corpora, in the same order.

    Returns:
        One corpus.

    Raises:
        CorpusError: If a split does not exist, or two corpora have one name.
        ConfigError: If a corpus mixes splits by groups with explicit ones.
    """
    parts = []
    for config, corpus in zip(configs, corpora, strict=True):
        split = share_of_split(corpus, union_of_splits(corpus, config.splits), config.share)
        part = replace(corpus, splits={"train": split})
        parts.append(parallel_queries(part) if config.side == "queries" else part)
    return concatenate("joined", parts)


def union_of_splits(corpus: ParallelCorpus, names: Iterable[str]) -> Split:
    """Several splits as one.

    Args:
        corpus: The corpus.
        names: Its splits.

    Returns:
        What is judged in any of them.

    Raises:
        CorpusError: If a split does not exist.
        ConfigError: If some are by groups and others explicit.
    """
    parts = [corpus.split(name) for name in names]
    groups = [part.groups for part in parts if part.groups is not None]
    explicit = [part.judgements for part in parts if part.judgements is not None]
    if groups and explicit:
        raise ConfigError(f"corpus {corpus.name!r}: some of its splits are by groups and others are not")
    if groups:
        return Split(groups=np.unique(np.concatenate(groups)).astype(np.int32))
    return Split(judgements=union(explicit))


def share_of_split(corpus: ParallelCorpus, split: Split, share: float) -> Split:
    """A share of the groups of a split, drawn by chance, but always the same.

    Args:
        corpus: The corpus.
        split: The split.
        share: In (0, 1]; at least one group is kept.

    Returns:
        The split with fewer groups, or with the judged queries of fewer groups; a smaller share is part of a
        larger one.
    """
    if share == 1:
        return split
    judged = split.judgements
    if judged is None:
        assert split.groups is not None
        return Split(groups=_share_of_groups(split.groups, share))
    kept = _share_of_groups(corpus.query_groups[judged.query_rows], share)
    chosen = np.isin(corpus.query_groups[judged.pair_query_rows], kept)
    rows = judged.pair_query_rows[chosen], judged.document_rows[chosen], judged.grades[chosen]
    return Split(judgements=Judgements.from_pairs(*rows))


def _share_of_groups(groups: Rows, share: float) -> Rows:
    """Some of the distinct groups, ascending."""
    distinct = np.unique(groups)
    order = np.random.default_rng(len(distinct)).permutation(len(distinct))
    return np.sort(distinct[order[: max(1, round(share * len(distinct)))]]).astype(np.int32)


def without_training_documents(corpus: ParallelCorpus) -> ParallelCorpus:
    """The corpus without the documents of its training groups: a collection that training has not shown.

    Args:
        corpus: A corpus whose split `train` is by groups.

    Returns:
        All of its queries, and the documents of all other groups.

    Raises:
        CorpusError: If there is no such split.
    """
    trained = corpus.split("train").groups
    assert trained is not None
    shown = np.isin(corpus.document_groups, trained)
    everyone = np.arange(corpus.queries.num_rows, dtype=np.int32)
    return corpus.take(everyone, np.flatnonzero(~shown).astype(np.int32))


def parallel_queries(corpus: ParallelCorpus) -> ParallelCorpus:
    """A symmetric corpus of the judged queries: a question and its translations, on both sides.

    Args:
        corpus: A corpus with the split `train`.

    Returns:
        Its judged queries as queries and as documents, judged by group; named `<name>-queries`.

    Raises:
        CorpusError: If there is no such split.
    """
    judged = corpus.judgements("train").query_rows
    queries = corpus.queries.take(pa.array(judged))
    groups = corpus.query_groups[judged]
    columns = [
        pa.nulls(len(judged), field.type) if field.name == "title" else queries[_query_column(field.name)]
        for field in DOCUMENT_SCHEMA
    ]
    return replace(
        corpus,
        info=replace(corpus.info, name=f"{corpus.name}-queries", symmetric=True),
        queries=queries,
        documents=pa.table(columns, schema=DOCUMENT_SCHEMA),
        query_groups=groups,
        document_groups=groups,
        splits={"train": Split(groups=np.unique(groups))},
    )


def _query_column(name: str) -> str:
    return "query_id" if name == "doc_id" else name


def distinct_texts(corpora: Iterable[ParallelCorpus]) -> list[str]:
    """Every distinct text of the corpora, in an order that depends on the texts alone.

    Args:
        corpora: The corpora.

    Returns:
        The texts; the order looks random, so that a prefix is a fair sample. What is no text gives none.
    """
    texts: set[str] = set()
    for corpus in corpora:
        texts.update(corpus.query_texts(_text_rows(*corpus.query_modalities)))
        texts.update(corpus.document_texts(_text_rows(*corpus.document_modalities)))
    return sorted(texts, key=lambda text: hashlib.blake2b(text.encode(), digest_size=8).digest())


def _text_rows(media: tuple[str, ...], codes: npt.NDArray[np.int16]) -> Rows:
    return np.flatnonzero(np.isin(codes, [code for code, name in enumerate(media) if name == "text"])).astype(
        np.int32
    )
