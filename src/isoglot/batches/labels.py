"""Labels of a batch: which documents answer which queries, and what else means the same."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class BatchLabels:
    """Which documents of a batch were drawn for which queries, and what they mean.

    Attributes:
        owners: (N,) number of the query that each document was drawn for, in the whole batch.
        positive: (N,) whether it answers that query; if not, it was drawn as a hard negative.
        query_groups: (N,) group of that query.
        document_groups: (N,) group of the document.
    """

    owners: Int[Tensor, " documents"]
    positive: Bool[Tensor, " documents"]
    query_groups: Int[Tensor, " documents"]
    document_groups: Int[Tensor, " documents"]

    def pack(self) -> Int[Tensor, "documents 4"]:
        """The labels as the one tensor that sentence-transformers' trainer takes along."""
        return torch.stack([self.owners, self.positive.long(), self.query_groups, self.document_groups], 1)

    @classmethod
    def unpack(cls, packed: Int[Tensor, "documents 4"]) -> BatchLabels:
        """The labels that `pack` made a tensor of."""
        owners, positive, query_groups, document_groups = packed.unbind(dim=1)
        return cls(owners, positive.bool(), query_groups, document_groups)

    @classmethod
    def of_pairs(cls, groups: Int[Tensor, "batch 2"]) -> BatchLabels:
        """Labels of a batch in which query i is answered by document i alone.

        Args:
            groups: (B, 2) group of each query, and of its document.

        Returns:
            The labels of the B documents.
        """
        numbers = torch.arange(len(groups), device=groups.device)
        return cls(numbers, torch.ones_like(numbers, dtype=torch.bool), groups[:, 0], groups[:, 1])

    def drawn(self, queries: Int[Tensor, " queries"]) -> Bool[Tensor, "queries documents"]:
        """Where a document is a positive that was drawn for the query.

        Args:
            queries: (Q,) numbers of queries.

        Returns:
            (Q, N) True in one place or more of each row.
        """
        return (queries[:, None] == self.owners[None, :]) & self.positive[None, :]

    def parallel(self, queries: Int[Tensor, " queries"]) -> Bool[Tensor, "queries documents"]:
        """Where a document was not drawn for the query, and yet must not be its negative.

        It answers a query of the same group, or it has the group of a positive of the query: another
        language's version of a positive is not wrong, it is right. What means the same is known by group,
        never by string.

        Args:
            queries: (Q,) numbers of queries.

        Returns:
            (Q, N) True where the document means what a positive of the query means.
        """
        drawn = self.drawn(queries)
        groups = torch.zeros(len(queries), dtype=self.query_groups.dtype, device=queries.device)
        rows, columns = drawn.nonzero(as_tuple=True)
        groups[rows] = self.query_groups[columns]
        asked_alike = (groups[:, None] == self.query_groups[None, :]) & self.positive[None, :]
        distinct, codes = torch.unique(self.document_groups, return_inverse=True)
        answers = torch.zeros(len(queries), len(distinct), dtype=torch.bool, device=queries.device)
        answers[rows, codes[columns]] = True
        return (asked_alike | answers[:, codes]) & ~drawn
