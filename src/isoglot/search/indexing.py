"""Indexing: documents into a store, batch by batch, each of them there whole or not at all.

A document that is there already, with the same content, is passed over; so an interrupted run is taken up
where it was, and a second run over changed documents encodes only what changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.errors import SearchError
from isoglot.media.features import content_of, holds_features
from isoglot.search.documents import FieldKind, StoredDocument, digest_of
from isoglot.search.interface import Store
from isoglot.search.model import SearchModel, load_search_model
from isoglot.search.reading import DocumentsToIndex, find_documents, in_batches
from isoglot.search.searcher import check_model, with_languages
from isoglot.search.stores import create_store, open_store, store_exists

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.retrieval.encode import Vectors

BATCH_SIZE = 1_024
"""Documents of one commit: as many are encoded again after a crash, at most."""


@dataclass(frozen=True)
class IndexReport:
    """What indexing did.

    Attributes:
        store: Where the documents are.
        model: What encoded them.
        num_documents: Documents that were given.
        num_added: Those that were not there.
        num_replaced: Those that were there with other content.
        num_unchanged: Those that were there as they are.
        num_passed: Files of folders that are of no medium that the model encodes.
        num_stored: Documents in the store now.
        index_version: Its version now.
    """

    store: str
    model: str
    num_documents: int
    num_added: int
    num_replaced: int
    num_unchanged: int
    num_passed: int
    num_stored: int
    index_version: int


def index(
    model: Any,
    given: Sequence[str | Path | ParallelCorpus],
    store: str | Path,
    *,
    fields: Mapping[str, FieldKind | None] | None = None,
    language: str | None = None,
    source: str | None = None,
    batch_size: int = BATCH_SIZE,
    progress: bool = False,
) -> IndexReport:
    """Indexes documents, into a new store or one that is there.

    Args:
        model: A model as `load_search_model` takes it, or one that it gave.
        given: Corpora, tables, files and folders, as `isoglot.search.reading.find_documents` takes them.
        store: Where, as `open_store` takes it.
        fields: Columns that become fields -> their kind, or None to tell it from the values.
        language: Language of texts that name none; None guesses it.
        source: What their source is called; None by where each comes from.
        batch_size: Documents of one commit, > 0.
        progress: Whether to show a progress bar.

    Returns:
        What was done.

    Raises:
        CorpusError: If documents cannot be read; all problems at once, before anything is changed.
        CheckpointError: If the model cannot be loaded.
        SearchError: If the store is damaged, holds another model's vectors, or has a field of another kind.
        MediaError: If files cannot be read, all of a batch at once; the batches before it are in the store.
    """
    if batch_size < 1:
        raise SearchError(f"batch_size must be > 0, got {batch_size}")
    taken = model if isinstance(model, SearchModel) else load_search_model(model)
    opened = _open(store, taken)
    try:
        declared = {} if opened is None else opened.info.fields
        wanted = {name: kind or declared.get(name) for name, kind in (fields or {}).items()}
        documents = find_documents(given, taken.modalities, fields=wanted, language=language, source=source)
        if opened is not None:
            opened.declare(documents.fields)
        work = _Indexing(taken, str(store), documents)
        with _bar(documents.num_documents, shown=progress) as advance:
            for batch in in_batches(documents, batch_size):
                opened = work.add(opened, batch)
                advance(len(batch))
        assert opened is not None
        opened.optimise()
        return work.report(opened)
    finally:
        if opened is not None:
            opened.close()


def _open(uri: str | Path, model: SearchModel) -> Store | None:
    """The store, if there is one."""
    if not store_exists(uri):
        return None
    store = open_store(uri)
    check_model(model, store.info)
    return store


class _Indexing:
    """Indexing under way."""

    def __init__(self, model: SearchModel, uri: str, documents: DocumentsToIndex) -> None:
        self.model = model
        self.uri = uri
        self.documents = documents
        self.num_added = 0
        self.num_replaced = 0

    def add(self, store: Store | None, batch: Sequence[StoredDocument]) -> Store:
        """Adds what is new or changed in a batch, in one commit; the first makes the store."""
        given = [replace(each, digest=_digest(each)) for each in batch]
        there = {} if store is None else store.digests([each.doc_id for each in given])
        changed = [each for each in given if there.get(each.doc_id) != each.digest]
        if changed:
            changed = with_languages(changed)
            vectors = self.model.embed_documents(changed)
            store = self._create(vectors) if store is None else store
            store.add(changed, vectors)
        num_replaced = sum(each.doc_id in there for each in changed)
        self.num_replaced += num_replaced
        self.num_added += len(changed) - num_replaced
        assert store is not None
        return store

    def _create(self, vectors: Vectors) -> Store:
        return create_store(
            self.uri,
            model=self.model.name,
            fingerprint=self.model.fingerprint,
            dimension=vectors.shape[1],
            similarity=self.model.similarity,
            fields=self.documents.fields,
        )

    def report(self, store: Store) -> IndexReport:
        """What was done."""
        num_documents = self.documents.num_documents
        return IndexReport(
            self.uri,
            self.model.name,
            num_documents,
            self.num_added,
            self.num_replaced,
            num_documents - self.num_added - self.num_replaced,
            self.documents.num_passed,
            store.count(),
            store.info.version,
        )


def _digest(document: StoredDocument) -> str:
    if document.modality == "text":
        return digest_of(document)
    if holds_features(document.content):
        return digest_of(document, content_of(document.content))
    with Path(document.content).open("rb") as file:  # a video may not fit into memory
        return digest_of(document, hashlib.file_digest(file, "blake2b").digest())


@contextmanager
def _bar(total: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar with the time left; gives what moves it on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as bar:
        task = bar.add_task("Documents", total=total)
        yield lambda number: bar.advance(task, number)
