"""The answer to a study's question in words, derived from numbers and their intervals; luck is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoglot.report.values import SIGNIFICANCE, format_p, is_rank
from isoglot.studies.crossings import Crossing, SizeDifference
from isoglot.studies.findings import Findings, Refused, ValueFindings
from isoglot.studies.fronts import Placed
from isoglot.studies.plots import short_number
from isoglot.studies.questions import LOSS, ValueConfig
from isoglot.studies.scaling import Estimate, ExponentTest, ScalingFit

X_TITLES = {
    "parameters": "parameters",
    "parameters_without_embeddings": "parameters without embeddings",
    "training_flops": "floating-point operations of the training",
    "training_tokens": "tokens of the training",
    "batch_size": "pairs a batch",
    "value": "",
}
COST_TITLES = {
    "training_flops": "floating-point operations of the training",
    "query_time": "time of a query, as a multiple of the reference's",
}


def answer_sentences(findings: Findings) -> list[str]:
    """The answer: what the main value says of every arm, then the others in a sentence each.

    Args:
        findings: What the cells say.

    Returns:
        Sentences; first the main value's differences, how they scale and the front, then other values.
    """
    main, *others = findings.values
    sentences = [*differences(findings, main), *scaling(findings, main), *fronts(main)]
    for each in others:
        sentences += differences(findings, each)
    if findings.num_failed:
        sentences.append(
            f"{findings.num_failed} of {findings.num_cells + findings.num_failed} cells failed; the numbers "
            "are without them."
        )
    return sentences


def differences(findings: Findings, found: ValueFindings) -> Iterator[str]:
    """What each arm gains or loses against the baseline.

    Args:
        findings: What the cells say.
        found: Of which value.

    Yields:
        A sentence for each arm.
    """
    baseline = findings.answer.baseline
    if baseline not in found.series:
        yield f"No cell of {baseline} finished, so there is nothing to compare with."
    for arm, crossing in found.crossings.items():
        if isinstance(crossing, Refused):
            yield f"{found.value.name}: {arm} against {baseline} cannot be told: {crossing.reason}."
        else:
            yield _difference(findings, found.value, arm, crossing)


def _difference(findings: Findings, value: ValueConfig, arm: str, crossing: Crossing) -> str:
    baseline = findings.answer.baseline
    verdict = _VERDICTS[crossing.verdict].format(arm=arm, baseline=baseline, value=value.name)
    parts = [verdict + _place(findings, crossing)]
    several = len(crossing.differences) > 1
    over = f"over {len(crossing.differences)} sizes" if several else "at the one size measured"
    parts.append(f"{_said(value, crossing.overall)} {over}")
    shown = [each for each in crossing.differences if each.sign]
    if several and shown:
        parts.append(
            "shown by themselves: " + ", ".join(f"{each.size} ({_amount(value, each)})" for each in shown)
        )
    elif several and crossing.overall.sign:
        parts.append("at no single size is it shown by itself")
    return "; ".join(parts) + "."


_VERDICTS = {
    "no_difference": "{value}: no difference found between {arm} and {baseline}",
    "everywhere": "{value}: {arm} is better than {baseline}, and nowhere worse",
    "nowhere": "{value}: {arm} is worse than {baseline}",
    "from": "{value}: {arm} pays for large models and not for small ones, compared with {baseline}",
    "up_to": "{value}: {arm} pays for small models and not for large ones, compared with {baseline}",
    "somewhere": "{value}: {arm} is better than {baseline} at some sizes, and no different at others",
    "mixed": "{value}: {arm} is better than {baseline} at some sizes and worse at others, in no order",
}


def _place(findings: Findings, crossing: Crossing) -> str:
    """Where the difference turns, if it does."""
    if crossing.low is None or crossing.high is None:
        return ""
    unit = x_title(findings)
    bounds = f"95 % interval {_bound(crossing.low)} to {_bound(crossing.high)}"
    if crossing.at is None:
        return f", where it turns is open ({bounds})"
    return f", the turn at about {short_number(crossing.at)} {unit} ({bounds})"


def _bound(x: float) -> str:
    if x == 0:
        return "below all sizes measured"
    return "above all sizes measured" if x == float("inf") else short_number(x)


def _said(value: ValueConfig, difference: SizeDifference) -> str:
    return f"{_amount(value, difference)}, p {format_p(difference.adjusted_p_value)}"


def _amount(value: ValueConfig, each: SizeDifference) -> str:
    """A difference to the arm's favour, with its interval."""
    if each.value >= 0:
        how, numbers = "better", (each.value, each.low, each.high)
    else:
        how, numbers = "worse", (-each.value, -each.high, -each.low)
    middle, low, high = (format_number(number, value) for number in numbers)
    return f"{middle} {how} ({low} to {high})"


