"""An encoded batch: the embeddings of all processes, and the scores of the rows that are this one's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, distributed

from isoglot.batches.labels import BatchLabels
from isoglot.objectives import truncate
from isoglot.training.conditional import ConditionedTexts
from isoglot.training.gathering import gather_documents, gather_embeddings, num_processes


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the queries and documents of a whole batch mean to each other.

    Attributes:
        labels: Labels of the N documents.
    """

    labels: BatchLabels

    @cached_property
    def numbers(self) -> Int[Tensor, " queries"]:
        """(Q,) numbers of the queries, as the labels name them, ascending."""
        numbers: Tensor = torch.unique(self.labels.owners)
        return numbers

    @cached_property
    def query_groups(self) -> Int[Tensor, " queries"]:
        """(Q,) groups of the queries."""
        places = torch.searchsorted(self.numbers, self.labels.owners.contiguous())
        return torch.empty_like(self.numbers).index_copy(0, places, self.labels.query_groups)

    @cached_property
    def drawn(self) -> Bool[Tensor, "queries documents"]:
        """(Q, N) where a document was drawn as an answer to the query."""
        return self.labels.drawn(self.numbers)

    @cached_property
    def parallel(self) -> Bool[Tensor, "queries documents"]:
        """(Q, N) where a document means what an answer to the query means, though it was not drawn for it."""
        return self.labels.parallel(self.numbers)


@dataclass(frozen=True, eq=False)
class EncodedBatch:
    """Queries and documents of the whole batch; a process takes the losses of its own rows.

    Every process has equally many rows, so the mean over the processes of a mean over own rows is the mean
    over all: a term may be either that or one value of the whole batch.

    Attributes:
        query_embeddings: (Q, D), L2-normalised, of all processes.
        document_embeddings: (N, D), L2-normalised, of all processes.
        meaning: What they mean to each other.
        scale: Inverse of the softmax temperature.
        process: Number of this process.
        num_processes: How many share the batch.
        media: Medium of the queries, and of the documents.
        views: Embeddings of augmented views of all queries, (Q, D), and of all documents, (N, D); None where
            none were made.
        conditioned: The texts, read beside what they describe; None where they were not.
    """

    query_embeddings: Float[Tensor, "queries dim"]
    document_embeddings: Float[Tensor, "documents dim"]
    meaning: Meaning
    scale: Float[Tensor, ""]
    process: int = 0
    num_processes: int = 1
    media: tuple[str, str] = ("text", "text")
    views: tuple[Float[Tensor, "queries dim"], Float[Tensor, "documents dim"]] | None = None
    conditioned: ConditionedTexts | None = None

    @classmethod
    def gather(
        cls,
        query_embeddings: Float[Tensor, "queries dim"],
        document_embeddings: Float[Tensor, "documents dim"],
        packed: Int[Tensor, "documents 4"],
        scale: Float[Tensor, ""],
        media: tuple[str, str] = ("text", "text"),
    ) -> EncodedBatch:
        """The whole batch, from what each process has encoded of it.

        Args:
            query_embeddings: This process' queries.
            document_embeddings: Their documents.
            packed: Labels of these documents (`BatchLabels.pack`).
            scale: Inverse of the softmax temperature.
            media: Medium of the queries, and of the documents.

        Returns:
            The batch.
        """
        documents, labels = gather_documents(document_embeddings, packed)
        count = num_processes()
        number = distributed.get_rank() if count > 1 else 0
        meaning = Meaning(BatchLabels.unpack(labels))
        return cls(gather_embeddings(query_embeddings), documents, meaning, scale, number, count, media)

    def with_views(
        self, queries: Float[Tensor, "own_queries dim"], documents: Float[Tensor, "own_documents dim"]
    ) -> EncodedBatch:
        """The same batch, with what this process has encoded of its views."""
        return replace(self, views=(gather_embeddings(queries), gather_embeddings(documents)))

    def with_conditioned(self, texts: ConditionedTexts | None) -> EncodedBatch:
        """The same batch, with what this process has read beside what it describes."""
        if texts is None:
            return self
        return replace(self, conditioned=replace(texts, embeddings=gather_embeddings(texts.embeddings)))

    def truncated(self, dimension: int) -> EncodedBatch:
        """The same batch in the first dimensions of its embeddings, L2-normalised again."""
        queries, documents = self.views or (None, None)
        return replace(
            self,
            views=None
            if queries is None or documents is None
            else (truncate(queries, dimension), truncate(documents, dimension)),
            query_embeddings=truncate(self.query_embeddings, dimension),
            document_embeddings=truncate(self.document_embeddings, dimension),
        )

    @property
    def own_queries(self) -> slice:
        """The rows of this process' queries."""
        return self._own(len(self.query_embeddings))

    @property
    def own_documents(self) -> slice:
        """The rows of this process' documents."""
        return self._own(len(self.document_embeddings))

    @cached_property
    def own_scores(self) -> Float[Tensor, "own documents"]:
        """(q, N) scores of all documents for this process' queries."""
        return self.scores(self.query_embeddings[self.own_queries], self.document_embeddings)

    @cached_property
    def all_scores(self) -> Float[Tensor, "queries documents"]:
        """(Q, N) scores of all documents for the queries of all processes."""
        if self.num_processes == 1:
            return self.own_scores
        return self.scores(self.query_embeddings, self.document_embeddings)

    @cached_property
    def scores_of_own(self) -> Float[Tensor, "queries own"]:
        """(Q, n) scores of this process' documents for all queries."""
        if self.num_processes == 1:
            return self.own_scores
        return self.scores(self.query_embeddings, self.document_embeddings[self.own_documents])

    def _own(self, num_rows: int) -> slice:
        share = num_rows // self.num_processes
        return slice(self.process * share, (self.process + 1) * share)

    def scores(
        self, queries: Float[Tensor, "rows dim"], documents: Float[Tensor, "columns dim"]
    ) -> Float[Tensor, "rows columns"]:
        """(R, C) dot products over the softmax temperature, in 32 bits or more.

        Args:
            queries: (R, D) embeddings of any rows.
            documents: (C, D) of any others.

        Returns:
            The scores.
        """
        # Mixed precision ends here: a score of 20 in bfloat16 is off by up to 0.06.
        exact = torch.promote_types(queries.dtype, torch.float32)
        with torch.autocast(queries.device.type, enabled=False):
            return (queries.to(exact) @ documents.to(exact).T) * self.scale
