"""What the cells of a study have in common, made once: corpora, subwords, cut texts and frozen features.

Corpora of text that have to be built or converted, and all that is made of them ahead of training, are kept
in the folder of the study, so that other workers and later runs find them; whoever comes first makes them,
and the others wait. Beside that, a worker keeps what it has read for its next cell.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from isoglot.batches.kept import keeping_tables
from isoglot.config import to_dict
from isoglot.corpora.media_files import drop_bad_media
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.experiments.config import CorpusConfig, EncoderConfig, ExperimentConfig
from isoglot.experiments.corpora import read_configured, without_training_documents
from isoglot.experiments.encoders import BuildEncoder, Vocabulary, build_encoder, train_vocabulary
from isoglot.experiments.parts import of_media
from isoglot.files import locked, whole_file
from isoglot.studies.config import EvaluatedConfig
from isoglot.studies.content import short_hash

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CORPORA, _SUBWORDS, _TABLES = "corpora", "subwords", "tables"
_MANIFEST = "corpus.json"
_SOURCE = ("folder", "dataset", "source", "options", "languages")
"""Keys of a corpus that say what is read; the others, what is done with it."""
_WORLD = "world"
_NO_INPUT = frozenset({"dimension", "layers", "heads", "weighting", "head"})
"""Keys of an encoder that what it reads does not depend on."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Shared:
    """What a process has read and made for the cells of a study.

    Attributes:
        folder: Where things are kept for other processes, and for later.
        kept: What this process has, by name.
    """

    folder: Path
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    def read(self, config: CorpusConfig, *, skip_bad: bool = False) -> ParallelCorpus:
        """A corpus, as `isoglot.experiments.corpora.read_configured` reads it.

        The built-in world is built in the folder.

        Args:
            config: Where it comes from.
            skip_bad: Whether media files may be missing or changed.

        Returns:
            The corpus.
        """
        key = short_hash([_source_of(config), skip_bad])
        return self._once(f"corpus {key}", lambda: self._read(config, skip_bad=skip_bad))

    def read_evaluated(self, config: EvaluatedConfig, *, skip_bad: bool = False) -> ParallelCorpus:
        """A corpus to measure on: the part of it that is asked for, under the name that results give it.

        Args:
            config: Where it comes from, and which part.
            skip_bad: Whether media files may be missing or changed.

        Returns:
            The corpus.
        """
        key = short_hash([to_dict(config), skip_bad])
        return self._once(f"evaluated {key}", lambda: self._read_evaluated(config, skip_bad=skip_bad))

    def keeping_tables(self, config: ExperimentConfig) -> AbstractContextManager[None]:
        """A context in which trainings take texts that other cells have cut, and what frozen modules said.

        Args:
            config: The experiment that is trained.

        Returns:
            The context.
        """
        read = {key: value for key, value in to_dict(config.encoder).items() if key not in _NO_INPUT}
        if config.encoder.image is not None and config.encoder.image.path is None:
            read["image"] = {"side": config.encoder.image.side}  # all that a new tower is told of pictures
        of_seed = config.training.seed if "{seed}" in json.dumps(read) else None
        context = short_hash([_sources_of(config), read, of_seed])
        return keeping_tables(self.folder / _TABLES, context)

    def building(self, config: ExperimentConfig) -> BuildEncoder:
        """What builds the encoder of an experiment, with subwords that other cells may have trained.

        Args:
            config: The experiment.

        Returns:
            As `isoglot.experiments.encoders.build_encoder`.
        """
        return partial(build_encoder, vocabulary=partial(self._vocabulary, _sources_of(config)))

    def _once(self, name: str, make: Callable[[], Made]) -> Made:
        if name not in self.kept:
            self.kept[name] = make()
        made: Made = self.kept[name]
        return made

    def _read(self, config: CorpusConfig, *, skip_bad: bool) -> ParallelCorpus:
        from isoglot.corpora import read_corpus, write_corpus

        if config.dataset is None:
            return read_configured(config, skip_bad=skip_bad)
        target = self.folder / _CORPORA / short_hash(_source_of(config))
        with locked(target.with_suffix(".lock")):
            if not (target / _MANIFEST).is_file() and config.dataset == _WORLD:
                _build_world(config, target)
            elif not (target / _MANIFEST).is_file():
                corpus = read_configured(config, skip_bad=skip_bad)
                if corpus.modalities != ("text",):  # their files stay where they are
                    return corpus
                write_corpus(corpus, target)
        return read_corpus(target)

    def _read_evaluated(self, config: EvaluatedConfig, *, skip_bad: bool) -> ParallelCorpus:
        whole = CorpusConfig(
            folder=config.folder,
            dataset=config.dataset,
            source=config.source,
            options=config.options,
            languages=config.languages,
            query_modality=config.query_modality,
            document_modality=config.document_modality,
        )
        corpus = of_media(self.read(whole, skip_bad=skip_bad), whole)
        if skip_bad:
            corpus, _ = drop_bad_media(corpus)
        if config.unseen_documents:
            corpus = without_training_documents(corpus)
        return replace(corpus, info=replace(corpus.info, name=config.name)) if config.name else corpus

    def _vocabulary(
        self, sources: Sequence[Mapping[str, Any]], config: EncoderConfig, corpora: Iterable[ParallelCorpus]
    ) -> Vocabulary:
        values = to_dict(config)
        weighting = values["weighting"] if config.kind == "static" else "none"
        named = {key: values[key] for key in ("vocabulary_size", "subwords", "vocabulary_corpora")}
        key = short_hash([sources, named, weighting])
        return self._once(f"subwords {key}", lambda: self._trained(key, config, corpora))

    def _trained(self, key: str, config: EncoderConfig, corpora: Iterable[ParallelCorpus]) -> Vocabulary:
        tokens = self.folder / _SUBWORDS / f"{key}.json"
        weights = tokens.with_suffix(".npy")
        with locked(tokens.with_suffix(".lock")):
            if not tokens.is_file():
                trained = train_vocabulary(config, corpora)
                if trained.weights is not None:
                    with whole_file(weights) as file:
                        np.save(file, trained.weights, allow_pickle=False)
                with whole_file(tokens) as file:  # last: its presence says that both are there
                    file.write(trained.tokenizer.to_str().encode())
        return Vocabulary(
            _read_tokenizer(tokens), np.load(weights, allow_pickle=False) if weights.is_file() else None
        )


def _build_world(config: CorpusConfig, target: Path) -> None:
    """Builds the world with its pictures, videos and sounds, which are files."""
    from isoglot.world import build_world_corpus
    from isoglot.world.building.options import check_names

    check_names(config.options)
    build_world_corpus(target, languages=config.languages or None, **config.options)


def _read_tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))


def _sources_of(config: ExperimentConfig) -> list[dict[str, Any]]:
    """The corpora of an experiment, in so far as its texts are theirs."""
    return [
        to_dict(replace(each, weight=None, batch_size=None, scheme=None, share=1.0))
        for each in config.corpora
    ]


def _source_of(config: CorpusConfig) -> dict[str, Any]:
    values = to_dict(config)
    return {key: values[key] for key in _SOURCE}
