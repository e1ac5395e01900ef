"""The answer to a study's question in words, derived from numbers and their intervals; luck is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from isoglot.report.values import SIGNIFICANCE, format_p, is_rank
from isoglot.studies.crossings import Crossing, SizeDifference
from isoglot.studies.equal_accuracy import ComputeRatio
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
COST_NAMES = {"training_flops": "operations of the training", "query_time": "time of a query"}
_COST_UNITS = {"training_flops": "{} operations", "query_time": "{} × the reference's time"}


def answer_sentences(findings: Findings) -> list[str]:
    """The answer: what the main value says of every arm, then the others in a sentence each.

    Args:
        findings: What the cells say.

    Returns:
        Sentences; first the main value's differences, what they save, how arms scale and the fronts, then
        other values.
    """
    main, *others = findings.values
    baseline = findings.answer.baseline
    sentences = [*differences(findings, main), *_not_compared(findings)]
    if baseline not in main.series:
        sentences.append(f"No cell of {baseline} finished, so there is nothing to compare with.")
    sentences += [*savings(findings, main), *scaling(findings, main), *fronts(main)]
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
        A sentence for each arm that can be compared.
    """
    for arm, crossing in found.crossings.items():
        if not isinstance(crossing, Refused):
            yield _difference(findings, found.value, arm, crossing)


def _difference(findings: Findings, value: ValueConfig, arm: str, crossing: Crossing) -> str:
    baseline = findings.answer.baseline
    verdict = _VERDICTS[crossing.verdict].format(arm=arm, baseline=baseline, value=value.name)
    number = len(crossing.differences)
    over = f"in the mean of {number} sizes" if number > 1 else "at the one size measured"
    parts = [verdict + _place(findings, crossing), f"{over} {_said(value, crossing.overall)}"]
    if number > 1 and crossing.verdict != "no_difference":
        parts.append(_by_themselves(crossing.differences))
    return "; ".join(parts) + "."


def _by_themselves(differences: Sequence[SizeDifference]) -> str:
    """At which sizes a difference is shown without the others."""
    shown = [
        (how, [each.size for each in differences if each.sign == sign])
        for sign, how in ((1, "better"), (-1, "worse"))
    ]
    parts = [
        f"{how} by itself at " + ("each of them" if len(sizes) == len(differences) else ", ".join(sizes))
        for how, sizes in shown
        if sizes
    ]
    return "; ".join(parts) or "at no single size by itself"


_VERDICTS = {
    "no_difference": "{value}: no difference found between {arm} and {baseline}",
    "everywhere": "{value}: {arm} is better than {baseline}, and nowhere worse",
    "on_average": "{value}: {arm} is better than {baseline} in the mean, though not at every size",
    "nowhere": "{value}: {arm} is worse than {baseline}",
    "from": "{value}: {arm} pays for large models and not for small ones, compared with {baseline}",
    "up_to": "{value}: {arm} pays for small models and not for large ones, compared with {baseline}",
    "somewhere": "{value}: {arm} is better than {baseline} at some sizes, and no different at others",
    "mixed": "{value}: {arm} is better than {baseline} at some sizes and worse at others, in no order",
}


def _not_compared(findings: Findings) -> Iterator[str]:
    """What cannot be compared, a sentence for each reason."""
    compared = [(f, arm, each) for f in findings.values for arm, each in f.crossings.items()]
    reasons: dict[str, list[str]] = {}
    for found, arm, each in compared:
        if isinstance(each, Refused):
            reasons.setdefault(each.reason, []).append(f"{arm} in {found.value.name}")
    for reason, places in reasons.items():
        what = "any arm" if len(places) == len(compared) else "; ".join(places)
        yield f"Whether {findings.answer.baseline} differs from {what} is left open: {reason}."


def savings(findings: Findings, found: ValueFindings) -> Iterator[str]:
    """What each arm needs to be as good as the baseline is at its best.

    Args:
        findings: What the cells say.
        found: Of which value.

    Yields:
        A sentence for each arm of several sizes.
    """
    for arm, ratios in found.ratios.items():
        if not isinstance(ratios, Refused):
            yield _saving(findings, found.value, arm, ratios)


