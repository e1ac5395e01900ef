"""`isoglot classify`: a classifier of sentence pairs, trained in one language and measured in all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Data, Json, Languages, Overrides, Seed, split_tags

if TYPE_CHECKING:
    from rich.console import Console

    from isoglot.classification import ClassificationConfig
    from isoglot.classification.fitting import Tell
    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.evaluation import Results


def classify(
    config: Annotated[Path, typer.Argument(help="The classifier, as TOML.", metavar="CONFIG.toml")],
    corpus: Annotated[
        str,
        typer.Argument(help="Corpus folder, or name of a data set, with labelled pairs.", metavar="CORPUS"),
    ],
    overrides: Overrides = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results; without it, results/CLASSIFIER.", metavar="DIR"),
    ] = None,
    data: Data = None,
    languages: Languages = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Train a classifier of sentence pairs in one language, and measure it in all.

    The encoder that the file names gets a head. It learns from the pairs of `train`; those of `dev` choose
    the epoch, and those of `test` are measured: in each language, and in every ordered pair of two languages.
    Where only a published `dev` is at hand, as of paws-x and xnli, it is parted by sentences into the three.

    The same command, started again, goes on with the epoch at which it was interrupted, and only measures
    where training had finished. Writes results.json, config.json, per_query.parquet and report.html.
    """
    from rich.console import Console

    from isoglot.config import read_config

    console = Console(stderr=True)
    with console.status("starting") as status:
        from isoglot.classification import ClassificationConfig, evaluate_classifier, load_classifier

        settings = read_config(config, ClassificationConfig, tuple(overrides or ()))
        status.update(f"reading {corpus}")
        read = _read(corpus, data, settings)
    folder = _train(settings, read, console)
    with console.status("measuring"):
        results = evaluate_classifier(
            load_classifier(folder),
            read,
            languages=split_tags(languages),
            source_language=settings.language,
            name=folder.name,
            seed=seed,
        )
    target = out or Path("results") / folder.name
    results.write(target)
    results.to_html(target / "report.html")
    if as_json:
        typer.echo(json.dumps(_summary(results, settings, folder, target), ensure_ascii=False))
        return
    _print(results, settings)
    console.print(
        f"Classifier: {folder}. Wrote {target}/results.json and report.html", markup=False, highlight=False
    )


def _read(name: str, data: Path | None, settings: ClassificationConfig) -> ParallelCorpus:
    """The corpus with pairs to train on, to choose by and to measure."""
    from dataclasses import replace

    from isoglot.classification import pair_texts, with_parts
    from isoglot.errors import CorpusError
    from isoglot.evaluation.references import resolve

    references = resolve(name, data)
    if len(references) > 1:
        members = ", ".join(each.name for each in references)
        raise CorpusError(f"{name} is a suite; name one corpus with labelled pairs, of {members} or your own")
    corpus = replace(references[0], split=None).read()
    corpus = with_parts(corpus, settings.task, source_language=settings.language)
    for split in ("train", "dev", "test"):  # before any work
        pair_texts(corpus, split, task=settings.task, language=settings.language)
    return corpus


def _train(settings: ClassificationConfig, corpus: ParallelCorpus, console: Console) -> Path:
    from isoglot.classification import run_classification

    with _bar(console) as tell:
        return run_classification(settings, corpus, progress=tell)


@contextmanager
def _bar(console: Console) -> Iterator[Tell]:
    """A bar with the time left; silent where there is no terminal."""
    from rich.progress import Progress

    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("training", total=None)
        yield lambda done, steps: progress.update(task, completed=done, total=steps)


def _print(results: Results, settings: ClassificationConfig) -> None:
    from rich.console import Console

    from isoglot.classification.summary import accuracy_lines
    from isoglot.report.tables import Cell, TextTable

    rows = [
        (Cell(line.name), Cell(f"{line.value:.3f}", line.value), Cell(line.shown_interval))
        for line in accuracy_lines(results, settings.language)
    ]
    title = f"{settings.task} on {results.corpora[0]}, learnt in {settings.language}; intervals of 95 %"
    Console().print(TextTable(title, ("Language", "Accuracy", "Interval"), tuple(rows)))


def _summary(
    results: Results, settings: ClassificationConfig, folder: Path, target: Path
) -> dict[str, object]:
    from dataclasses import asdict

    from isoglot.classification.summary import accuracy_lines

    lines = [asdict(line) for line in accuracy_lines(results, settings.language)]
    return {"model": str(folder), "out": str(target), "measure": "accuracy_head", "results": lines}
