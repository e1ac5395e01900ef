"""How much of a model's quality survives perturbed queries or documents, by strength and language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from isoglot.corpora.judgements import Rows
from isoglot.corpora.media_files import drop_bad_media
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation.comparing import compare
from isoglot.evaluation.curves import PERTURBATION, Curve, build_curves
from isoglot.evaluation.evaluator import DEFAULT_MEASURES, evaluate
from isoglot.evaluation.judged import judged_queries
from isoglot.evaluation.language_bias import HEAD_DEPTH
from isoglot.evaluation.loading import load_model
from isoglot.evaluation.measures import Measure, parse_measures
from isoglot.evaluation.perturbed_vectors import Perturbed, SideVectors
from isoglot.evaluation.results import Results, join_results
from isoglot.evaluation.transfer_cells import TransferLanguages
from isoglot.evaluation.trec import Run
from isoglot.robustness.perturbations import (
    Perturbation,
    Tables,
    Translations,
    build_perturbations,
    check_perturbations,
    check_strength,
)
from isoglot.robustness.perturbations.words import language_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.report.tables import TextTable
    from isoglot.retrieval.contents import Side
    from isoglot.retrieval.encode import Embeddings

PerturbedSide = Literal["queries", "documents", "both"]
DEFAULT_STRENGTHS = (0.1, 0.3, 0.5)
_SIDES: dict[str, tuple[Side, ...]] = {
    "queries": ("query",),
    "documents": ("document",),
    "both": ("query", "document"),
}


@dataclass(frozen=True)
class Perturbing:
    """What is perturbed, and how much.

    Attributes:
        perturbations: Names, or perturbations themselves.
        strengths: Above 0, up to 1.
        side: `queries`, `documents` or `both`.
        tables: What `synonyms` and `code_switch` look words up in; without, `code_switch` takes the
            translations in the corpus itself.
    """

    perturbations: tuple[str | Perturbation, ...]
    strengths: tuple[float, ...] = DEFAULT_STRENGTHS
    side: PerturbedSide = "queries"
    tables: Tables | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.side not in get_args(PerturbedSide):
            problems.append(f"side must be one of {', '.join(_SIDES)}, got {self.side!r}")
        if not self.strengths or len(set(self.strengths)) < len(self.strengths):
            problems.append(f"strengths must be one number or more, none twice, got {self.strengths}")
        if 0 in self.strengths:
            problems.append("strength 0 is measured anyway; leave it out")
        checks = [partial(check_strength, strength) for strength in dict.fromkeys(self.strengths)]
        for check in (*checks, partial(check_perturbations, self.perturbations, self.tables)):
            try:
                check()
            except ConfigError as error:
                problems.append(str(error))
        if problems:
            raise ConfigError("\n".join(problems))


@dataclass(frozen=True, eq=False)
class RobustnessResults:
    """Values with and without perturbation.

    Attributes:
        results: Ordinary results. What was measured at a strength has the model's name with ` + ` and, such
            as, `typo@0.3` behind it; its configuration says the same under `perturbation`. Comparisons test
            each against the unperturbed one.
    """

    results: Results

    def curves(self, measure: str | None = None, setting: str = "multilingual") -> tuple[Curve, ...]:
        """Values over strength, by perturbation and language of the query.

        Args:
            measure: Name; None takes AP, or where that was not measured the first that was.
            setting: `monolingual`, `cross_lingual` or `multilingual`.

        Returns:
            The curves, the mean of the languages first.
        """
        return build_curves(self.results, measure, setting)

    def table(self, measure: str | None = None) -> TextTable:
        """Macro averages, a line per perturbation and strength.

        Args:
            measure: What to show; None chooses as `curves` does.

        Returns:
            A table that prints itself.
        """
        return self.results.perturbed(measure)

    def to_html(self, path: str | Path) -> None:
        """Writes the report of the unperturbed results, with a section of curves."""
        self.results.to_html(path)

    def write(self, folder: str | Path) -> None:
        """Writes what `Results.write` does; `read_results` reads it."""
        self.results.write(folder)


def evaluate_robustness(
    model: SentenceTransformer | Embeddings | Run | str | Path,
    corpus: ParallelCorpus,
    *,
    perturbations: Iterable[str | Perturbation],
    strengths: Iterable[float] = DEFAULT_STRENGTHS,
    side: PerturbedSide = "queries",
    tables: Tables | None = None,
    split: str = "test",
    measures: Iterable[str | Measure] = DEFAULT_MEASURES,
    languages: Iterable[str] | None = None,
    transfer: TransferLanguages | None = None,
    head_depth: int = HEAD_DEPTH,
    run_depth: int = 0,
    name: str | None = None,
    seed: int = 0,
    num_resamples: int = 1_000,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
    skip_bad: bool = False,
    significance: bool = True,
) -> RobustnessResults:
    """How well a model searches, as it does in `evaluate`, and how much of that perturbations leave.

    Queries and documents are encoded once as they are; at each strength, only texts and pictures that the
    perturbation changed are encoded again. Everything else is `evaluate`: whole collection, settings,
    intervals. Perturbed pictures are held in memory alone, and their vectors are not cached.

    Args:
        model: A sentence-transformers model, its path or name; not vectors or a run, which cannot encode.
        corpus: The corpus.
        perturbations: Names (`isoglot.robustness.perturbations.SUMMARIES`), or perturbations themselves.
        strengths: How much is changed, above 0, up to 1; each perturbation says what that means.
        side: What is perturbed: `queries`, `documents` or `both`.
        tables: What `synonyms` and `code_switch` look words up in.
        split: Which judged queries.
        measures: Names, such as `AP` or `nDCG@10`.
        languages: Tags to keep; None keeps all.
        transfer: As in `evaluate`.
        head_depth: As in `evaluate`.
        run_depth: As in `evaluate`, of the unperturbed run.
        name: What results call the model; None takes it from the model.
        seed: Seed of perturbations, bootstrap and tests.
        num_resamples: How many times groups are resampled for the intervals.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk, as in `evaluate`.
        progress: Whether to show a progress bar while encoding.
        skip_bad: Whether rows whose media files cannot be read are left out.
        significance: Whether each strength is compared with the unperturbed run, in the first measure, by
            the paired test of `compare`.

    Returns:
        Values without and with perturbation. Where queries are of several media, a perturbation's values are
        those of the directions whose queries it perturbs.

    Raises:
        ConfigError: If a name or strength is wrong, a table or package is missing, or the model is vectors or
            a run.
        CorpusError: If the split does not exist or has no query with a relevant document, or nothing is of
            the medium that a perturbation changes, or in a language that its tables are for.
        CheckpointError: If the model cannot be loaded.
        SearchError: If the model does not encode a medium of the corpus.
    """
    how = Perturbing(tuple(perturbations), tuple(sorted(strengths)), side, tables)
    wanted = parse_measures(measures)
    part = corpus if languages is None else corpus.select(languages)
    part, skipped = drop_bad_media(part) if skip_bad else (part, None)
    chosen = build_perturbations(how.perturbations, _tables(how, part))
    query_rows = judged_queries(part, split).judgements.query_rows
    _check_corpus(chosen, part, query_rows, how)
    loaded, own_name = load_model(model)
    encoder = _encoder(loaded)
    options = {"batch_size": batch_size, "cache": cache, "progress": progress}
    vectors = SideVectors.of(encoder, part, query_rows, **options)
    evaluation = _Evaluation(
        part,
        name or own_name,
        {
            "split": split,
            "measures": wanted,
            "transfer": transfer,
            "head_depth": head_depth,
            "seed": seed,
            "num_resamples": num_resamples,
        },
        {} if skipped is None else {"skipped_media": skipped.record()},
    )
    parts = [evaluation.clean(vectors, run_depth)]
    for perturbation in chosen:
        for strength in how.strengths:
            found = vectors.perturbed(encoder, perturbation, strength, _SIDES[side], seed=seed, **options)
            parts.append(evaluation.perturbed(found, perturbation, strength, side))
    results = join_results(parts)
    if significance:
        results = compare(results, name or own_name, measures=[str(wanted[0])], seed=seed)
    return RobustnessResults(results)


def _encoder(model: object) -> Any:
    from isoglot.retrieval.encode import Embeddings

    if isinstance(model, Run | Embeddings):
        raise ConfigError("perturbed queries must be encoded; give a model, not ready vectors or a run")
    return model


def _tables(how: Perturbing, corpus: ParallelCorpus) -> Tables:
    """The tables, with the corpus' own translations where `code_switch` has nothing else."""
    given = how.tables or Tables()
    if "code_switch" not in how.perturbations or given.dictionaries or given.translations is not None:
        return given
    sides = [corpus.queries] if how.side == "queries" else [corpus.documents]
    sides = [corpus.queries, corpus.documents] if how.side == "both" else sides
    joined: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
    for table in sides:
        joined |= Translations.in_table(table).of
    return replace(given, translations=Translations(joined))


