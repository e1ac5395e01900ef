"""Results: the records that reports, studies and tests read, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from isoglot.errors import SearchError
from isoglot.evaluation.examples import Example
from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.evaluation.trec import Run, write_run
from isoglot.files import whole_file, write_json, write_records

if TYPE_CHECKING:
    from isoglot.report.tables import TextTable

LOWER_IS_BETTER = frozenset({"rank_distance", "worst_rank", "diagonal_excess"})
"""Measures of which less is better; `random_rank_distance` is a property of the corpus."""


@dataclass(frozen=True, slots=True)
class Result:
    """One value, in the form it has in `results.json`.

    Attributes:
        model: Name of the model.
        corpus: Name of the corpus.
        split: Which judged queries.
        setting: `monolingual`, `cross_lingual` or `multilingual`.
        query_language: Tag, or `*` for the macro average.
        document_language: Tag, or `*`. In the multilingual setting, `*` is the pooled collection, and a tag
            says that only that language's documents counted as relevant in it.
        query_modality: Medium of the queries; `*` if they have several.
        document_modality: Medium of the documents; `*` if they have several.
        measure: Such as `AP` or `rank_distance`.
        value: The value.
        num_queries: Queries behind it; in a mean over collections, each counts once for each.
        low: Lower bound of the 95 % bootstrap interval over groups; None if there is none.
        high: Upper bound.
    """

    model: str
    corpus: str
    split: str
    setting: str
    query_language: str
    document_language: str
    query_modality: str
    document_modality: str
    measure: str
    value: float
    num_queries: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference of two models in one value, and whether it is more than luck.

    Attributes:
        model: Name of the model.
        baseline: Name of what it is compared with.
        corpus: Name of the corpus.
        split: Which judged queries.
        setting: `monolingual`, `cross_lingual` or `multilingual`.
        query_language: Tag, or `*` for the macro average.
        document_language: Tag, or `*`.
        query_modality: Medium of the queries.
        document_modality: Medium of the documents.
        measure: Such as `AP`.
        value: The model's value minus the baseline's.
        num_queries: Queries behind it.
        low: Lower bound of the 95 % bootstrap interval of the difference.
        high: Upper bound.
        p_value: Of the paired randomisation test over groups, two-sided.
        adjusted_p_value: The same, corrected for the languages and pairs tested together; a macro average
            stands for itself.
    """

    model: str
    baseline: str
    corpus: str
    split: str
    setting: str
    query_language: str
    document_language: str
    query_modality: str
    document_modality: str
    measure: str
    value: float
    num_queries: int
    low: float
    high: float
    p_value: float
    adjusted_p_value: float


