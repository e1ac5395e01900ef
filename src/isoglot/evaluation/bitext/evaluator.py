"""Tatoeba accuracy and bitext mining: does a sentence find its translation, and only that?

Accuracy (XTREME's and LASER's Tatoeba task): the share of the sentences whose nearest neighbour among the
sentences of the other language translates them; for each ordered pair of languages, the sentences of the
groups that have both. `margin_accuracy` takes the best of the k nearest by margin instead, and is 1 minus
LASER's xsim error. Groups decide what translates what: of two groups with the same sentence, each is wrong
for the other.

Mining (BUCC): the candidates are all sentences of both languages, those without translation included; pairs
are scored by margin (arXiv 1811.01136) and taken from a threshold on, which is chosen on the calibration
split of the same pair of languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.corpora.languages import match_languages
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.averages import write_with_averages
from isoglot.evaluation.bitext.aligned_sentences import AlignedSentences
from isoglot.evaluation.bitext.margins import Margin, Pairing
from isoglot.evaluation.bitext.search import Mined, Mining, Translated, TranslationSearch
from isoglot.evaluation.cells import Cell, Ledger, Value
from isoglot.evaluation.intervals import GroupBootstrap
from isoglot.evaluation.measures import Floats
from isoglot.evaluation.per_query import QueryKeys, per_query_table
from isoglot.evaluation.results import Result, Results
from isoglot.evaluation.row_vectors import RowVectors, encode_rows
from isoglot.retrieval.thresholds import f1, share

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.retrieval.encode import Embeddings

Pair = tuple[str, str]
"""The language that looks for its translations, and the one that is searched."""

ACCURACIES = ("tatoeba_accuracy", "margin_accuracy")
MINING = ("mining_precision", "mining_recall", "mining_F1")
ORACLE = "mining_F1_oracle"
"""F1 at the threshold that is best on the very sentences it is measured on: a bound, not a result."""


def evaluate_bitext(
    model: SentenceTransformer | Embeddings | str | Path,
    corpus: ParallelCorpus,
    *,
    split: str = "test",
    languages: Iterable[str] | None = None,
    pivot: str | None = "en",
    calibration_split: str | None = None,
    margin: Margin = "ratio",
    pairing: Pairing = "max",
    neighbours: int = 4,
    oracle: bool = False,
    name: str | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
) -> Results:
    """How well sentences find their translations, by ordered pair of languages.

    A sentence that looks for its translation is encoded as a query, the candidates as documents.

    Args:
        model: A sentence-transformers model, its path or name; or ready vectors, or their file.
        corpus: A symmetric corpus of parallel sentences.
        split: Which sentences.
        languages: Tags to measure; None takes all.
        pivot: Language that all others are paired with, both ways; None pairs all with all.
        calibration_split: Where the thresholds of mining are chosen; None leaves mining out.
        margin: `ratio`, `distance` or `absolute`, as in `isoglot.evaluation.bitext.margins`.
        pairing: Which pairs may be mined: `max`, `mutual` or `forward`, likewise.
        neighbours: How many nearest neighbours the margin looks at.
        oracle: Whether to add mining's F1 at the threshold that is best on `split` itself.
        name: What results call the model; None takes it from the model.
        seed: Seed of the bootstrap.
        num_resamples: How many times groups are resampled for the intervals.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk and used again, as in `evaluate`.
        progress: Whether to show a progress bar while encoding.

    Returns:
        Values of each ordered pair, with means by language and over all; accuracies also by sentence.

    Raises:
        ConfigError: If an option is out of its range, or thresholds would be chosen on `split` itself.
        CorpusError: If the corpus is not symmetric, or lacks a split, a language or any pair of languages.
        CheckpointError: If the model cannot be loaded.
        SearchError: If vectors are missing or malformed, or a run is given.
    """
    mining = Mining(margin, pairing, neighbours, oracle)
    plan = _plan(corpus, split, calibration_split, languages, pivot, mining)
    vectors = encode_rows(
        model, corpus, *plan.rows(), name=name, batch_size=batch_size, cache=cache, progress=progress
    )
    search = TranslationSearch(vectors, mining)
    found = [search.measure(pair, plan.test, plan.dev) for pair in plan.pairs]
    bootstrap = GroupBootstrap(plan.groups, seed=seed, num_resamples=num_resamples)
    record = {"pivot": pivot, "seed": seed, "num_resamples": num_resamples}
    return _results(plan, found, vectors, bootstrap, record)


@dataclass(frozen=True, eq=False)
class _Plan:
    """What is to be measured.

    Attributes:
        corpus: The corpus.
        split: Name of what is measured.
        calibration_split: Name of what thresholds are chosen on; None for no mining.
        mining: How pairs are scored and chosen.
        test: The sentences to measure.
        dev: Those to choose thresholds on; None for no mining.
        pairs: The pairs of languages that have translations in `test`.
        left_out: Those that have none.
    """

    corpus: ParallelCorpus
    split: str
    calibration_split: str | None
    mining: Mining
    test: AlignedSentences
    dev: AlignedSentences | None
    pairs: Sequence[Pair]
    left_out: Sequence[Pair]

    @property
    def groups(self) -> npt.NDArray[np.int32]:
        """Group of each sentence of the split."""
        return self.corpus.query_groups[self.test.query_rows]

    def rows(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Rows of all sentences and candidates that are compared, some of them twice."""
        texts = [
            sentences.between(*pair)
            for sentences in (self.test, self.dev)
            if sentences is not None
            for pair in self.pairs
        ]
        return (
            np.concatenate([text.query_rows for text in texts]),
            np.concatenate([text.document_rows for text in texts]),
        )


