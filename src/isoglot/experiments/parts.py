"""The parts that an experiment draws its batches from: corpora joined into one, and those with a weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from isoglot.corpora.judgements import Rows
from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.experiments.config import CorpusConfig, ExperimentConfig, SchemeConfig
from isoglot.experiments.corpora import training_corpus
from isoglot.records import Modality
from isoglot.training.parts import TrainingPart


def training_parts(config: ExperimentConfig, corpora: Sequence[ParallelCorpus]) -> list[TrainingPart]:
    """What an experiment draws its batches from.

    Args:
        config: The experiment.
        corpora: Its corpora, in the order of the configuration.

    Returns:
        The corpora without a weight as one part, if there are any, then each corpus with one; all on the
        split `train`.

    Raises:
        CorpusError: If a split does not exist, or two corpora that are joined have one name.
        ConfigError: If a corpus mixes splits by groups with explicit ones, or has nothing of a medium.
    """
    chosen = [
        of_media(_with_negatives(corpus, each), each)
        for each, corpus in zip(config.corpora, corpora, strict=True)
    ]
    together = [place for place, each in enumerate(config.corpora) if each.weight is None]
    parts = []
    if together:
        joined = training_corpus(
            [config.corpora[place] for place in together], [chosen[place] for place in together]
        )
        parts.append(_part(joined, config.scheme))
    for each, corpus in zip(config.corpora, chosen, strict=True):
        if each.weight is not None:
            alone = _part(training_corpus([each], [corpus]), each.scheme or config.scheme)
            parts.append(
                replace(alone, batch_size=each.batch_size or 0, weight=each.weight, name=_name(corpus, each))
            )
    return parts


def _part(corpus: ParallelCorpus, scheme: SchemeConfig) -> TrainingPart:
    return TrainingPart(corpus, scheme.build(), num_negatives=scheme.num_negatives)


def _name(corpus: ParallelCorpus, config: CorpusConfig) -> str:
    """The corpus' name, with the media where they were chosen: one corpus may be several parts."""
    if config.query_modality is None and config.document_modality is None:
        return corpus.name
    return f"{corpus.name} {config.query_modality or 'any'}_to_{config.document_modality or 'any'}"


def _with_negatives(corpus: ParallelCorpus, config: CorpusConfig) -> ParallelCorpus:
    """The corpus with the hard negatives of its configured splits as those of `train`."""
    have = [corpus.negatives[split] for split in config.splits if split in corpus.negatives]
    if not have or config.side == "queries":
        return replace(corpus, negatives={})
    if len(have) == 1:
        return replace(corpus, negatives={"train": have[0]})
    union = HardNegatives.from_pairs(
        corpus.queries.num_rows,
        np.concatenate([part.pair_query_rows for part in have]),
        np.concatenate([part.document_rows for part in have]),
        np.concatenate([part.scores for part in have]),
    )
    return replace(corpus, negatives={"train": union})


def of_media(corpus: ParallelCorpus, config: CorpusConfig) -> ParallelCorpus:
    """The corpus with the rows of the configured media alone.

    Args:
        corpus: The corpus.
        config: Its media.

    Returns:
        The corpus, or a part of it.

    Raises:
        ConfigError: If it has no rows of a medium.
    """
    if config.query_modality is None and config.document_modality is None:
        return corpus
    return corpus.take(
        _rows_of(corpus, "query", config.query_modality),
        _rows_of(corpus, "document", config.document_modality),
    )


def _rows_of(corpus: ParallelCorpus, side: str, medium: Modality | None) -> Rows:
    names, codes = corpus.query_modalities if side == "query" else corpus.document_modalities
    if medium is None:
        return np.arange(len(codes), dtype=np.int32)
    if medium not in names:
        raise ConfigError(
            f"{side}_modality: corpus {corpus.name!r} has no {side} of medium {medium!r}; it has "
            f"{', '.join(sorted(names))}"
        )
    return np.flatnonzero(codes == names.index(medium)).astype(np.int32)
