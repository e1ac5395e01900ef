"""Routes that answer: search, tags, pictures, thumbs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from isoglot.corpora.languages import normalize_language
from isoglot.errors import IsoglotError, MediaError, SearchError
from isoglot.search.detecting import guess_language
from isoglot.search.documents import MAX_ID_BYTES
from isoglot.search.model import Content
from isoglot.search.searcher import Searcher, SearchSettings
from isoglot.serving.asked import (
    Judgement,
    Refused,
    SearchOptions,
    SearchRequest,
    TagOptions,
    TagRequest,
    Which,
)
from isoglot.serving.engine import Engine
from isoglot.serving.feedback import query_id_of
from isoglot.serving.naming import vocabulary_in
from isoglot.serving.outcomes import blaming_client, log
from isoglot.serving.service import Service, about, answer_record
from isoglot.serving.thumbnails import TYPE, thumbnail_of
from isoglot.serving.uploads import body_of, is_form, read_form, read_json

Record = dict[str, Any]
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"description": what}
    for status, what in {
        400: "The body is no JSON, or no form.",
        401: "A key is missing or wrong.",
        403: "Not allowed here.",
        404: "There is none.",
        413: "Too large.",
        415: "Of another content type.",
        422: "Something in it cannot be; all problems at once.",
        429: "Too many requests.",
        503: "Not now.",
    }.items()
}


def searching(service: Service) -> APIRouter:
    """The routes.

    Args:
        service: What they share.

    Returns:
        The routes.
    """
    router = APIRouter(responses=ERRORS)

    @router.post("/search", summary="Search", openapi_extra=body_of(SearchRequest, SearchOptions))
    async def search(request: Request) -> Record:
        """Search with words, or with a picture or a sound in a form, in all languages and media."""
        if is_form(request):
            async with read_form(request, SearchOptions) as (options, upload):
                return await _search(service, await upload.as_query(), options)
        asked = await read_json(request, SearchRequest)
        return await _search(service, asked.query, asked)

    @router.post("/tag", summary="Tag", openapi_extra=body_of(TagRequest, TagOptions))
    async def tag(request: Request) -> Record:
        """Give texts, or a picture or a sound in a form, tags out of the server's or the request's own."""
        if is_form(request):
            async with read_form(request, TagOptions) as (options, upload):
                return await _tag(service, [await upload.as_query()], options)
        asked = await read_json(request, TagRequest)
        return await _tag(service, asked.items, asked)

    @router.get("/media/{doc_id:path}", summary="Picture", response_class=Response)
    async def media(doc_id: str, engine: Which = "first") -> Response:
        """A small JPEG of a picture or video that is in the store, by the id of its document."""
        async with service.engine(engine).lease() as searcher:
            found = await service.engine(engine).in_store_thread(_picture, searcher, doc_id)
        return Response(found, media_type=TYPE, headers={"cache-control": "private, max-age=3600"})

    @router.post("/feedback", summary="Thumb", openapi_extra=body_of(Judgement))
    async def feedback(request: Request) -> Record:
        """Keep whether a document is a good result of a query, for later evaluation."""
        return await _judge(service, await read_json(request, Judgement))

    return router


async def _search(service: Service, query: Content, options: SearchOptions) -> Record:
    begin = time.perf_counter()
    engine = service.engine(options.engine)
    with blaming_client():
        settings = options.settings()
    async with engine.lease() as searcher:
        _check_medium(searcher, "text" if isinstance(query, str) else next(iter(query)))
        if settings.where.conditions or settings.policy != "any":
            await engine.in_store_thread(_check, searcher, query, settings)
    try:
        answer = await engine.search(query, settings)
    except MediaError as error:  # an upload that only the model opens, such as a sound
        raise Refused(422, "file: cannot be read; send another") from error
    record = answer_record(answer, options.engine)
    record["query_id"] = query_id_of(query) if isinstance(query, str) else None
    record["seconds"] = round(time.perf_counter() - begin, 4)
    return record


def _check(searcher: Searcher, query: Content, settings: SearchSettings) -> None:
    """Raises `Refused` for what the store does not know, before it is searched."""
    fields = searcher.store.info.fields
    with blaming_client():
        settings.where.check(fields)
    if settings.policy == "any" or settings.my_languages:
        return
    if not isinstance(query, str):
        raise Refused(422, "my_languages: must be named where the query is not a text")
    if guess_language(query, searcher.store.tally("language")) is None:
        raise Refused(422, "my_languages: your language cannot be guessed from the query; name it")


def _check_medium(searcher: Searcher, medium: str) -> None:
    known = searcher.model.modalities
    if medium not in known:
        raise Refused(422, f"the model takes {', '.join(known)}, and no {medium}")


async def _tag(service: Service, items: list[Any], options: TagOptions) -> Record:
    engine = service.engine("first")
    with blaming_client():
        vocabulary = vocabulary_in(options.tags) if options.tags else service.vocabulary
    if vocabulary is None:
        raise Refused(422, "tags: the server has none of its own; send some, or start it with --tags FILE")
    async with engine.lease() as searcher:
        medium = "text" if isinstance(items[0], str) else next(iter(items[0]))
        _check_medium(searcher, medium)
        tagger = service.tagger(searcher)
        try:
            found = await engine.in_model_thread(
                tagger.tag, items, vocabulary, options.languages, options.top
            )
        except MediaError as error:
            raise Refused(422, "file: cannot be read; send another") from error
        except SearchError:
            raise
        except IsoglotError as error:  # a language that is none
            raise Refused(422, *str(error).split("\n")) from error
        said = await engine.in_store_thread(about, searcher)
    records = found.records()
    if medium != "text":
        records[0]["item"] = "file"
    return {**said, "vocabulary": vocabulary.name, "items": records}


def _picture(searcher: Searcher, doc_id: str) -> bytes:
    possible = (
        doc_id.strip() and "\0" not in doc_id and len(doc_id.encode("utf-8", "replace")) <= MAX_ID_BYTES
    )
    document = searcher.store.get([doc_id]).get(doc_id) if possible else None
    if document is None:
        raise Refused(404, "there is no document of this id")
    try:
        return thumbnail_of(document)
    except MediaError as error:
        log.warning("%s", error)
        raise Refused(404, "there is no picture of this document") from error


async def _judge(service: Service, asked: Judgement) -> Record:
    if service.feedback is None:
        raise Refused(403, "thumbs are not kept here; start the server with --feedback DIR")
    if any(sign in asked.doc_id for sign in "\t\n\r"):
        raise Refused(422, "doc_id: has a tab or line end, which qrels cannot hold")
    with blaming_client():
        language = None if asked.language is None else normalize_language(asked.language)
    if not [each for each in service.engines.values() if await _holds(each, asked.doc_id)]:
        raise Refused(404, "there is no document of this id")
    try:
        query_id = await asyncio.to_thread(
            service.feedback.judge, asked.query, language, asked.doc_id, asked.grade
        )
    except OSError as error:
        log.error("thumbs cannot be written: %s", error)
        raise Refused(503, "thumbs cannot be written now; see the server's log") from error
    return {"query_id": query_id, "doc_id": asked.doc_id, "grade": asked.grade}


async def _holds(engine: Engine, doc_id: str) -> bool:
    async with engine.lease() as searcher:
        return doc_id in await engine.in_store_thread(searcher.store.get, [doc_id])
