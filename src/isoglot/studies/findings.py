"""What the cells of a study say: series over sizes, fits, differences, fronts; numbers only, no words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from isoglot.errors import ConfigError, SearchError
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.results import Result, Results
from isoglot.studies.cells import CellRecord
from isoglot.studies.crossings import Crossing, find_crossing
from isoglot.studies.encoding_cost import EncodingCost
from isoglot.studies.equal_accuracy import ComputeRatio, compute_to_equal
from isoglot.studies.fronts import Candidate, Placed, pareto_front
from isoglot.studies.questions import LOSS, AnswerConfig, ValueConfig
from isoglot.studies.scaling import NUM_RESAMPLES, ExponentTest, ScalingFit, compare_exponents, fit_scaling
from isoglot.studies.series import Point, Series

Measured = TypeVar("Measured")


@dataclass(frozen=True)
class Refused:
    """What could not be computed.

    Attributes:
        reason: Why, and what would help.
    """

    reason: str


@dataclass(frozen=True)
class ValueFindings:
    """What the cells say of one value.

    Attributes:
        value: Which value.
        series: Arm -> its values over sizes and seeds; the baseline first, then by name.
        fits: Arm -> power law.
        crossings: Arm but the baseline -> where it pays; none of a training loss, which depends on what else
            is in a batch, and does not compare between arms.
        exponents: Arm but the baseline -> whether it scales differently.
        ratios: Arm but the baseline -> the compute that it needs to be as good as the baseline, for each size
            at which that is better than all its cheaper ones; none of a training loss.
        fronts: Cost -> places of all arms and sizes; none of a training loss.
    """

    value: ValueConfig
    series: Mapping[str, Series]
    fits: Mapping[str, ScalingFit | Refused]
    crossings: Mapping[str, Crossing | Refused]
    exponents: Mapping[str, ExponentTest | Refused]
    ratios: Mapping[str, Sequence[ComputeRatio] | Refused]
    fronts: Mapping[str, Sequence[Placed]]


@dataclass(frozen=True)
class Findings:
    """What the cells of a study say.

    Attributes:
        answer: How they are read.
        values: Value by value, the main one first.
        costs: What models cost to encode with; empty if that was not measured.
        num_cells: Cells that finished.
        num_failed: Cells that did not.
    """

    answer: AnswerConfig
    values: tuple[ValueFindings, ...]
    costs: tuple[EncodingCost, ...]
    num_cells: int
    num_failed: int


def find(
    answer: AnswerConfig,
    records: Sequence[CellRecord],
    results: Callable[[CellRecord], Results],
    costs: Iterable[EncodingCost] = (),
    *,
    seed: int = 0,
    num_resamples: int = NUM_RESAMPLES,
) -> Findings:
    """Reads the cells of a study.

    Args:
        answer: How.
        records: The cells.
        results: Gives the results of a finished cell.
        costs: What models cost to encode with, by `arm_name`.
        seed: Of all resamples.
        num_resamples: Resamples behind intervals and tests of fits.

    Returns:
        What they say.

    Raises:
        ConfigError: If no cell finished, or a cell has no such value.
    """
    finished = [record for record in records if record.finished]
    if not finished:
        raise ConfigError(f"none of {len(records)} cells finished; there is nothing to report")
    measured = {record.id: results(record) for record in finished}
    known = tuple(costs)
    drawing = {"seed": seed, "num_resamples": num_resamples}
    values = tuple(_find_value(answer, value, finished, measured, known, drawing) for value in answer.values)
    return Findings(answer, values, known, len(finished), len(records) - len(finished))


def arm_name(answer: AnswerConfig, point: Mapping[str, str]) -> str:
    """What an arm at one size is called, such as `hybrid, transformer-2`."""
    return ", ".join(point[axis] for axis in (answer.arms, answer.sizes) if axis)


def value_of(value: ValueConfig, record: CellRecord, results: Results) -> float:
    """The value of a cell.

    Args:
        value: Which.
        record: The cell.
        results: Its results.

    Returns:
        The value; of several languages the mean.

    Raises:
        ConfigError: If there is none.
    """
    if value.measure == LOSS:
        if record.final_loss is None:
            raise ConfigError(f"cell {record.id} logged no training loss; leave out the value 'loss'")
        return record.final_loss
    found = [_one(value, language, record, results) for language in value.languages or (ALL,)]
    return float(np.mean(found))


def _one(value: ValueConfig, language: str, record: CellRecord, results: Results) -> float:
    own = value.setting == "monolingual" and language != ALL
    wanted = {
        "setting": value.setting,
        "measure": value.measure,
        "query_language": language,
        "document_language": language if own else ALL,
    }
    if value.corpus:
        wanted["corpus"] = value.corpus
    found = results.select(**wanted)
    if len(found) != 1:
        where = f"{value.corpus or 'its corpora'}, {value.setting}, {value.measure}, queries in {language}"
        raise ConfigError(f"cell {record.id} has {len(found)} values of {where}; {_nearest(value, results)}")
    return found[0].value


def _nearest(value: ValueConfig, results: Results) -> str:
    rows: list[Result] = [row for row in results.records if not value.corpus or row.corpus == value.corpus]
    known = sorted({f"{row.setting} {row.measure}" for row in rows if row.query_language == ALL})
    return f"there is {', '.join(known[:12]) or 'nothing of this corpus'}"


def size_of(answer: AnswerConfig, record: CellRecord) -> float:
    """Where a cell stands on the axis of sizes, in what the answer says.

    Args:
        answer: How cells are read.
        record: The cell.

    Returns:
        The size.

    Raises:
        ConfigError: If the cell does not have it.
    """
    training, parameters = record.training, record.parameters
    found: float | None = None
    if answer.x == "batch_size":
        found = record.batch_size
    elif answer.x == "value":
        given = record.values.get(answer.sizes)
        found = float(given) if isinstance(given, int | float) else None
    elif answer.x.startswith("parameters") and parameters is not None:
        found = parameters.total if answer.x == "parameters" else parameters.without_embeddings
    elif training is not None:
        found = training.flops if answer.x == "training_flops" else training.tokens
    if not found:
        raise ConfigError(f"cell {record.id} has no {answer.x} above 0; choose another x in study.answer")
    return float(found)


def _find_value(
    answer: AnswerConfig,
    value: ValueConfig,
    records: Sequence[CellRecord],
    results: Mapping[str, Results],
    costs: Sequence[EncodingCost],
    drawing: Mapping[str, int],
) -> ValueFindings:
    points: dict[str, list[Point]] = {}
    trained: dict[str, list[Point]] = {}
    seeds: dict[str, list[tuple[CellRecord, float]]] = {}
    for record in records:
        number = value_of(value, record, results[record.id])
        for place in record.points:
            arm, size = place[answer.arms], place[answer.sizes] if answer.sizes else "all"
            x = size_of(answer, record) if answer.sizes else 1.0
            points.setdefault(arm, []).append(Point(x, size, record.seed, number))
            trained.setdefault(arm, []).append(Point(_flops_of(record), size, record.seed, number))
            seeds.setdefault(arm_name(answer, place), []).append((record, number))
    arms = sorted(points, key=lambda arm: (arm != answer.baseline, arm))
    series = {arm: Series.of(arm, points[arm]) for arm in arms}
    fits = {arm: _try(_fit, each, value, drawing) for arm, each in series.items()}
    base = series.get(answer.baseline)
    others = {arm: each for arm, each in series.items() if arm != answer.baseline and base is not None}
    if value.measure == LOSS:  # batches of different arms are not equally hard: their losses do not compare
        others = {}
    crossings: dict[str, Crossing | Refused] = {}
    exponents: dict[str, ExponentTest | Refused] = {}
    ratios: dict[str, Sequence[ComputeRatio] | Refused] = {}
    for arm, each in others.items():
        assert base is not None
        crossings[arm] = _try(_crossing, each, base, value, drawing)
        exponents[arm] = _try(_exponents, each, base, value, drawing)
        ratios[arm] = _try(_ratios, trained[arm], trained[answer.baseline], value, drawing)
    fronts = _fronts(value, seeds, costs, drawing)
    return ValueFindings(value, series, fits, crossings, exponents, ratios, fronts)


def _flops_of(record: CellRecord) -> float:
    """Operations of the training; 0, of which there is no series, if none were counted."""
    return (record.training.flops if record.training else None) or 0.0


def _fit(series: Series, value: ValueConfig, drawing: Mapping[str, int]) -> ScalingFit:
    return fit_scaling(series, offset_range=value.range, **drawing)


def _crossing(series: Series, base: Series, value: ValueConfig, drawing: Mapping[str, int]) -> Crossing:
    return find_crossing(series, base, higher_is_better=value.higher_is_better, **drawing)


def _exponents(series: Series, base: Series, value: ValueConfig, drawing: Mapping[str, int]) -> ExponentTest:
    return compare_exponents(series, base, offset_range=value.range, **drawing)


def _ratios(
    ours: Sequence[Point], theirs: Sequence[Point], value: ValueConfig, drawing: Mapping[str, int]
) -> Sequence[ComputeRatio]:
    if not all(point.x for point in (*ours, *theirs)):
        raise ConfigError("operations were not counted in every cell")
    series, base = Series.of("", ours), Series.of("", theirs)
    return compute_to_equal(series, base, higher_is_better=value.higher_is_better, **drawing)


def _try(compute: Callable[..., Measured], *given: object) -> Measured | Refused:
    """What is computed, or why it is not."""
    try:
        return compute(*given)
    except (ConfigError, SearchError) as error:
        return Refused(str(error))


def _fronts(
    value: ValueConfig,
    seeds: Mapping[str, Sequence[tuple[CellRecord, float]]],
    costs: Sequence[EncodingCost],
    drawing: Mapping[str, int],
) -> dict[str, list[Placed]]:
    """Fronts of accuracy against what training took, and against what a query takes."""
    if value.measure == LOSS:
        return {}
    sign = 1.0 if value.higher_is_better else -1.0
    values = {name: tuple(sign * number for _, number in cells) for name, cells in seeds.items()}
    flops = {
        name: [record.training.flops for record, _ in cells if record.training and record.training.flops]
        for name, cells in seeds.items()
    }
    fronts = {}
    if all(flops.values()):
        trained = [Candidate(name, float(np.mean(flops[name])), each) for name, each in values.items()]
        fronts["training_flops"] = pareto_front(trained, **drawing)
    timed = {cost.model: cost for cost in costs if (cost.modality, cost.batch_size) == ("text", 1)}
    if values.keys() <= timed.keys():
        asked = [Candidate(name, timed[name].times_reference, each) for name, each in values.items()]
        fronts["query_time"] = pareto_front(asked, **drawing)
    return fronts
