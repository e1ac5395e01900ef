"""What a training is drawn from, and what makes one training this one and no other."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from isoglot.batches import RoundRobin, Scheme, training_pairs
from isoglot.batches.sampler import BatchPart, PairBatchSampler
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CheckpointError
from isoglot.training.artefact import data_checksums, is_untouched, read_record, write_record
from isoglot.training.processes import Processes
from isoglot.training.settings import ObjectiveSettings, TrainingSettings

_TERMS_OF_TRANSLATIONS = (
    "consistency_weight",
    "query_consistency_weight",
    "alignment_weight",
    "translation_weight",
    "conditional_weight",
)
CHECKPOINTS = "checkpoints"
"""Folder of the checkpoints, in that of the model."""


@dataclass(frozen=True, eq=False)
class TrainingPart:
    """One of the corpora that a training draws its batches from.

    Attributes:
        corpus: Queries and documents.
        scheme: How the languages of a batch are drawn.
        split: Split of the corpus.
        batch_size: Pairs a batch, over all processes; 0 takes that of the settings.
        weight: Its share of the batches, in proportion to the weights of all parts.
        num_negatives: Hard negatives of each query.
        name: What it is called where batches are counted; "" for the name of its corpus.
    """

    corpus: ParallelCorpus
    scheme: Scheme
    split: str = "train"
    batch_size: int = 0
    weight: float = 1.0
    num_negatives: int = 0
    name: str = ""

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What tells it from any other part, in plain values."""
        assert not isinstance(self.scheme, type)
        return {
            "scheme": {"name": type(self.scheme).__name__, **asdict(self.scheme)},  # type: ignore[call-overload]
            "corpus": self.corpus.name,
            "split": self.split,
            "num_negatives": self.num_negatives,
            "num_queries": self.corpus.queries.num_rows,
            "num_documents": self.corpus.documents.num_rows,
            "checksums": data_checksums(self.corpus, self.split),
        }


def build_sampler(
    parts: Sequence[TrainingPart], settings: TrainingSettings, processes: Processes
) -> PairBatchSampler:
    """What draws the batches of a training, and this process' shares of them.

    Args:
        parts: What is drawn from.
        settings: Number and size of the batches, and seed.
        processes: This process among those that train together.

    Returns:
        The sampler.

    Raises:
        ConfigError: If scheme and corpus of a part do not fit, or sizes are out of range.
    """
    return PairBatchSampler.of_parts(
        [
            BatchPart(
                training_pairs(part.corpus, part.split),
                part.scheme,
                part.batch_size or settings.batch_size,
                part.weight,
                part.num_negatives,
                part.name,
            )
            for part in parts
        ],
        settings.steps,
        seed=settings.seed,
        process=processes.number,
        num_processes=processes.count,
    )


def warn_of_idle_terms(parts: Sequence[TrainingPart], objective: ObjectiveSettings) -> None:
    """Warns if terms compare translations, and no scheme brings translations together in a batch.

    Args:
        parts: What is drawn from.
        objective: Towards what is trained.
    """
    idle = [name for name in _TERMS_OF_TRANSLATIONS if getattr(objective, name) > 0]
    together = any(
        isinstance(part.scheme, RoundRobin) or getattr(part.scheme, "num_answers", 1) > 1 for part in parts
    )
    if idle and not together:
        warnings.warn(
            f"{', '.join(idle)}: these terms compare translations that meet in a batch; here they meet by "
            "chance alone; draw a part by pooled (num_answers >= 2) or round_robin",
            stacklevel=3,
        )


def identity(
    parts: Sequence[TrainingPart], settings: TrainingSettings, record: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What makes one training this one and no other.

    Args:
        parts: What is drawn from.
        settings: Steps, rates, batch size.
        record: Further facts.

    Returns:
        Plain values; the facts of a single part among the others, those of several under `parts`.
    """
    of_parts: dict[str, Any] = parts[0].identity
    if len(parts) > 1:
        shares = [{"batch_size": part.batch_size, "weight": part.weight, "name": part.name} for part in parts]
        of_parts = {"parts": [part.identity | share for part, share in zip(parts, shares, strict=True)]}
    facts = {"seed": settings.seed, "settings": asdict(settings), **of_parts}
    if settings.augmentation.active:
        facts["augmentation_checksums"] = settings.augmentation.checksums()
    return {**facts, "config": dict(record)} if record else facts


def is_finished(folder: Path, wanted: Mapping[str, Any]) -> bool:
    """Whether a folder holds this very training, at its end.

    Args:
        folder: Model directory.
        wanted: Identity of the training, as far as it is known before the encoder is there.

    Returns:
        False too where there is nothing, or another training.

    Raises:
        CheckpointError: If the record there cannot be read.
    """
    existing = read_record(folder) or {}
    plain = json.loads(json.dumps(wanted))
    return bool(existing.get("finished")) and all(existing.get(key) == plain[key] for key in plain)


def claim(folder: Path, wanted: Mapping[str, Any]) -> bool:
    """Makes a folder that of a training, which no other can then use.

    Args:
        folder: Model directory.
        wanted: Identity of the training.

    Returns:
        Whether it is finished already.

    Raises:
        CheckpointError: If the folder holds another training, or something that is not one.
    """
    existing = read_record(folder)
    plain = json.loads(json.dumps(wanted))
    if existing is None:
        if not is_untouched(folder):
            raise CheckpointError(f"{folder} is not empty and holds no training; choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        write_record(folder, {**plain, "finished": False})
        return False
    differing = [key for key in plain if existing.get(key) != plain[key]]
    if differing:
        raise CheckpointError(
            f"{folder} holds a training with another {', '.join(differing)}; "
            "choose another folder, or delete this one to train again"
        )
    finished = bool(existing.get("finished"))
    if finished:
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    return finished