def _check_corpus(
    chosen: Sequence[Perturbation], corpus: ParallelCorpus, query_rows: Rows, how: Perturbing
) -> None:
    """Refuses a perturbation, or tables, that the corpus has nothing for."""
    media = {
        "query": _present(corpus.query_modalities, query_rows),
        "document": _present(corpus.document_modalities),
    }
    problems = [
        f"{perturbation.name} perturbs {perturbation.medium}, and {corpus.name!r} has no {side} of that "
        "medium; leave it out or perturb the other side"
        for perturbation in chosen
        for side in _SIDES[how.side]
        if perturbation.medium not in media[side]
    ]
    tags = {
        "query": _present(corpus.query_languages, query_rows),
        "document": _present(corpus.document_languages),
    }
    there = set[str]().union(*(tags[side] for side in _SIDES[how.side]))
    known = {*there, *map(language_of, there)}
    given = how.tables or Tables()
    problems += [
        f"{name} has tables for {', '.join(sorted(tables))}, and what is perturbed of {corpus.name!r} is in "
        f"{', '.join(sorted(there))}; give one for such a language"
        for name, tables in (("synonyms", given.synonyms), ("code_switch", given.dictionaries))
        if name in how.perturbations and tables and not known & tables.keys()
    ]
    if problems:
        raise CorpusError(problems)


