"""`isoglot search`: one query, in any language or medium."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Json, split_tags

if TYPE_CHECKING:
    from isoglot.search import Answer, Ranked

_Store = Annotated[
    str, typer.Argument(help="A store that isoglot index made, by folder or URI.", metavar="STORE")
]
_Query = Annotated[
    str | None, typer.Argument(help="What to search for, in any language; or give --image.", metavar="QUERY")
]
_Image = Annotated[
    Path | None, typer.Option(help="A picture to search with, if the model takes pictures.", metavar="FILE")
]
_Languages = Annotated[
    list[str] | None,
    typer.Option(
        "--language", help="Only documents in these; with commas between, or given again.", metavar="TAG"
    ),
]
_Modalities = Annotated[
    list[str] | None,
    typer.Option("--modality", help="Only text, image, audio or video; may be given again.", metavar="NAME"),
]
_Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Only from there; may be given again.", metavar="NAME")
]
_Where = Annotated[
    list[str] | None,
    typer.Option(
        help="Only where a field is so: field=value, or with < <= > >=; may be given again. Several values "
        "of one field: any of them.",
        metavar="CONDITION",
    ),
]
_Policy = Annotated[
    str,
    typer.Option(
        help="What a document's language counts: any, nothing; prefer, as --dial says; mine-first; only, no "
        "other language."
    ),
]
_Mine = Annotated[
    list[str] | None,
    typer.Option(
        "--my-language",
        help="What you read, for --policy; with commas between, or given again; without it, the query's.",
        metavar="TAG",
    ),
]
_Dial = Annotated[
    float, typer.Option(help="Of --policy prefer: from 0, any language, to 1, my language first.")
]
_Model = Annotated[
    str | None,
    typer.Option(help="The store's model, if it is not where it was when documents were indexed."),
]


def search(
    store: _Store,
    query: _Query = None,
    image: _Image = None,
    languages: _Languages = None,
    modalities: _Modalities = None,
    sources: _Sources = None,
    where: _Where = None,
    limit: Annotated[int, typer.Option(help="Documents wanted.")] = 10,
    policy: _Policy = "any",
    my_languages: _Mine = None,
    dial: _Dial = 0.5,
    hybrid: Annotated[bool, typer.Option("--hybrid", help="Let words count beside meaning.")] = False,
    model: _Model = None,
    as_json: Json = False,
) -> None:
    """Search a store, in any language.

    Says of each document in which language it is, and why it stands where it does.
    """
    from isoglot.errors import ConfigError
    from isoglot.search import (
        Filter,
        Searcher,
        SearchSettings,
        load_search_model,
        load_store_model,
        open_store,
    )

    if (query is None) == (image is None):
        raise ConfigError("give a QUERY or --image, one of the two")
    settings = SearchSettings(
        limit=limit,
        where=Filter.of(
            language=split_tags(languages) or (),
            modality=split_tags(modalities) or (),
            source=sources or (),
            where=where or (),
        ),
        policy=policy,  # type: ignore[arg-type]
        my_languages=tuple(split_tags(my_languages) or ()),
        dial=dial,
        hybrid=hybrid,
    ).check()
    asked = query if query is not None else {"image": str(image)}
    with closing(open_store(store)) as opened:
        settings.where.check(opened.info.fields)
        loaded = load_search_model(model) if model else load_store_model(store, opened.info.model)
        answer = Searcher(loaded, opened).search(asked, settings)
    if as_json:
        typer.echo(json.dumps(answer.record(), ensure_ascii=False))
    else:
        _print(answer)


def _print(answer: Answer) -> None:
    from rich.console import Console

    console = Console()
    if answer.guessed:
        Console(stderr=True).print(
            f"your language: {', '.join(answer.my_languages)} (guessed from the query)"
        )
    if not answer.results:
        console.print("nothing found")
    for result in answer.results:
        for line, style in _lines(result):
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def _lines(result: Ranked) -> list[tuple[str, str | None]]:
    """What is printed of a document, each line with its style."""
    document = result.document
    badge = document.language or document.modality
    first = document.title or document.text or document.path or ""
    head = f"{result.rank:3d}  [{badge}]  {_start(first)}"
    return [(head, None), (f"       {result.score:.4f}  {document.doc_id}  {result.why.text()}", "dim")]


def _start(text: str) -> str:
    """The start of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= 100 else f"{line[:99]}…"
