"""Train, measure and repair one retriever that ranks by meaning, whatever the language of query and document.

Every public name is here, and loads its module when it is first used: `import isoglot` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from isoglot.errors import CheckpointError, ConfigError, CorpusError, IsoglotError, SearchError
from isoglot.records import Document, Judgement, Modality, Query

if TYPE_CHECKING:
    from isoglot.batches import (
        CrossLingual,
        Hybrid,
        Mixed,
        MixEntries,
        MixPassages,
        Monolingual,
        Pooled,
        RoundRobin,
    )
    from isoglot.batches.plain import (
        GroupBatchSampler,
        HybridBatchSampler,
        HybridMultiDatasetBatchSampler,
        PairColumns,
        SchemeBatchSampler,
        language_pairs,
    )
    from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, read_corpus, write_corpus
    from isoglot.encoding import Encodings, encode
    from isoglot.evaluation import (
        Results,
        compare,
        evaluate,
        evaluate_bitext,
        evaluate_pairs,
        evaluate_robustness,
        evaluate_tagging,
        join_results,
        read_results,
    )
    from isoglot.experiments import train
    from isoglot.tagging import Vocabulary, calibrate, read_vocabulary, tag
    from isoglot.training.batch_card import BatchCard
    from isoglot.world import build_text_corpus, build_world_corpus

__version__ = "0.1.0"

__all__ = [
    "BatchCard",
    "CheckpointError",
    "ConfigError",
    "CorpusBuilder",
    "CorpusError",
    "CorpusInfo",
    "CrossLingual",
    "Document",
    "Encodings",
    "GroupBatchSampler",
    "Hybrid",
    "HybridBatchSampler",
    "HybridMultiDatasetBatchSampler",
    "IsoglotError",
    "Judgement",
    "MixEntries",
    "MixPassages",
    "Mixed",
    "Modality",
    "Monolingual",
    "PairColumns",
    "ParallelCorpus",
    "Pooled",
    "Query",
    "Results",
    "RoundRobin",
    "SchemeBatchSampler",
    "SearchError",
    "Vocabulary",
    "build_text_corpus",
    "build_world_corpus",
    "calibrate",
    "compare",
    "encode",
    "evaluate",
    "evaluate_bitext",
    "evaluate_pairs",
    "evaluate_robustness",
    "evaluate_tagging",
    "join_results",
    "language_pairs",
    "read_corpus",
    "read_results",
    "read_vocabulary",
    "tag",
    "train",
    "write_corpus",
]

_HOMES = {
    name: room
    for room, names in {
        "isoglot.batches": (
            "CrossLingual",
            "Hybrid",
            "MixEntries",
            "MixPassages",
            "Mixed",
            "Monolingual",
            "Pooled",
            "RoundRobin",
        ),
        "isoglot.batches.plain": (
            "GroupBatchSampler",
            "HybridBatchSampler",
            "HybridMultiDatasetBatchSampler",
            "PairColumns",
            "SchemeBatchSampler",
            "language_pairs",
        ),
        "isoglot.corpora": ("CorpusBuilder", "CorpusInfo", "ParallelCorpus", "read_corpus", "write_corpus"),
        "isoglot.encoding": ("Encodings", "encode"),
        "isoglot.evaluation": (
            "Results",
            "compare",
            "evaluate",
            "evaluate_bitext",
            "evaluate_pairs",
            "evaluate_robustness",
            "evaluate_tagging",
            "join_results",
            "read_results",
        ),
        "isoglot.experiments": ("train",),
        "isoglot.tagging": ("Vocabulary", "calibrate", "read_vocabulary", "tag"),
        "isoglot.training.batch_card": ("BatchCard",),
        "isoglot.world": ("build_text_corpus", "build_world_corpus"),
    }.items()
    for name in names
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
