"""`isoglot audit`: whom a model favours."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Cache, Data, Json, Languages, Model, Seed, SkipBad, split_tags

if TYPE_CHECKING:
    from isoglot.evaluation import Results


_HeadDepth = Annotated[
    int, typer.Option(min=2, help="Documents at the head of the ranking that preference is measured in.")
]
_Out = Annotated[
    Path | None,
    typer.Option(help="Folder for results and report; without it, nothing is written.", metavar="DIR"),
]


def audit(
    model: Model,
    corpus: Annotated[
        str, typer.Argument(help="A corpus folder, or the name of a data set.", metavar="CORPUS")
    ],
    out: _Out = None,
    data: Data = None,
    split: Annotated[str, typer.Option(help="Which judged queries.")] = "test",
    languages: Languages = None,
    head_depth: _HeadDepth = 10,
    cache: Cache = True,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Say whom a model favours when one collection holds all languages.

    Prints every measure of language bias, with its interval and what it means, and the numbers of each
    language.
    """
    from isoglot.experiments.measuring import Measuring, measure_all

    how = Measuring(
        task="retrieval",
        split=split,
        languages=split_tags(languages),
        measures=("AP",),
        head_depth=head_depth,
        seed=seed,
        cache=cache,
        skip_bad=skip_bad,
    )
    results = measure_all(
        model,
        [corpus],
        how,
        data_dir=data,
        progress=_tell if skip_bad else None,
        show_bar=sys.stderr.isatty(),
    )
    if out is not None:
        results.write(out)
        results.to_html(out / "report.html")
    if as_json:
        typer.echo(json.dumps(_summary(results, out), ensure_ascii=False))
    else:
        _print(results, out)


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _print(results: Results, out: Path | None) -> None:
    from rich.console import Console

    from isoglot.report.bias import bias_measures_table
    from isoglot.report.headline import headline

    console = Console()
    for sentence in headline(results, results.corpora[0], results.records[0].split):
        console.print(sentence, markup=False)
    for table in (bias_measures_table(results), results.bias()):
        console.print()
        console.print(table)
    if out is not None:
        Console(stderr=True).print(f"Wrote {out}/results.json and report.html", markup=False)


def _summary(results: Results, out: Path | None) -> dict[str, object]:
    """Every measure of bias: the macro average and its interval, and what it means."""
    from isoglot.evaluation.bias import meaning

    return {
        "out": None if out is None else str(out),
        "model": results.models[0],
        "corpus": results.corpora[0],
        "results": [
            {
                "measure": record.measure,
                "value": record.value,
                "low": record.low,
                "high": record.high,
                "meaning": meaning(record.measure),
            }
            for record in results.select(setting="multilingual", query_language="*", document_language="*")
            if meaning(record.measure)
        ],
    }
