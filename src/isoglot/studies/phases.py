"""Where the seconds of a cell go: a stopwatch that is in one phase at a time, and what sets it."""

from __future__ import annotations

import functools
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from isoglot.studies.cells import Phases
from isoglot.studies.sizes import Parameters, count_parameters

_OF_LINES = {"reading corpora": "corpus", "building the encoder": "tokenise", "training": "tokenise"}
"""What an experiment says it does, and which phase that is; the trainer itself says when steps begin."""


class Stopwatch:
    """Adds up seconds by phase.

    Attributes:
        clock: Gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Makes a stopwatch that is in no phase.

        Args:
            clock: Gives the time in seconds.
        """
        self.clock = clock
        self._phase = ""
        self._since = 0.0
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def begin(self, phase: str) -> None:
        """Enters a phase, and so ends the one before.

        Args:
            phase: A field of `Phases`; "" for none.
        """
        now = self.clock()
        if self._phase:
            self._seconds[self._phase] += now - self._since
        self._phase, self._since = phase, now

    @contextmanager
    def within(self, phase: str) -> Iterator[None]:
        """Within the context, another phase than before; the former one goes on behind it.

        Args:
            phase: A field of `Phases`.

        Yields:
            Nothing.
        """
        former = self._phase
        self.begin(phase)
        try:
            yield
        finally:
            self.begin(former)

    def tell(self, line: str) -> None:
        """Takes what an experiment says it does.

        Args:
            line: As `isoglot.experiments.run_experiment` tells its progress.
        """
        if line in _OF_LINES:
            self.begin(_OF_LINES[line])

    @property
    def seconds(self) -> Phases:
        """All that has ended, and what has passed of the present phase."""
        self.begin(self._phase)
        return Phases(**self._seconds)


class WatchedTraining(TrainerCallback):
    """Tells a stopwatch when steps and dev evaluations begin and end, and keeps what is seen of a training.

    Attributes:
        losses: Step and loss, as logged; None for one that is no number.
        parameters: Of the encoder; None before the first step.
    """

    def __init__(self, watch: Stopwatch) -> None:
        """Makes the callback.

        Args:
            watch: The stopwatch.
        """
        self.losses: tuple[tuple[int, float | None], ...] = ()
        self.parameters: Parameters | None = None
        self._watch = watch

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Steps begin."""
        self.parameters = count_parameters(kwargs["model"])
        self._watch.begin("train")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """An evaluation may follow."""
        if control.should_evaluate:
            self._watch.begin("dev")

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Steps go on."""
        self._watch.begin("train")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """What follows is saving."""
        logged = [(int(entry["step"]), entry["loss"]) for entry in state.log_history if "loss" in entry]
        self.losses = tuple((step, loss if math.isfinite(loss) else None) for step, loss in logged)
        self._watch.begin("save")


def time_encoding(model: Any, watch: Stopwatch) -> None:
    """From now on, what a model encodes counts as that.

    Args:
        model: A sentence-transformers model; its methods for queries and documents go through `encode`.
        watch: The stopwatch.
    """
    encode = model.encode

    @functools.wraps(encode)
    def timed(*args: Any, **kwargs: Any) -> Any:
        with watch.within("encode"):
            return encode(*args, **kwargs)

    model.encode = timed