def _present(coded: tuple[tuple[str, ...], npt.NDArray[np.int16]], rows: Rows | None = None) -> set[str]:
    """Which of some names, coded by row, the rows have; all rows if none are given."""
    names, codes = coded
    return {names[code] for code in np.unique(codes if rows is None else codes[rows]) if code >= 0}


@dataclass(frozen=True, eq=False)
class _Evaluation:
    """How vectors become results."""

    corpus: ParallelCorpus
    name: str
    options: dict[str, Any]
    about: dict[str, Any]

    def clean(self, vectors: SideVectors, run_depth: int) -> Results:
        """Results of what was not perturbed."""
        found = evaluate(
            vectors.embeddings(self.corpus), self.corpus, name=self.name, run_depth=run_depth, **self.options
        )
        return self._told(found, vectors.details)

    def perturbed(
        self, found: Perturbed, perturbation: Perturbation, strength: float, side: PerturbedSide
    ) -> Results:
        """Results at a strength, without examples, of the directions whose queries were perturbed."""
        name = f"{self.name} + {perturbation.name}@{strength:g}"
        if side != "queries":
            name = f"{self.name} + {perturbation.name}@{strength:g} ({side})"
        results = evaluate(found.vectors.embeddings(self.corpus), self.corpus, name=name, **self.options)
        about = {
            "name": perturbation.name,
            "strength": strength,
            "side": side,
            "seed": self.options["seed"],
            "meaning": perturbation.meaning,
            "model": self.name,
            "num_perturbed": found.num_perturbed,
            "num_changed": found.num_changed,
        }
        told = self._told(results, found.vectors.details | {PERTURBATION: about})
        return replace(_of_medium(told, perturbation.medium, side), examples=())

    def _told(self, results: Results, details: dict[str, Any]) -> Results:
        return replace(results, config=tuple({**entry, **self.about, **details} for entry in results.config))


def _of_medium(results: Results, medium: str, side: PerturbedSide) -> Results:
    """Only directions of perturbed queries, where queries of other media were measured beside them."""
    media = {record.query_modality for record in results.records}
    if side != "queries" or medium not in media or len(media) == 1:
        return results
    table = results.per_query
    if table is not None:
        table = table.filter(pc.equal(table["query_modality"], medium))
    kept = tuple(record for record in results.records if record.query_modality == medium)
    return replace(results, records=kept, per_query=table)
