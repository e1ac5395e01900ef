"""How a report names things and writes numbers: measures, settings, languages, directions, intervals."""

from __future__ import annotations

from functools import cache
from typing import Literal

import langcodes

from isoglot.evaluation.bias import MEANINGS, meaning
from isoglot.evaluation.results import Comparison, Result

TITLES = {
    "monolingual": "Monolingual",
    "cross_lingual": "Cross-lingual",
    "multilingual": "Multilingual",
    "rank_distance": "Rank distance",
    "worst_rank": "Worst rank",
    "diagonal_excess": "Diagonal excess",
    "same_language_preference": "Same-language preference",
    "same_language_preference_relevant": "Same-language preference, relevant",
    "english_preference": "English preference",
    "english_preference_relevant": "English preference, relevant",
    "language_preference_rate": "Language preference rate",
    "lang_nDCG": "Lang-nDCG",
    "right_content_query_language": "Right, in the query's language",
    "right_content_other_language": "Right, in another language",
    "wrong_content_query_language": "Wrong, in the query's language",
    "wrong_content_other_language": "Wrong, in another language",
    "spearman": "Spearman",
    "pearson": "Pearson",
    "accuracy": "Accuracy",
    "micro_F1": "Micro F1",
    "macro_F1": "Macro F1",
    "tatoeba_accuracy": "Tatoeba accuracy",
    "margin_accuracy": "Margin accuracy",
    "mining_precision": "Mining precision",
    "mining_recall": "Mining recall",
    "mining_F1": "Mining F1",
    "mining_F1_oracle": "Mining F1, best threshold",
}
ANY_MEDIUM = "*"
SIGNIFICANCE = 0.05
"""A difference counts as real if its adjusted p is below this."""

_TRANSFER = ("transfer_gap", "low_resource", "unseen")
_BY_CHANCE = "random_"
_LOWER = frozenset({"rank_distance", "worst_rank"})
_FAIR_AT_ZERO = frozenset({"diagonal_excess"})
_PREFERENCE = ("same_language_preference", "english_preference")
_WITHOUT_DIRECTION = frozenset(
    {"language_preference_rate", "right_content_other_language", "mining_F1_oracle"}
)

Aim = Literal["higher", "lower", "zero", "none"]


def base_name(measure: str) -> str:
    """The name without its cut-off: `PEER@10` is `PEER`."""
    return measure.split("@", 1)[0]


def measure_title(measure: str) -> str:
    """The name as a heading; one that is not known stays as it is."""
    for ending in (*_TRANSFER, "probe", "head"):
        whole = measure.removesuffix(f"_{ending}")
        if whole != measure:
            return f"{measure_title(whole)}, {ending.replace('_', ' ')}"
    if is_by_chance(measure):
        return f"{measure_title(measure.removeprefix(_BY_CHANCE))} by chance"
    base, at, cut_off = measure.partition("@")
    return f"{TITLES.get(base, base)}{at}{cut_off}"


def is_bias(measure: str) -> bool:
    """Whether a measure says whom a retriever favours, and not how good it is."""
    return is_by_chance(measure) or (meaning(measure) is not None and not is_transfer(measure))


def is_transfer(measure: str) -> bool:
    """Whether a measure sets languages against each other: a transfer gap, or a mean over some of them."""
    return measure.endswith(tuple(f"_{ending}" for ending in _TRANSFER))


def is_by_chance(measure: str) -> bool:
    """Whether a value is what a random order would give: of the corpus, and not of a model."""
    return measure.startswith(_BY_CHANCE)


def bias_order(measure: str) -> tuple[int, bool, str]:
    """Where a measure of bias stands among others: as they are explained, each before what chance gives."""
    own = measure.removeprefix(_BY_CHANCE)
    known = list(MEANINGS)
    base = base_name(own)
    return known.index(base) if base in known else len(known), own != measure, own


def is_rank(measure: str) -> bool:
    """Whether values count ranks, and have no ceiling of 1."""
    return measure.endswith(("rank_distance", "worst_rank"))


def is_signed(measure: str) -> bool:
    """Whether a measure is fair at 0 and leans to either side."""
    return measure in _FAIR_AT_ZERO or measure.startswith(_PREFERENCE)


def aim(measure: str) -> Aim:
    """Which values of a measure are good ones."""
    base = base_name(measure)
    if base in _WITHOUT_DIRECTION or is_by_chance(measure):
        return "none"
    if is_signed(measure):
        return "zero"
    return (
        "lower"
        if base in _LOWER or base.startswith("wrong_content") or measure.endswith("_transfer_gap")
        else "higher"
    )


def format_value(value: float, measure: str) -> str:
    """A value in words: ranks to the unit above 100, to a tenth below; everything else to a thousandth."""
    if not is_rank(measure):
        return f"{value:.3f}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def format_signed(value: float, measure: str) -> str:
    """A difference: like a value, always with its sign."""
    text = format_value(value, measure)
    return text if text.startswith("-") else f"+{text}"


def format_p(p_value: float) -> str:
    """A p value to a thousandth, the smallest as a bound."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def format_interval(record: Result | Comparison) -> str:
    """The 95 % interval in words; empty if there is none."""
    if record.low is None or record.high is None:
        return ""
    return f"{format_value(record.low, record.measure)} to {format_value(record.high, record.measure)}"


def is_significant(row: Comparison) -> bool:
    """Whether a difference is more than luck, after the correction for all that was tested with it."""
    return row.adjusted_p_value < SIGNIFICANCE


def verdict(row: Comparison) -> str:
    """What a comparison says of its model, in words."""
    if not is_significant(row) or not row.value:
        return "no difference shown"
    wanted = aim(row.measure)
    if wanted in ("zero", "none"):
        return "higher" if row.value > 0 else "lower"
    return "better" if (row.value > 0) == (wanted == "higher") else "worse"


@cache
def language_name(tag: str) -> str:
    """The language's English name; the tag itself if it is none."""
    try:
        return langcodes.Language.get(tag).display_name()
    except ValueError:
        return tag


def medium_name(modality: str) -> str:
    """A medium in words."""
    return "any medium" if modality == ANY_MEDIUM else modality


def direction_title(query_modality: str, document_modality: str) -> str:
    """A direction in words, such as `text → image`."""
    return f"{medium_name(query_modality)} → {medium_name(document_modality)}"


def direction_slug(query_modality: str, document_modality: str) -> str:
    """A direction as part of a file's name, such as `text_to_image`."""
    names = ("any" if name == ANY_MEDIUM else name for name in (query_modality, document_modality))
    return "_to_".join(names)