def _saving(findings: Findings, value: ValueConfig, arm: str, ratios: Sequence[ComputeRatio]) -> str:
    best, baseline = ratios[-1], findings.answer.baseline
    reached = [each for each in ratios if each.reached]
    goal = f"{baseline} at its best ({_level(value, best)})"
    if best.reached:
        sentence = f"To be as good as {goal}, {arm} needs {format_ratio(best)} its training operations"
        return sentence + ("." if best.times else ": its cheapest size is that good.")
    sentence = f"{arm} is not as good as {goal} with up to {best.most:.3g} times its training operations"
    if reached:
        less = f"{baseline} with less ({_level(value, reached[-1])})"
        sentence += f"; as good as {less} with {format_ratio(reached[-1])} the operations of that"
    return sentence + "."


def _level(value: ValueConfig, ratio: ComputeRatio) -> str:
    return f"{ratio.size}: {value.name} {format_number(ratio.value, value)}"


def format_ratio(ratio: ComputeRatio) -> str:
    """How many times the compute, with its interval; a bound where more would be extrapolation."""
    if ratio.bounded:
        text = f"{ratio.times:.3g}"
    else:
        text = f"more than {ratio.most:.3g}" if ratio.times else f"at most {ratio.least:.3g}"
    interval = format_ratio_interval(ratio)
    return f"{text} ({interval}) times" if interval else f"{text} times"


def format_ratio_interval(ratio: ComputeRatio) -> str:
    """The interval of a ratio; empty where there is none, or nothing of it lies within what was measured."""
    if ratio.low is None or ratio.high is None or ratio.high == 0 or ratio.low == float("inf"):
        return ""
    low = f"{ratio.low:.3g}" if ratio.low else f"below {ratio.least:.3g}"
    high = f"{ratio.high:.3g}" if ratio.high < float("inf") else f"above {ratio.most:.3g}"
    return f"{low} to {high}"


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
    open_arms: dict[str, list[str]] = {}
    for arm, fit in found.fits.items():
        if isinstance(fit, Refused):
            open_arms.setdefault(fit.reason, []).append(arm)
        elif not fit.determined:
            open_arms.setdefault(UNDETERMINED, []).append(arm)
        else:
            yield _fitted(found.value, arm, fit)
            for x in findings.answer.extrapolate:
                yield f"{found.value.name} of {arm} at {short_number(x)}: {fit.predict(x, extrapolate=True)}."
    for reason, arms in open_arms.items():
        yield f"How {found.value.name} of {', '.join(arms)} scales is left open: {reason}."
    for arm, test in found.exponents.items():
        if not isinstance(test, Refused) and test.determined:
            yield _tested(findings, found.value, arm, test)


UNDETERMINED = "the sizes do not determine the exponent"


def _fitted(value: ValueConfig, arm: str, fit: ScalingFit) -> str:
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
        front = "; ".join(_on_front(found.value, cost, each) for each in places if each.on_front)
        yield f"On the front of {found.value.name} against {COST_NAMES[cost]}: {front}."


def _on_front(value: ValueConfig, cost: str, placed: Placed) -> str:
    """Who, how good, for how much, and how surely."""
    candidate = placed.candidate
    number = format_number(placed.value if value.higher_is_better else -placed.value, value)
    text = f"{number} for {_COST_UNITS[cost].format(short_number(candidate.cost))}"
    sure = "" if placed.share is None else f", in {placed.share:.0%} of resamples"
    return f"{candidate.name} ({text}{sure})"


def x_title(findings: Findings) -> str:
    """What curves run over, in words."""
    return X_TITLES[findings.answer.x] or findings.answer.sizes


def format_number(number: float, value: ValueConfig) -> str:
    """A number of a value: ranks to a tenth, all else to four decimals."""
    if is_rank(value.measure):
        return f"{number:,.1f}"
    return f"{number:.3f}" if value.measure == LOSS else f"{number:.4f}"
