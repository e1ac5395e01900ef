"""What the registry says of a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from isoglot.corpora.labelled import Task as PairTask
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Reader = Callable[..., ParallelCorpus]
Task = Literal["retrieval", "bitext", PairTask]
"""What a data set is measured by: rankings, graded similarity, labels of pairs, or finding translations."""


@dataclass(frozen=True)
class Dataset:
    """A published data set and how to read it.

    Attributes:
        name: What it is called here.
        description: One line on what it holds.
        read: Reads its files: `read(source, info, **options)`.
        licence: Licence of the texts.
        citation: The paper.
        languages: Codes as published; for large sets, how many.
        url: Where its files are.
        task: What it is measured by, as it is read by default.
        symmetric: Whether it is made of parallel texts rather than of questions and answers.
        folders: Other names that its folder goes by.
        hub: Its name on the Hugging Face hub, if it is there in a form that can be read.
        read_hub: Reads it from there: `read_hub(hub, info, **options)`.
    """

    name: str
    description: str
    read: Reader
    licence: str
    citation: str
    languages: str
    url: str
    task: Task = "retrieval"
    symmetric: bool = False
    folders: tuple[str, ...] = ()
    hub: str | None = None
    read_hub: Reader | None = None

    @property
    def info(self) -> CorpusInfo:
        """What a corpus read from it says of itself."""
        return CorpusInfo(
            self.name,
            licence=self.licence,
            citation=self.citation,
            description=self.description,
            symmetric=self.symmetric,
        )