def scaling(findings: Findings, found: ValueFindings) -> Iterator[str]:
    """How arms grow with size, and whether they do so differently.

    Args:
        findings: What the cells say.
        found: Of which value.

    Yields:
        Sentences; none for a single size.
    """
    if max((len(series.sizes) for series in found.series.values()), default=0) < 2:
        return
    for arm, fit in found.fits.items():
        if isinstance(fit, Refused):
            yield f"How {found.value.name} of {arm} scales is left open: {fit.reason}."
            continue
        yield _fitted(found.value, arm, fit)
        for x in findings.answer.extrapolate:
            yield f"{found.value.name} of {arm} at {short_number(x)}: {fit.predict(x, extrapolate=True)}."
    for arm, test in found.exponents.items():
        if not isinstance(test, Refused):
            yield _tested(findings, found.value, arm, test)


def _fitted(value: ValueConfig, arm: str, fit: ScalingFit) -> str:
    if not fit.determined:
        return (
            f"{value.name} of {arm}: the sizes measured do not determine an exponent, so no curve is drawn "
            "through them."
        )
    way = "falls" if fit.amplitude.value > 0 else "rises"
    sentence = (
        f"{value.name} of {arm} {way} towards {_estimated(fit.offset)} with exponent "
        f"{_estimated(fit.exponent)}"
    )
    if fit.misfit_p is not None and fit.misfit_p < SIGNIFICANCE:
        sentence += (
            f"; the means miss the curve by more than seeds explain (p {format_p(fit.misfit_p)}), so it is "
        )
        sentence += "the wrong form"
    return sentence + "."


def _tested(findings: Findings, value: ValueConfig, arm: str, test: ExponentTest) -> str:
    baseline = findings.answer.baseline
    if not (test.first.determined and test.second.determined):
        return (
            f"{value.name}: whether {arm} and {baseline} scale differently cannot be told from these sizes."
        )
    told = f"exponents differ by {_estimated(test.difference)}, p {format_p(test.p_value)}"
    if test.differs:
        return f"{value.name}: {arm} and {baseline} scale differently ({told})."
    return f"{value.name}: no difference found in how {arm} and {baseline} scale ({told})."


def _estimated(each: Estimate) -> str:
    if each.low is None or each.high is None:
        return f"{each.value:.3g} (one seed: no interval)"
    return f"{each.value:.3g} ({each.low:.3g} to {each.high:.3g})"


def fronts(found: ValueFindings) -> Iterator[str]:
    """Who is on each Pareto front.

    Args:
        found: Of which value.

    Yields:
        A sentence for each cost.
    """
    for cost, places in found.fronts.items():
        yield f"On the front of {found.value.name} against {COST_TITLES[cost]}: {_front(places)}."


def _front(places: Sequence[Placed]) -> str:
    front = [each for each in places if each.on_front]
    return "; ".join(
        each.candidate.name + (f" ({each.share:.0%} of resamples)" if each.share is not None else "")
        for each in front
    )


def x_title(findings: Findings) -> str:
    """What curves run over, in words."""
    return X_TITLES[findings.answer.x] or findings.answer.sizes


def format_number(number: float, value: ValueConfig) -> str:
    """A number of a value: ranks to a tenth, all else to four decimals."""
    if is_rank(value.measure):
        return f"{number:,.1f}"
    return f"{number:.3f}" if value.measure == LOSS else f"{number:.4f}"
