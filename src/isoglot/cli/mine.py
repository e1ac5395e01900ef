"""`isoglot data mine`: hard negatives for the queries of a corpus."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoglot.cli.options import Cache, Json

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.retrieval.encode import Embeddings
    from isoglot.retrieval.mined import Mined
    from isoglot.retrieval.mining_rules import MiningRules

_Corpus = Annotated[str, typer.Argument(help="A corpus folder, or the name of a data set.", metavar="CORPUS")]
_Model = Annotated[
    str,
    typer.Option(
        help="A sentence-transformers model, by folder or name; or ready vectors, an .npz file or folder."
    ),
]
_Out = Annotated[
    Path,
    typer.Option(
        help="Where the corpus is written with its negatives; the folder it is in, to replace it.",
        metavar="DIR",
    ),
]
_Num = Annotated[int, typer.Option(help="Negatives a query, at most: in each language, or in `any`.")]
_SkipTop = Annotated[int, typer.Option(help="Best candidates to pass over, as likely answers.")]
_Margin = Annotated[
    float | None, typer.Option(help="Least distance to the answer's score; in place of a relative one.")
]
_RelativeMargin = Annotated[
    float | None,
    typer.Option(help="The same as a share of the answer's score; 0.05 unless a margin is given."),
]
_MaxScore = Annotated[float | None, typer.Option(help="Highest score of a negative.")]
_Answer = Annotated[
    str, typer.Option(help="Of several answers in a language: `lowest` or `highest` in score.")
]
_FromLanguages = Annotated[
    str,
    typer.Option(
        help="`each` takes as many from every language, so that none tells a negative; `own` from the "
        "query's, `other` from the others, `any` the best wherever they are."
    ),
]


def mine(
    corpus: _Corpus,
    model: _Model,
    out: _Out,
    split: Annotated[str, typer.Option(help="Which queries.")] = "train",
    num: _Num = 4,
    skip_top: _SkipTop = 0,
    margin: _Margin = None,
    relative_margin: _RelativeMargin = None,
    max_score: _MaxScore = None,
    answer: _Answer = "lowest",
    from_languages: _FromLanguages = "each",
    cache: Cache = True,
    as_json: Json = False,
) -> None:
    """Mine hard negatives: documents that a model takes for answers to a query and that are none.

    What means the same as an answer, in whatever language, is never one. Writes a corpus folder with
    negatives/SPLIT.tsv.
    """
    from isoglot.corpora import read_corpus
    from isoglot.corpora.folder import check_writable, write_corpus
    from isoglot.corpora.negatives import add_negatives

    rules = _rules(num, skip_top, margin, relative_margin, max_score, answer, from_languages)
    check_writable(out)
    found = read_corpus(corpus)
    found.split(split)
    mined = _mine(_load(model), found, split, rules, cache=cache)
    write_corpus(add_negatives(found, split, mined.negatives), out)
    if as_json:
        typer.echo(json.dumps(_summary(found, mined, rules, model, out), ensure_ascii=False))
    else:
        _print(found, mined, out)


def _rules(
    num: int,
    skip_top: int,
    margin: float | None,
    relative_margin: float | None,
    max_score: float | None,
    answer: str,
    languages: str,
) -> MiningRules:
    from isoglot.errors import ConfigError
    from isoglot.retrieval.mining_rules import MiningRules

    relative: dict[str, Any] = {"relative_margin": relative_margin}
    if margin is None and relative_margin is None:
        relative = {}
    given: dict[str, Any] = {"answer": answer, "languages": languages, **relative}
    rules = MiningRules(num, skip_top, margin, max_score=max_score, **given)
    if problems := rules.problems():
        raise ConfigError("\n".join(problems))
    return rules


def _load(model: str) -> Any:
    from isoglot.errors import ConfigError
    from isoglot.evaluation.loading import load_model
    from isoglot.evaluation.trec import Run

    loaded, _ = load_model(model)
    if isinstance(loaded, Run):
        raise ConfigError(f"--model {model}: holds rankings; mining needs a model or its vectors")
    return loaded


def _mine(
    model: Any | Embeddings, corpus: ParallelCorpus, split: str, rules: MiningRules, *, cache: bool
) -> Mined:
    from rich.console import Console
    from rich.progress import Progress

    from isoglot.retrieval.mining import mine_hard_negatives

    show = sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=not show, transient=True) as bar:
        task = bar.add_task("searching", total=None)
        return mine_hard_negatives(
            model,
            corpus,
            split,
            rules=rules,
            cache=cache,
            progress=show,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def _print(corpus: ParallelCorpus, mined: Mined, out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("documents", "negatives", "queries", "median score", "median margin")
    for share in mined.by_language(corpus):
        name = share.language or share.modality
        numbers = f"{share.num_negatives:,}", f"{share.num_queries:,}"
        table.add_row(name, *numbers, f"{share.median_score:.3f}", f"{share.median_margin:.3f}")
    Console().print(table)
    counts = mined.num_of_query
    Console(stderr=True).print(
        f"{len(counts):,} queries of split {mined.split}: {len(mined.negatives):,} negatives, "
        f"{counts.min()} to {counts.max()} a query; {(counts == 0).sum():,} without. Wrote {out}",
        markup=False,
        highlight=False,
    )


def _summary(
    corpus: ParallelCorpus, mined: Mined, rules: MiningRules, model: str, out: Path
) -> dict[str, Any]:
    counts = mined.num_of_query
    return {
        "corpus": str(out),
        "split": mined.split,
        "model": model,
        "rules": asdict(rules),
        "queries": len(counts),
        "queries_without": int((counts == 0).sum()),
        "negatives": len(mined.negatives),
        "languages": [asdict(share) for share in mined.by_language(corpus)],
    }
