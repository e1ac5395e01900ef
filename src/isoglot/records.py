"""The records that stages hand to each other: plain, frozen, and free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Modality = Literal["text", "image", "audio", "video"]
"""The medium of a query or a document."""

MODALITIES: tuple[Modality, ...] = get_args(Modality)


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody asks, in one language.

    Attributes:
        query_id: Unique among the queries of a corpus.
        group_id: Shared by the queries that mean the same in several languages.
        language: BCP 47 tag.
        text: The query; for a query in another medium, None.
        modality: The medium.
        path: For a medium other than text, the file below the corpus' `media/`.
    """

    query_id: str
    group_id: str
    language: str
    text: str | None
    modality: Modality = "text"
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What a search may return, in any medium.

    Attributes:
        doc_id: Unique among the documents of a corpus.
        group_id: Shared by the documents that mean the same; None for a distractor.
        language: BCP 47 tag; None for a document without language, such as a photograph.
        text: The text; None for a document in another medium.
        modality: The medium.
        path: For a medium other than text, the file below the corpus' `media/`.
        title: Heading, if there is one.
    """

    doc_id: str
    group_id: str | None
    language: str | None
    text: str | None
    modality: Modality = "text"
    path: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """One line of qrels: how well a document answers a query.

    Attributes:
        query_id: The query.
        doc_id: The document.
        grade: Relevance; 0 is judged and not relevant, 1 and up are relevant.
    """

    query_id: str
    doc_id: str
    grade: int = 1