def _plan(
    corpus: ParallelCorpus,
    split: str,
    calibration_split: str | None,
    languages: Iterable[str] | None,
    pivot: str | None,
    mining: Mining,
) -> _Plan:
    _check(mining, corpus, split, calibration_split)
    wanted = match_languages(corpus.languages if languages is None else languages, corpus.languages)
    pivots = wanted if pivot is None else match_languages([pivot], corpus.languages)
    everyone = sorted({*wanted, *pivots})
    pairs = [(a, b) for a in everyone for b in everyone if a != b and (a in pivots or b in pivots)]
    test = AlignedSentences(corpus, split)
    dev = None if calibration_split is None else AlignedSentences(corpus, calibration_split)
    measured = [pair for pair in pairs if len(test.between(*pair).pairs)]
    if not measured:
        raise CorpusError(
            f"split {split!r} of {corpus.name!r} has no translation between two of {', '.join(everyone)}"
            + ("" if pivot is None else f", one of them {pivot!r}; pivot=None pairs all with all")
        )
    left_out = [pair for pair in pairs if pair not in measured]
    return _Plan(corpus, split, calibration_split, mining, test, dev, measured, left_out)


def _check(mining: Mining, corpus: ParallelCorpus, split: str, calibration_split: str | None) -> None:
    """Raises what is wrong with options, all of it at once, or with the corpus."""
    problems = [
        f"{option} must be one of {', '.join(get_args(allowed))}, got {value!r}"
        for option, value, allowed in (
            ("margin", mining.margin, Margin),
            ("pairing", mining.pairing, Pairing),
        )
        if value not in get_args(allowed)
    ]
    if mining.neighbours < 1:
        problems.append(f"neighbours must be >= 1, got {mining.neighbours}")
    if calibration_split == split:
        problems.append(
            f"calibration_split is {split!r}, which is measured; choose thresholds on another split, or ask "
            "for oracle=True"
        )
    if problems:
        raise ConfigError("\n".join(problems))
    if not corpus.info.symmetric:
        raise CorpusError(
            f"{corpus.name!r} is no corpus of parallel sentences: its queries are not its documents; "
            "give one whose corpus.json says symmetric"
        )


