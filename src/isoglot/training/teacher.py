"""The teacher of a distillation: where a ready model places the original of every group of texts.

Reimers and Gurevych (2020, arXiv 2004.09813): a model of one language becomes a model of many if a student
places a text and all its translations where the teacher places the original.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.retrieval.contents import Side
from isoglot.training.group_vectors import (
    GroupVectors,
    Room,
    TextReader,
    group_vectors,
    groups_of_split,
    narrow,
)
from isoglot.training.text_vectors import TextVectors

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, eq=False)
class TeacherVectors:
    """What a teacher says of the groups of a corpus, of queries and of documents apart.

    A question and the passage that answers it share a group in some corpora, and differ in meaning.

    Attributes:
        queries: Vectors of the groups of queries.
        documents: Vectors of the groups of documents, as wide.
        description: Teacher, source language and widths, for the record beside a model.
    """

    queries: GroupVectors
    documents: GroupVectors
    description: Mapping[str, Any] = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        """Width of the vectors."""
        return int(self.queries.vectors.shape[1])

    def lookup(
        self, side: Side, groups: Int[Tensor, " texts"]
    ) -> tuple[Float[Tensor, "texts dim"], Bool[Tensor, " texts"]]:
        """Where the teacher places texts of some groups.

        Args:
            side: Whether they are queries or documents.
            groups: (n,) codes of their groups; one that the corpus does not have is unknown.

        Returns:
            (n, D) vectors, zeros where the teacher knows none, and (n,) whether it knows one; on the device
            of the groups.
        """
        part = self.queries if side == "query" else self.documents
        wanted = groups.cpu().numpy()
        at = np.searchsorted(part.groups, wanted)
        known = at < len(part.groups)
        known[known] = part.groups[at[known]] == wanted[known]
        vectors = np.zeros((len(wanted), self.dimension), np.float32)
        vectors[known] = part.vectors[at[known]]
        return torch.from_numpy(vectors).to(groups.device), torch.from_numpy(known).to(groups.device)

    def check_width(self, width: int) -> None:
        """Checks that a student can learn these vectors.

        Args:
            width: Width of the student's embeddings.

        Raises:
            ConfigError: If it is another than the vectors'.
        """
        if width != self.dimension:
            raise ConfigError(
                f"the student's embeddings have width {width}, the teacher's vectors {self.dimension}; build "
                f"the vectors for the student's width, which may be less than the teacher's but not more"
            )

    @staticmethod
    def build(
        teacher: SentenceTransformer,
        corpus: ParallelCorpus,
        split: str = "train",
        *,
        language: str | None = "en",
        width: int | None = None,
        name: str = "",
        cache: bool | str | Path = False,
        folder: Path | None = None,
        progress: bool = False,
    ) -> TeacherVectors:
        """What a teacher says of what a split trains on.

        A group's vector is that of its text in the source language; of several there, the mean, of length 1
        if the teacher compares by cosine. A group without such a text is unknown, and so is a document
        without group. Media other than text are passed over.

        Args:
            teacher: Any sentence-transformers model, with its own prompts for queries and documents.
            corpus: What the student is trained on.
            split: Split that it is trained on: the groups of its queries, of their relevant documents and
                of its hard negatives.
            language: The source language, varieties included. None takes the texts of all languages: of a
                multilingual teacher, the mean keeps what its vectors of a group have in common.
            width: Width of the student's embeddings. Where it is less than the teacher's, the vectors are
                projected on those of their principal axes that keep most of their dot products. None keeps
                the teacher's width.
            name: What the record calls the teacher.
            cache: Whether the teacher's vectors of texts are kept on disk, and used again: True in
                `$ISOGLOT_CACHE` (or `~/.cache/isoglot`), a path there.
            folder: Where the vectors of groups are written, to be memory-mapped; None keeps them in memory.
            progress: Whether to show a progress bar.

        Returns:
            The vectors.

        Raises:
            ConfigError: If no group has a text in the source language, or width is not between 1 and the
                teacher's.
            CorpusError: If there is no such split, or no text in the source language.
            SearchError: If the teacher does not encode texts, or its vectors are malformed.
        """
        texts = TextVectors.of(teacher, cache, progress=progress, role="teacher")
        room = Room(folder)
        reader = TextReader(texts, corpus)
        query_groups, document_groups = groups_of_split(corpus, split)
        queries = group_vectors(reader, "query", query_groups, language, room)
        documents = group_vectors(reader, "document", document_groups, language, room)
        full = max(queries.vectors.shape[1], documents.vectors.shape[1])
        if not full:
            raise ConfigError(
                f"no group of split {split!r} of {corpus.name!r} has a text in {language or 'any language'}; "
                "choose another source language"
            )
        sides = [
            part if len(part.groups) else GroupVectors(part.groups, np.zeros((0, full), np.float32))
            for part in (queries, documents)
        ]
        if width is not None and width != full:
            sides = narrow(sides, width, full, room, unit=texts.unit)
        description = {
            "name": name,
            "fingerprint": texts.adapter.identify(),
            "language": language,
            "width": full,
            "student_width": width or full,
        }
        return TeacherVectors(sides[0], sides[1], description)
