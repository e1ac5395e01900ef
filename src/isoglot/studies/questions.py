"""How a study's question is answered: what is compared, over which sizes, in which values; from its TOML.

    [study.answer]
    arms = "scheme"              # the axis whose points are compared
    baseline = "monolingual"     # with this one
    sizes = "size"               # the axis that curves run over
    x = "parameters"             # and what they run over
    values = [{ corpus = "text-image", setting = "cross_lingual", measure = "AP" }]

The first value is the one that the question is about; its answer comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from isoglot.config import build_config
from isoglot.errors import ConfigError
from isoglot.evaluation.bias import MEANINGS
from isoglot.evaluation.results import LOWER_IS_BETTER
from isoglot.studies.config import Setting, StudyConfig

LOSS = "loss"
"""In place of a measure: the mean training loss at the end."""
Size = Literal[
    "parameters", "parameters_without_embeddings", "training_flops", "training_tokens", "batch_size", "value"
]
_RANKS = ("rank_distance", "worst_rank")
_CORRELATIONS = ("spearman", "pearson")


@dataclass(frozen=True)
class ValueConfig:
    """One value of every cell.

    Attributes:
        measure: Such as `AP` or `rank_distance`; `loss` for the training loss.
        corpus: What results call the corpus; left out where there is one.
        setting: The setting.
        languages: Languages of the queries, whose mean it is; empty for the macro average.
        title: What tables call it; left out, it is made of the others.
        offset: What it tends to as size grows, where that is known; power laws then need a size less.
    """

    measure: str
    corpus: str = ""
    setting: Setting = "multilingual"
    languages: tuple[str, ...] = ()
    title: str = ""
    offset: float | None = None

    @property
    def name(self) -> str:
        """What tables call it."""
        if self.title:
            return self.title
        if self.measure == LOSS:
            return "training loss"
        parts = [self.corpus, self.setting.replace("_", "-"), self.measure, "+".join(self.languages)]
        return " ".join(part for part in parts if part)

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better."""
        base = self.measure.split("@", 1)[0]
        return base != LOSS and base not in LOWER_IS_BETTER

    @property
    def range(self) -> tuple[float, float]:
        """The least and the greatest value that there can be for ever larger sizes."""
        if self.offset is not None:
            return self.offset, self.offset
        if self.measure == LOSS or self.measure.startswith(_RANKS):
            return 0.0, float("inf")
        return (-1.0 if self.measure.startswith(_CORRELATIONS) else 0.0), 1.0


@dataclass(frozen=True)
class AnswerConfig:
    """How the question is answered.

    Attributes:
        values: What is compared; the main one first.
        arms: Axis whose points are compared.
        baseline: The point that the others are compared with.
        sizes: Axis that curves run over; left out where there is one size.
        x: What they run over: parameters, also without those of embeddings; floating-point operations or
            tokens of the training; pairs of a batch; `value`, the number that the axis itself sets.
        encoded: What results call the corpus whose contents are encoded to time the models; left out, the
            first.
        extrapolate: Sizes beyond those measured that fits are asked for; results say that they are such.
    """

    values: tuple[ValueConfig, ...]
    arms: str
    baseline: str
    sizes: str = ""
    x: Size = "parameters"
    encoded: str = ""
    extrapolate: tuple[float, ...] = ()

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = [] if self.values else ["values: name one or more"]
        names = [value.name for value in self.values]
        found += [f"values: {name!r} twice" for name in sorted({n for n in names if names.count(n) > 1})]
        found += [f"extrapolate: sizes must be > 0, got {x}" for x in self.extrapolate if not x > 0]
        return found


def read_answer(config: StudyConfig) -> AnswerConfig:
    """How a study's question is answered.

    Args:
        config: The study.

    Returns:
        Its table `answer`, checked against its axes and corpora.

    Raises:
        ConfigError: If a key or value breaks a rule, or names what the study has not; one line per problem.
    """
    answer = build_config(config.study.answer, AnswerConfig, source="study.answer")
    problems = [*_axis_problems(config, answer), *_corpus_problems(config, answer)]
    if problems:
        raise ConfigError("\n".join(f"study.answer: {problem}" for problem in problems))
    return answer


def _axis_problems(config: StudyConfig, answer: AnswerConfig) -> Iterator[str]:
    from isoglot.studies.grid import points_of

    axes = {axis.title: [point.label for point in points_of(axis)] for axis in config.axes}
    for key, axis in (("arms", answer.arms), ("sizes", answer.sizes)):
        if axis not in axes and (axis or key == "arms"):
            yield f"{key}: there is no axis {axis!r}; there is {', '.join(axes) or 'none'}"
    if answer.baseline not in axes.get(answer.arms, [answer.baseline]):
        yield f"baseline: {answer.arms} has no {answer.baseline!r}; it has {', '.join(axes[answer.arms])}"
    for axis, labels in axes.items():
        if axis not in (answer.arms, answer.sizes) and len(labels) > 1:
            yield f"axis {axis!r} is neither arms nor sizes, and has {len(labels)} points; join it into arms"


def _corpus_problems(config: StudyConfig, answer: AnswerConfig) -> Iterator[str]:
    corpora = config.evaluate.corpora
    # The name of a corpus that is called by its own is known only when it is read.
    named = {corpus.name for corpus in corpora}
    wanted = [("values", value.corpus) for value in answer.values if value.measure != LOSS]
    for key, name in [*wanted, ("encoded", answer.encoded)]:
        if name and "" not in named and name not in named:
            yield f"{key}: nothing is measured on {name!r}; there is {', '.join(sorted(named))}"
    for value in answer.values:
        if value.measure != LOSS and (value.corpus in named or len(corpora) == 1):
            yield from _measure_problems(config, value)
    if len(corpora) > 1 and any(not name for _, name in wanted):
        yield f"values: say which corpus, as there are {len(corpora)}"


def _measure_problems(config: StudyConfig, value: ValueConfig) -> Iterator[str]:
    """Whether the corpus of a value is measured by it, as far as its task lets one tell."""
    corpora = config.evaluate.corpora
    corpus = corpora[0] if len(corpora) == 1 else next(each for each in corpora if each.name == value.corpus)
    measured = config.evaluate.measures_of(corpus)
    if corpus.task == "retrieval" and value.measure not in (*measured, *MEANINGS):
        yield (
            f"values: {value.corpus or 'the corpus'} is not measured by {value.measure!r}, but by "
            f"{', '.join(measured)}; add it there"
        )
