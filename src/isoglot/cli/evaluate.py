"""`isoglot evaluate`: one model on one corpus or several."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Cache, Data, Json, Languages, Measures, Model, Seed, SkipBad, split_tags
from isoglot.cli.perturbing import parse_perturbing

if TYPE_CHECKING:
    from isoglot.evaluation import Comparison, Results, TransferLanguages


_Corpora = Annotated[
    list[str],
    typer.Argument(help="Corpus folders, names of data sets, or a suite such as xmir.", metavar="CORPUS..."),
]
_Out = Annotated[
    Path | None, typer.Option(help="Folder for the results; without it, results/MODEL.", metavar="DIR")
]
_Task = Annotated[
    str | None,
    typer.Option(
        help="retrieval, bitext, similarity, paraphrase, entailment or tagging; without it, what each "
        "corpus is made for."
    ),
]
_Split = Annotated[
    str | None, typer.Option(help="Which queries or pairs; without it, what a suite says, or test.")
]
_Source = Annotated[
    str | None, typer.Option(help="Language of the training, for the transfer gap.", metavar="TAG")
]
_LowResource = Annotated[
    list[str] | None,
    typer.Option(help="Languages with little training text; `auto` for a published list.", metavar="TAG"),
]
_Unseen = Annotated[
    list[str] | None, typer.Option(help="Languages that training never showed.", metavar="TAG")
]
_Baseline = Annotated[
    list[Path] | None,
    typer.Option(help="Results of another model to compare with; may be given again.", metavar="DIR"),
]
_RunDepth = Annotated[
    int, typer.Option(min=0, help="Documents to keep of each query's pooled ranking; 0 for none.")
]
_Mteb = Annotated[
    Path | None, typer.Option(help="Folder for the same results as MTEB's TaskResult files.", metavar="DIR")
]
_Perturb = Annotated[
    list[str] | None,
    typer.Option(
        help="Measure perturbed queries too: typo, ocr, diacritics, case, punctuation, word_order, "
        "transliteration, synonyms, code_switch; of pictures noise, blur, crop, jpeg. With commas between, "
        "or given again.",
        metavar="NAME",
    ),
]
_Strengths = Annotated[
    str | None,
    typer.Option(
        help="How much is perturbed, above 0, up to 1, with commas between.",
        metavar="NUMBERS",
        show_default="0.1,0.3,0.5",
    ),
]
_PerturbSide = Annotated[
    str | None,
    typer.Option(
        help="What is perturbed: queries, documents or both.", metavar="SIDE", show_default="queries"
    ),
]
_Synonyms = Annotated[
    list[str] | None,
    typer.Option(
        help="Table of synonyms for a language, JSON or TSV, for --perturb synonyms.", metavar="TAG=FILE"
    ),
]
_Dictionary = Annotated[
    list[str] | None,
    typer.Option(
        help="Dictionary of two columns, such as en:de=FILE, for --perturb code_switch; without one, texts "
        "are switched by their translations in the corpus.",
        metavar="TAG:TAG=FILE",
    ),
]


def evaluate(
    model: Model,
    corpora: _Corpora,
    out: _Out = None,
    data: Data = None,
    task: _Task = None,
    split: _Split = None,
    languages: Languages = None,
    measures: Measures = None,
    source: _Source = None,
    low_resource: _LowResource = None,
    unseen: _Unseen = None,
    baseline: _Baseline = None,
    name: Annotated[str | None, typer.Option(help="What results call the model.")] = None,
    run_depth: _RunDepth = 100,
    cache: Cache = True,
    mteb: _Mteb = None,
    perturb: _Perturb = None,
    strengths: _Strengths = None,
    perturb_side: _PerturbSide = None,
    synonyms: _Synonyms = None,
    dictionary: _Dictionary = None,
    skip_bad: SkipBad = False,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Measure a model on corpora: quality and language bias.

    Three settings: a collection in the language of the query, in one other, and in all at once. Writes
    results.json, config.json, runs/*.trec, tables/ and report.html.
    """
    from isoglot.evaluation import read_results
    from isoglot.evaluation.measures import parse_measures
    from isoglot.evaluation.results import slug
    from isoglot.experiments.measuring import Measuring, measure_all

    if measures:
        parse_measures(measures)
    others = [read_results(folder) for folder in baseline or ()]
    how = Measuring(
        task=task,
        split=split,
        languages=split_tags(languages),
        measures=tuple(measures) if measures else None,
        transfer=_transfer(source, split_tags(low_resource), split_tags(unseen)),
        run_depth=run_depth,
        seed=seed,
        cache=cache,
        skip_bad=skip_bad,
        perturbing=parse_perturbing(_names(perturb), strengths, perturb_side, synonyms, dictionary),
    )
    results = measure_all(
        model, corpora, how, data_dir=data, name=name, progress=_tell, show_bar=sys.stderr.isatty()
    )
    folder = out or Path("results") / slug(results.models[0])
    if mteb is not None:
        _write_mteb(results, mteb)
    _write(results, folder)  # first, so that nothing is lost if the models cannot be compared
    if others:
        results = _compare(results, others, seed)
        _write(results, folder)
    if as_json:
        typer.echo(json.dumps(_summary(results, folder), ensure_ascii=False))
    else:
        _print(results, folder)


