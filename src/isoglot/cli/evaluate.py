"""`isoglot evaluate`: one model on one corpus or several."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from isoglot.evaluation import Results


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="A sentence-transformers model, by folder or name; or ready vectors, as an .npz file.",
            metavar="MODEL",
        ),
    ],
    corpora: Annotated[
        list[str],
        typer.Argument(help="Corpus folders, or names of data sets.", metavar="CORPUS..."),
    ],
    split: Annotated[str, typer.Option(help="Which judged queries.")] = "test",
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; without it, results/MODEL.", metavar="DIR")
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option(help="Only these tags, with commas between, or given again.", metavar="TAG"),
    ] = None,
    measures: Annotated[
        list[str] | None,
        typer.Option("--measure", help="Such as AP or nDCG@10; may be given again.", metavar="NAME"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What results call the model.")] = None,
    run_depth: Annotated[
        int, typer.Option(min=0, help="Documents to keep of each query's pooled ranking; 0 for none.")
    ] = 100,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap intervals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON document.")] = False,
) -> None:
    """Measure a model on corpora: quality and language bias.

    Three settings: a collection in the language of the query, in one other, and in all at once. Writes
    results.json, config.json, runs/*.trec and report.html.
    """
    from rich.console import Console

    from isoglot.evaluation import DEFAULT_MEASURES
    from isoglot.evaluation.measures import parse_measures
    from isoglot.evaluation.results import slug

    results = _evaluate(
        model,
        corpora,
        languages,
        split=split,
        measures=parse_measures(measures or DEFAULT_MEASURES),
        name=name,
        run_depth=run_depth,
        seed=seed,
    )
    folder = out or Path("results") / slug(results.models[0])
    results.write(folder)
    results.to_html(folder / "report.html")
    if as_json:
        typer.echo(json.dumps(_summary(results, folder), ensure_ascii=False))
        return
    Console().print(results.table())
    Console(stderr=True).print(f"Wrote {folder}/results.json, report.html and runs/", markup=False)


def _evaluate(
    model: str,
    corpora: list[str],
    languages: list[str] | None,
    *,
    split: str,
    name: str | None,
    **options: Any,
) -> Results:
    """Values on all corpora, each of which is read before the model is loaded."""
    from isoglot.corpora import read_corpus
    from isoglot.evaluation import evaluate as evaluate_model
    from isoglot.evaluation import join_results
    from isoglot.evaluation.evaluator import load_model

    tags = [tag.strip() for entry in languages or () for tag in entry.split(",") if tag.strip()] or None
    read = [read_corpus(corpus, languages=tags, splits=[split]) for corpus in corpora]
    loaded, own_name = load_model(model)
    watched = sys.stderr.isatty()
    return join_results(
        evaluate_model(loaded, corpus, split=split, name=name or own_name, progress=watched, **options)
        for corpus in read
    )


def _summary(results: Results, folder: Path) -> dict[str, object]:
    """The macro averages, and where everything else is."""
    macro = results.select(query_language="*", document_language="*")
    return {
        "out": str(folder),
        "results": [
            {
                key: getattr(record, key)
                for key in ("model", "corpus", "split", "setting", "measure", "value", "low", "high")
            }
            for record in macro
        ],
    }
