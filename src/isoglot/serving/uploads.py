"""Bodies of requests: JSON, or a form with one picture or sound and JSON beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from isoglot.errors import MediaError
from isoglot.media.pictures import open_picture
from isoglot.search.model import Content
from isoglot.serving.asked import Refused, parse

if TYPE_CHECKING:
    from PIL.Image import Image

M = TypeVar("M", bound=BaseModel)
Medium = Literal["image", "audio"]
_ENDINGS = {"image": ".image", "audio": ".sound"}
_MAX_PART_BYTES = 1 << 20
_MAX_SIDE = 1_024
"""No model sees more of a query; many of them may wait in memory."""
_DECODING = ThreadPoolExecutor(2, thread_name_prefix="pictures")
"""A picture takes up to half a GiB while it is unpacked."""
_JSON = "application/json"
_FORM = "multipart/form-data"


def content_type(request: Request) -> str:
    """The body's type, one of the two that are read.

    Args:
        request: The request.

    Returns:
        `application/json` or `multipart/form-data`.

    Raises:
        Refused: 415 if it is another, or compressed.
    """
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refused(415, "a body must come as it is, without Content-Encoding")
    given = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if given not in (_JSON, _FORM):
        raise Refused(415, f"the content type must be {_JSON} or {_FORM}, got {given[:100]!r}")
    return given


def is_form(request: Request) -> bool:
    """Whether a request has a file; raises `Refused` (415) as `content_type`."""
    return content_type(request) == _FORM


async def read_json(request: Request, shape: type[M]) -> M:
    """Reads a body of JSON.

    Args:
        request: The request.
        shape: What it should be.

    Returns:
        What it is.

    Raises:
        Refused: 4xx if it is not that.
    """
    if content_type(request) != _JSON:
        raise Refused(415, f"the content type must be {_JSON}")
    return parse(shape, await request.body())


@dataclass(frozen=True)
class Upload:
    """A file that a client sent, and is gone when the request is done.

    Attributes:
        medium: What the client says it is.
        content: Its bytes.
        path: Where it lies.
    """

    medium: Medium
    content: bytes
    path: Path

    async def as_query(self) -> Content:
        """The file as a model takes it: of a picture, what is in it.

        Returns:
            The query.

        Raises:
            Refused: 422 if it is no picture that is read: damaged, or too large once it is unpacked.
        """
        if self.medium == "audio":
            return {"audio": str(self.path)}
        try:
            loop = asyncio.get_running_loop()
            return {"image": await loop.run_in_executor(_DECODING, _small, self.content)}
        except MediaError as error:
            raise Refused(422, *error.problems) from None


def _small(content: bytes) -> Image:
    picture = open_picture(content)
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    return picture


@asynccontextmanager
async def read_form(request: Request, shape: type[M]) -> AsyncIterator[tuple[M, Upload]]:
    """Reads a form of two parts: `file`, a picture or sound, and `options`, JSON.

    Args:
        request: The request.
        shape: What `options` should be; may be left out if nothing in it is needed.

    Yields:
        The options and the file.

    Raises:
        Refused: 4xx if the form is not that.
    """
    with TemporaryDirectory(prefix="isoglot-") as folder:
        async with request.form(max_files=1, max_fields=1, max_part_size=_MAX_PART_BYTES) as form:
            options = parse(shape, _options(form))
            upload = await _upload(form, Path(folder))
        yield options, upload


def _options(form: FormData) -> str:
    stray = sorted(set(form) - {"file", "options"})
    if stray:
        raise Refused(422, f"a form must have the parts file and options, got {', '.join(stray)[:200]}")
    options = form.get("options", "{}")
    if not isinstance(options, str):
        raise Refused(422, "options: must be JSON, not a file")
    return options


async def _upload(form: FormData, folder: Path) -> Upload:
    file: Any = form.get("file")
    if not isinstance(file, UploadFile):
        raise Refused(422, "file: must be a picture or a sound; send one")
    medium = (file.content_type or "").split("/")[0]
    if medium not in ("image", "audio"):
        raise Refused(415, f"file: must be image/* or audio/*, got {(file.content_type or '')[:100]!r}")
    content = await file.read()
    if not content:
        raise Refused(422, "file: is empty; send another")
    path = folder / f"upload{_ENDINGS[medium]}"  # never the client's name
    await asyncio.to_thread(path.write_bytes, content)
    return Upload("image" if medium == "image" else "audio", content, path)


def body_of(shape: type[BaseModel], options: type[BaseModel] | None = None) -> dict[str, Any]:
    """What OpenAPI says of a body that is read by hand.

    Args:
        shape: Its JSON.
        options: JSON that goes with a file; None if none is taken.

    Returns:
        Something for `openapi_extra`.
    """
    content: dict[str, Any] = {_JSON: {"schema": _schema(shape)}}
    if options is not None:
        form = {
            "type": "object",
            "required": ["file"],
            "properties": {
                "file": {"type": "string", "format": "binary"},
                "options": _schema(options),
            },
            "additionalProperties": False,
        }
        encoding = {"file": {"contentType": "image/*, audio/*"}, "options": {"contentType": _JSON}}
        content[_FORM] = {"schema": form, "encoding": encoding}
    return {"requestBody": {"required": True, "content": content}}


def _schema(shape: type[BaseModel]) -> dict[str, Any]:
    """The schema with all that it refers to in it."""
    schema = shape.model_json_schema()
    known = schema.pop("$defs", {})
    text = json.dumps(schema)
    while "#/$defs/" in text:
        for name, definition in known.items():
            text = text.replace(json.dumps({"$ref": f"#/$defs/{name}"}), json.dumps(definition))
    made: dict[str, Any] = json.loads(text)
    return made