def _names(entries: Sequence[str] | None) -> tuple[str, ...] | None:
    """Perturbations given with commas between, or one by one; None if the option was not given."""
    return None if entries is None else split_tags(entries) or ()


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _transfer(
    source: str | None, low_resource: tuple[str, ...] | None, unseen: tuple[str, ...] | None
) -> TransferLanguages | None:
    from isoglot.evaluation import TransferLanguages

    if source is None and low_resource is None and unseen is None:
        return None
    return TransferLanguages(source, low_resource or (), unseen or ())


def _write(results: Results, folder: Path) -> None:
    from isoglot.report.export import write_tables

    results.write(folder)
    results.to_html(folder / "report.html")
    write_tables(results, folder / "tables")


def _write_mteb(results: Results, folder: Path) -> None:
    from isoglot.evaluation.curves import unperturbed
    from isoglot.mteb_exchange import write_task_results

    write_task_results(unperturbed(results), folder)


def _compare(results: Results, others: Sequence[Results], seed: int) -> Results:
    """The results beside those of other models on the same corpora, with comparisons."""
    from isoglot.evaluation import compare, join_results
    from isoglot.evaluation.curves import perturbed_names, unperturbed

    places = {(record.corpus, record.split) for record in results.records}
    joined = join_results([results, *(part.on(places) for part in others)])
    comparisons: list[Comparison] = []
    for part in others:
        for model in unperturbed(part).models:
            comparisons += compare(joined, model, models=unperturbed(results).models, seed=seed).comparisons
    of_perturbed = (row for row in joined.comparisons if row.model in perturbed_names(joined))
    return replace(joined, comparisons=(*of_perturbed, *comparisons))


def _print(results: Results, folder: Path) -> None:
    from rich.console import Console

    from isoglot.evaluation.curves import perturbed_names, shown_measure, unperturbed
    from isoglot.report.robustness import retained_table

    Console().print(unperturbed(results).table(shown_measure(results)))
    if perturbed_names(results):
        Console().print(retained_table(results))
    Console(stderr=True).print(f"Wrote {folder}/results.json, report.html, tables/ and runs/", markup=False)


def _summary(results: Results, folder: Path) -> dict[str, object]:
    """The macro averages, the comparisons of them, curves of them, and where everything else is."""
    from isoglot.evaluation.curves import build_curves, mean_curves

    keys = ("model", "corpus", "split", "setting", "measure", "value", "low", "high")
    media = ("query_modality", "document_modality")
    tested = ("baseline", "p_value", "adjusted_p_value")
    return {
        "out": str(folder),
        "skipped_media": [entry["skipped_media"] for entry in results.config if "skipped_media" in entry],
        "results": [
            {key: getattr(record, key) for key in (*keys, *media)}
            for record in results.select(query_language="*", document_language="*")
        ],
        "comparisons": [
            {key: getattr(row, key) for key in (*keys, *media, *tested)}
            for row in results.comparisons
            if row.query_language == row.document_language == "*"
        ],
        "curves": [asdict(curve) for curve in mean_curves(build_curves(results))],
    }