def _results(
    plan: _Plan,
    found: Sequence[Translated],
    vectors: RowVectors,
    bootstrap: GroupBootstrap,
    record: dict[str, Any],
) -> Results:
    about: dict[str, Any] = {"model": vectors.model, "corpus": plan.corpus.name, "split": plan.split}
    config = about | {
        "task": "bitext",
        "calibration_split": plan.calibration_split,
        "languages": sorted({language for pair in plan.pairs for language in pair}),
        **asdict(plan.mining),
        "thresholds": [
            _named(part.pair) | {"threshold": part.mined.threshold} for part in found if part.mined
        ],
        "left_out": [_named(pair) for pair in plan.left_out],
        **record,
        **vectors.provenance,
    }
    about |= vectors.media
    records = tuple(Result(**about, **asdict(value)) for value in _summarize(plan, found, bootstrap))
    return Results(records, (config,), per_query=_per_query(plan, found, about))


def _named(pair: Pair) -> dict[str, Any]:
    return {"query_language": pair[0], "document_language": pair[1]}


def _summarize(plan: _Plan, found: Sequence[Translated], bootstrap: GroupBootstrap) -> list[Value]:
    """Means of each pair of languages, and over them."""
    cells: dict[str, list[Cell]] = {}
    for part in found:
        for measure, cell in _cells(plan, part, bootstrap):
            cells.setdefault(measure, []).append(cell)
    ledger = Ledger()
    for measure, of_pairs in cells.items():
        write_with_averages(ledger, measure, of_pairs)
    return ledger.values()


def _cells(plan: _Plan, part: Translated, bootstrap: GroupBootstrap) -> Iterator[tuple[str, Cell]]:
    """Measures of one pair of languages."""
    resampled = _resample(plan, part.query_rows, part.hits, bootstrap)
    for column, measure in enumerate(ACCURACIES):
        hits = part.hits[:, column]
        yield measure, Cell(*part.pair, float(hits.mean()), len(hits), resampled[:, column])
    if part.mined is not None:
        yield from zip(MINING, _mining_cells(plan, part.pair, part.mined, bootstrap), strict=True)
    if part.oracle is not None:
        yield ORACLE, _mining_cells(plan, part.pair, part.oracle, bootstrap)[-1]


def _mining_cells(plan: _Plan, pair: Pair, mined: Mined, bootstrap: GroupBootstrap) -> list[Cell]:
    """Precision, recall and F1, of sums and of resampled sums."""
    totals = mined.counts.sum(axis=0)
    resampled = _resample(plan, mined.query_rows, mined.counts, bootstrap)
    return [
        Cell(*pair, float(value), len(mined.query_rows), of_resamples.astype(np.float32))
        for value, of_resamples in zip(_prf(totals), _prf(resampled), strict=True)
    ]


def _prf(counts: npt.NDArray[np.floating]) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of (..., 3) sums of hits, taken and relevant."""
    hits, taken, relevant = np.moveaxis(counts, -1, 0)
    return share(hits, taken), share(hits, relevant), f1(hits, taken, relevant)


def _resample(
    plan: _Plan, query_rows: npt.NDArray[np.int32], values: Floats, bootstrap: GroupBootstrap
) -> npt.NDArray[np.float32]:
    """(resamples, columns) means of the columns."""
    numbers = np.searchsorted(plan.test.query_rows, query_rows)
    return bootstrap.means(numbers, np.zeros_like(numbers), values)[:, 0]


def _per_query(plan: _Plan, found: Sequence[Translated], about: dict[str, str]) -> pa.Table:
    """The accuracies sentence by sentence."""
    rows = pa.array(plan.test.query_rows)
    names = (plan.corpus.queries[name].take(rows) for name in ("query_id", "group_id", "language"))
    parts = [
        (
            part.pair[1],
            np.searchsorted(plan.test.query_rows, part.query_rows),
            dict(zip(ACCURACIES, part.hits.T, strict=True)),
        )
        for part in found
    ]
    return per_query_table(QueryKeys(*(each.combine_chunks() for each in names)), parts, **about)
