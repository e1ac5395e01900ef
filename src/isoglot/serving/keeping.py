"""Routes of documents and of the index: what is there, adding, deleting."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request

from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError, MediaError
from isoglot.files import whole_file
from isoglot.media.checking import find_bad_media
from isoglot.search.documents import BUILT_IN, MAX_ID_BYTES, StoredDocument, check_documents
from isoglot.search.searcher import Searcher, with_languages
from isoglot.serving.asked import AddRequest, GivenDocument, Refused, Which
from isoglot.serving.outcomes import blaming_client
from isoglot.serving.searching import ERRORS, Record
from isoglot.serving.service import Service, about, document_record
from isoglot.serving.uploads import Upload, body_of, is_form, read_form, read_json

Ids = Annotated[list[str], Query(alias="id", min_length=1, max_length=1_000)]
_MOST_VALUES = 200
"""Languages and sources that are listed; those of most documents."""


def keeping(service: Service) -> APIRouter:
    """The routes.

    Args:
        service: What they share.

    Returns:
        The routes.
    """
    router = APIRouter(responses=ERRORS)
    engine = service.engine("first")

    @router.get("/index", summary="Index")
    async def index(which: Annotated[Which, Query(alias="engine")] = "first") -> Record:
        """How many documents there are, of which languages, media and sources, and what can be filtered."""
        chosen = service.engine(which)
        async with chosen.lease() as searcher:
            found = await chosen.in_store_thread(_index, searcher)
        found["engines"] = list(service.engines)
        found["feedback"] = service.feedback is not None
        return found

    @router.get("/documents", summary="Documents by id")
    async def get(ids: Ids) -> Record:
        """Documents by id; what is not there is left out."""
        _check_ids(ids)
        async with engine.lease() as searcher:
            found = await engine.in_store_thread(searcher.store.get, ids)
            said = await engine.in_store_thread(about, searcher)
        return {**said, "documents": [document_record(found[each]) for each in ids if each in found]}

    @router.post("/documents", summary="Add", openapi_extra=body_of(AddRequest, GivenDocument))
    async def add(request: Request) -> Record:
        """Add documents, or replace those of the same id: all of them, or none."""
        _check_writing(service)
        if is_form(request):
            async with read_form(request, GivenDocument) as (given, upload):
                documents = [await _with_file(service, given, upload)]
        else:
            asked = await read_json(request, AddRequest)
            documents = [_document(each) for each in asked.documents]
        async with engine.lease() as searcher:
            return await _add(service, searcher, documents)

    @router.delete("/documents", summary="Delete")
    async def delete(ids: Ids) -> Record:
        """Delete documents; what is not there is passed over."""
        _check_writing(service)
        _check_ids(ids)
        async with engine.lease() as searcher:
            number = await engine.in_store_thread(searcher.store.delete, ids)
            said = await engine.in_store_thread(about, searcher)
        return {**said, "num_deleted": number}

    return router


def _index(searcher: Searcher) -> dict[str, Any]:
    store = searcher.store
    tallies = {name: dict(list(store.tally(name).items())[:_MOST_VALUES]) for name in BUILT_IN}
    info = store.info
    return {
        **about(searcher, info.version),
        "num_documents": store.count(),
        "modalities": list(searcher.model.modalities),
        "fields": dict(info.fields),
        "tally": tallies,
    }


def _check_writing(service: Service) -> None:
    if not service.settings.may_write:
        raise Refused(403, "everybody may search here, and nobody may change documents without a key")


def _check_ids(ids: Sequence[str]) -> None:
    if any(not each.strip() or "\0" in each or len(each.encode()) > MAX_ID_BYTES for each in ids):
        raise Refused(422, f"id: must be 1 to {MAX_ID_BYTES} bytes without NUL")


def _document(given: GivenDocument) -> StoredDocument:
    if given.text is None:
        raise Refused(422, f"document {given.doc_id!r}: must have a text, or come with a file in a form")
    return StoredDocument(
        given.doc_id, "text", _language(given), given.text, None, given.title, given.source, given.fields
    )


def _language(given: GivenDocument) -> str | None:
    try:
        return None if given.language is None else normalize_language(given.language)
    except CorpusError as error:
        raise Refused(422, f"document {given.doc_id!r}: {error}") from None


async def _with_file(service: Service, given: GivenDocument, upload: Upload) -> StoredDocument:
    """A picture or sound, its file kept under a name that its content gives."""
    folder = service.settings.uploads
    if folder is None:
        raise Refused(403, "files are not kept here; start the server with --uploads DIR")
    bad = await asyncio.to_thread(find_bad_media, [(str(upload.path), upload.medium)])
    if bad:
        raise Refused(422, f"file: cannot be read as {upload.medium}; send another")
    path = (folder / hashlib.blake2b(upload.content, digest_size=16).hexdigest()).resolve()
    await asyncio.to_thread(_keep, path, upload.content)
    return StoredDocument(
        given.doc_id,
        upload.medium,
        _language(given),
        given.text,
        str(path),
        given.title,
        given.source,
        given.fields,
    )


def _keep(path: Path, content: bytes) -> None:
    if not path.exists():
        with whole_file(path) as file:
            file.write(content)


async def _add(service: Service, searcher: Searcher, documents: list[StoredDocument]) -> Record:
    engine = service.engine("first")
    store = searcher.store
    fields = (await engine.in_store_thread(lambda: store.info)).fields
    with blaming_client():
        check_documents(documents, fields)
    for medium in {each.modality for each in documents}:
        if medium not in searcher.model.modalities:
            raise Refused(422, f"the model takes {', '.join(searcher.model.modalities)}, and no {medium}")
    named = await engine.in_store_thread(with_languages, documents)
    try:
        vectors = await engine.in_model_thread(searcher.model.embed_documents, named)
    except MediaError as error:
        raise Refused(422, "file: cannot be read; send another") from error
    await engine.in_store_thread(store.add, named, vectors)
    return {**await engine.in_store_thread(about, searcher), "num_added": len(named)}
