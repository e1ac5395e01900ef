"""`isoglot serve`: an HTTP API over a store, and a page to search with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Json

if TYPE_CHECKING:
    from isoglot.serving.asked import Which
    from isoglot.serving.engine import Place
    from isoglot.serving.service import Service

_Store = Annotated[
    str, typer.Argument(help="A store that isoglot index made, by folder or URI.", metavar="STORE")
]
_Model = Annotated[
    str | None,
    typer.Option(help="The store's model, if it is not where it was when documents were indexed."),
]
_Compare = Annotated[
    str | None,
    typer.Option(
        help="A second store, to see both answers side by side on the page; with MODEL: before it if its "
        "model has moved.",
        metavar="[MODEL:]STORE",
    ),
]
_Tags = Annotated[
    Path | None, typer.Option(help="Tags for /tag, a file as of isoglot tag --tags.", metavar="FILE")
]
_Host = Annotated[
    str,
    typer.Option(help="Address to listen at; another than this computer's own needs --api-key-file."),
]
_Port = Annotated[int, typer.Option(help="Port; 0 takes one that is free.")]
_Keys = Annotated[
    Path | None,
    typer.Option(help="File of keys, one a line; who has none is not served.", metavar="FILE"),
]
_Anonymous = Annotated[
    bool,
    typer.Option(
        "--allow-anonymous",
        help="Let everybody who reaches the host search without a key, and change nothing.",
    ),
]
_Cors = Annotated[
    list[str] | None,
    typer.Option(
        "--cors", help="Pages of this origin may ask too; may be given again.", metavar="https://HOST"
    ),
]
_MaxBody = Annotated[
    int | None,
    typer.Option(help="Bytes that a request may have; without it 256 MiB, and 16 MiB on another host."),
]
_Rate = Annotated[
    float | None,
    typer.Option(help="Requests a second of one client, 0 any; without it any, and 20 on another host."),
]
_Timeout = Annotated[
    float | None,
    typer.Option(help="Seconds that a request may take, 0 any; without it any, and 30 on another host."),
]
_MaxBatch = Annotated[int, typer.Option(help="Queries that go through the model together, at most.")]
_Feedback = Annotated[
    Path | None,
    typer.Option(
        help="Folder for thumbs; without it, `feedback`, and none with --allow-anonymous.", metavar="DIR"
    ),
]
_Uploads = Annotated[
    Path | None,
    typer.Option(help="Folder for pictures and sounds that are added; without it none are.", metavar="DIR"),
]


def serve(
    store: _Store,
    model: _Model = None,
    compare: _Compare = None,
    tags: _Tags = None,
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    api_key_file: _Keys = None,
    allow_anonymous: _Anonymous = False,
    cors: _Cors = None,
    max_body: _MaxBody = None,
    rate: _Rate = None,
    timeout: _Timeout = None,
    max_batch: _MaxBatch = 64,
    feedback: _Feedback = None,
    uploads: _Uploads = None,
    as_json: Json = False,
) -> None:
    """Serve a store: an HTTP API, and a page to search with.

    Ends at SIGTERM when requests under way are answered; opens store and model anew at SIGHUP.
    """
    from isoglot.serving.engine import Place, parse_place
    from isoglot.serving.keys import Keys, read_keys
    from isoglot.serving.server import serve as run
    from isoglot.serving.settings import ServingSettings
    from isoglot.tagging import read_vocabulary

    settings = ServingSettings(
        host=host,
        port=port,
        keys=Keys() if api_key_file is None else read_keys(api_key_file),
        allow_anonymous=allow_anonymous,
        origins=tuple(origin.rstrip("/") for origin in cors or ()),
        max_body_bytes=max_body,
        rate=rate,
        timeout_seconds=timeout,
        max_batch=max_batch,
        feedback=feedback,
        uploads=uploads,
    ).check()
    places: dict[Which, Place] = {"first": Place(store, model)}
    if compare is not None:
        places["second"] = parse_place(compare)
    vocabulary = None if tags is None else read_vocabulary(tags)
    run(
        places,
        settings,
        vocabulary=vocabulary,
        announce=lambda address, service: _announce(address, service, as_json=as_json),
    )


def _announce(address: str, service: Service, *, as_json: bool) -> None:
    from isoglot.serving.service import shown_name

    searcher = service.engine("first").searcher
    said = {
        "address": address,
        "model": shown_name(searcher.model.name),
        "index_version": searcher.store.info.version,
        "num_documents": searcher.store.count(),
    }
    if as_json:
        typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        typer.echo(
            f"{said['num_documents']:,} documents, model {said['model']}. Search at {address} (Ctrl+C ends)"
        )
