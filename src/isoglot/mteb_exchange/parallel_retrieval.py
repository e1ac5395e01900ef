"""The task class itself; this module imports mteb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mteb import TaskMetadata
from mteb.abstasks import AbsTaskRetrieval
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData

from isoglot.evaluation.bias import random_rank_distance, rank_spread
from isoglot.evaluation.measures import NOT_RETRIEVED, RelevantRanks
from isoglot.evaluation.trec import Run, relevant_ranks
from isoglot.mteb_exchange.subsets import Direction, Subset, relevant_documents, table_of

_CUTOFFS = (1, 3, 5, 10, 20, 100, 1_000)


class ParallelRetrieval(AbsTaskRetrieval):
    """A corpus in one setting. It inherits because MTEB knows its tasks by their class.

    MTEB looks for the metadata on the class, so each task is of a class of its own, made by
    `build_parallel_retrieval`.
    """

    def __init__(
        self, direction: Direction, subsets: Sequence[Subset], split: str, depth: int, *, pooled: bool
    ) -> None:
        """Makes the task; nothing is read yet.

        Args:
            direction: Queries and documents.
            subsets: The parts that are searched apart.
            split: Name of the judged queries.
            depth: Documents of each query that are ranked.
            pooled: Whether the collection holds several languages.
        """
        self.k_values = (*(cutoff for cutoff in _CUTOFFS if cutoff < depth), depth)
        super().__init__()
        self._direction = direction
        self._subsets = {subset.name: subset for subset in subsets}
        self._split = split
        self._pooled = pooled

    def load_data(self, num_proc: int | None = None, **kwargs: Any) -> None:
        """Puts the corpus in MTEB's form; subsets with the same collection share one table.

        Args:
            num_proc: Not used.
            **kwargs: Not used.
        """
        if self.data_loaded:
            return
        collections: dict[bytes, Any] = {}
        self.dataset = {}
        for name in self.hf_subsets:
            subset = self._subsets[name]
            key = subset.document_rows.tobytes()
            if key not in collections:
                collections[key] = table_of(self._direction, "document", subset.document_rows)
            self.dataset[name] = {
                self._split: RetrievalSplitData(
                    corpus=collections[key],
                    queries=table_of(self._direction, "query", subset.query_rows),
                    relevant_docs=relevant_documents(self._direction, subset),
                    top_ranked=None,
                )
            }
        self.data_loaded = True

    def task_specific_scores(
        self,
        scores: dict[str, dict[str, float]],
        qrels: Mapping[str, Mapping[str, int]],
        results: dict[str, dict[str, float]],
        hf_split: str,
        hf_subset: str,
    ) -> dict[str, float]:
        """Language bias of a pooled collection.

        Args:
            scores: Not used.
            qrels: Relevant documents.
            results: The ranking.
            hf_split: Not used.
            hf_subset: The subset.

        Returns:
            Means over the queries with two relevant documents or more; nothing if there is none.
        """
        ranked = relevant_ranks(qrels, Run.from_scores(results), list(qrels))
        if not self._pooled or not (ranked.num_relevant >= 2).any():
            return {}
        num_documents = len(self._subsets[hf_subset].document_rows)
        depth = min(len(found) for found in results.values())
        complete = depth >= num_documents
        spread = rank_spread(_as_if_next(ranked, max(self.k_values)))
        by_chance = random_rank_distance(num_documents, ranked.num_relevant[spread.queries])
        ending = "" if complete else f"_at_{max(self.k_values)}"
        return {
            f"rank_distance{ending}": float(spread.rank_distance.mean()),
            f"worst_rank{ending}": float(spread.worst_rank.mean()),
            "random_rank_distance": float(by_chance.mean()),
        }


def _as_if_next(ranked: RelevantRanks, depth: int) -> RelevantRanks:
    """The ranks, with what was not retrieved standing right below the last that was."""
    ranks = np.where(ranked.ranks == NOT_RETRIEVED, depth + 1, ranked.ranks)
    return RelevantRanks(ranked.indptr, ranks, ranked.grades)


def build_parallel_retrieval(
    fields: Mapping[str, Any],
    direction: Direction,
    subsets: Sequence[Subset],
    split: str,
    depth: int,
    *,
    pooled: bool,
) -> AbsTaskRetrieval:
    """A task of a class of its own.

    Args:
        fields: Fields of the metadata.
        direction: Queries and documents.
        subsets: The parts that are searched apart.
        split: Name of the judged queries.
        depth: Documents of each query that are ranked.
        pooled: Whether the collection holds several languages.

    Returns:
        The task.
    """
    metadata = TaskMetadata(**fields)
    metadata._validate_metadata()
    kind = type(metadata.name, (ParallelRetrieval,), {"metadata": metadata})
    task: AbsTaskRetrieval = kind(direction, subsets, split, depth, pooled=pooled)
    return task