@dataclass(frozen=True, eq=False)
class Results:
    """All values of one evaluation or of several.

    Attributes:
        records: The values.
        config: What was evaluated on what, with which versions and seed; one entry per evaluation.
        runs: File name -> ranking, for the evaluations that kept any.
        comparisons: Differences between models, where `compare` was asked for them.
        examples: The worst queries of each model in the pooled collection.
        per_query: Values query by query (`isoglot.evaluation.per_query`), which models are compared by.
    """

    records: tuple[Result, ...]
    config: tuple[Mapping[str, Any], ...] = ()
    runs: Mapping[str, Run] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    examples: tuple[Example, ...] = ()
    per_query: pa.Table | None = None

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"Results({len(self.records)} values: {', '.join(self.models)} on {', '.join(self.corpora)})"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in order of appearance."""
        return tuple(dict.fromkeys(record.model for record in self.records))

    @property
    def corpora(self) -> tuple[str, ...]:
        """Names of the corpora, in order of appearance."""
        return tuple(dict.fromkeys(record.corpus for record in self.records))

    def select(self, **wanted: str) -> tuple[Result, ...]:
        """The records whose fields have the given values, such as `measure="AP"`.

        Args:
            **wanted: Field of `Result` and its value.

        Returns:
            The records, in their order.

        Raises:
            SearchError: If there is no such field.
        """
        unknown = wanted.keys() - {name.name for name in fields(Result)}
        if unknown:
            raise SearchError(f"a result has no field {min(unknown)!r}")
        return tuple(r for r in self.records if all(getattr(r, k) == v for k, v in wanted.items()))

    def on(self, places: Collection[tuple[str, str]]) -> Results:
        """What was measured on some corpora.

        Args:
            places: Name and split of each.

        Returns:
            The records, comparisons, examples and values query by query that belong to them; all runs stay.
        """
        table = self.per_query
        if table is not None:
            pairs = zip(table["corpus"].to_pylist(), table["split"].to_pylist(), strict=True)
            table = table.filter(pa.array([pair in places for pair in pairs], pa.bool_()))
        return Results(
            tuple(row for row in self.records if (row.corpus, row.split) in places),
            tuple(entry for entry in self.config if (entry.get("corpus"), entry.get("split")) in places),
            self.runs,
            tuple(row for row in self.comparisons if (row.corpus, row.split) in places),
            tuple(row for row in self.examples if (row.corpus, row.split) in places),
            table,
        )

    def value(
        self,
        setting: str,
        measure: str = "AP",
        *,
        query_language: str = ALL,
        document_language: str | None = None,
        model: str | None = None,
        corpus: str | None = None,
    ) -> float:
        """One value; by default the macro average of a setting.

        Args:
            setting: `monolingual`, `cross_lingual` or `multilingual`.
            measure: Name.
            query_language: Tag, or `*` for the mean over languages.
            document_language: Tag, or `*`; None is `*`, or the query's language in the monolingual setting.
            model: Name, if there are several.
            corpus: Name, if there are several.

        Returns:
            The value.

        Raises:
            SearchError: If there is no such value, or more than one.
        """
        own = setting == "monolingual" and query_language != ALL
        wanted = {
            "setting": setting,
            "measure": measure,
            "query_language": query_language,
            "document_language": document_language or (query_language if own else ALL),
        }
        wanted |= {name: given for name, given in (("model", model), ("corpus", corpus)) if given is not None}
        found = self.select(**wanted)
        if len(found) != 1:
            raise SearchError(f"{len(found)} values of {wanted}; there must be one")
        return found[0].value

    def table(self, measure: str = "AP") -> TextTable:
        """Macro averages of the three settings and the bias, a line per model and corpus, best in bold.

        Args:
            measure: What to show of the settings.

        Returns:
            A table that prints itself; `.markdown()` gives Markdown.
        """
        from isoglot.report.tables import settings_table

        return settings_table(self, measure)

    def bias(self) -> TextTable:
        """Language bias by language of the query, a line per language.

        Returns:
            A table that prints itself; `.markdown()` gives Markdown.
        """
        from isoglot.report.tables import bias_table

        return bias_table(self)

    def perturbed(self, measure: str | None = None) -> TextTable:
        """What perturbed queries or documents cost, a line per perturbation and strength.

        Args:
            measure: What to show; None takes AP, or where that was not measured the first that was.

        Returns:
            A table that prints itself; without lines where nothing was perturbed.
        """
        from isoglot.report.robustness import strengths_table

        return strengths_table(self, measure)

    def to_html(self, path: str | Path) -> None:
        """Writes one self-contained page with tables and pictures."""
        from isoglot.report.html import write_html

        write_html(self, path)

    def write(self, folder: str | Path) -> None:
        """Writes `results.json`, `config.json`, `runs/*.trec` and what else there is, each file whole.

        Comparisons stand in `results.json` behind the values, with the further keys `baseline`, `p_value` and
        `adjusted_p_value`. Examples go to `examples.json`, values query by query to `per_query.parquet`.

        Args:
            folder: Made if need be; files of the same name are replaced.
        """
        target = Path(folder)
        for name, run in self.runs.items():
            write_run(run, target / "runs" / f"{name}.trec")
        write_json(target / "config.json", {"evaluations": list(self.config)})
        if self.per_query is not None:
            with whole_file(target / "per_query.parquet") as file:
                pq.write_table(self.per_query, file, compression="zstd")
        if self.examples:
            write_records(target / "examples.json", [asdict(example) for example in self.examples])
        rows = [asdict(row) for row in sorted(self.records, key=row_key)]
        rows += [asdict(row) for row in sorted(self.comparisons, key=row_key)]
        write_records(target / "results.json", rows)


def row_key(record: Result | Comparison) -> tuple[str | int, ...]:
    """What a value is of, in the order of the file."""
    return (
        record.model,
        record.baseline if isinstance(record, Comparison) else "",
        record.corpus,
        record.split,
        SETTINGS.index(record.setting) if record.setting in SETTINGS else len(SETTINGS),
        record.measure,
        record.query_language,
        record.document_language,
        record.query_modality,
        record.document_modality,
    )


def join_results(parts: Iterable[Results]) -> Results:
    """Several evaluations as one, such as several models on one corpus.

    Args:
        parts: The evaluations.

    Returns:
        All their records, settings and runs.

    Raises:
        SearchError: If there is none, or two hold a value of the same name.
    """
    several: Sequence[Results] = list(parts)
    if not several:
        raise SearchError("no results to join")
    records = tuple(record for part in several for record in part.records)
    if len({row_key(record) for record in records}) < len(records):
        raise SearchError(
            "two results are of the same model, corpus and split; give the models distinct names"
        )
    tables = [part.per_query for part in several if part.per_query is not None]
    return Results(
        records,
        tuple(entry for part in several for entry in part.config),
        {name: run for part in several for name, run in part.runs.items()},
        tuple(dict.fromkeys(row for part in several for row in part.comparisons)),
        tuple(example for part in several for example in part.examples),
        pa.concat_tables(tables, promote_options="default") if tables else None,
    )


def slug(name: str) -> str:
    """A name with everything but letters, digits, dots, dashes and underscores replaced by a dash."""
    return re.sub(r"[^\w.\-]+", "-", name).strip("-.") or "unnamed"
