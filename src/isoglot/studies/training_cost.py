"""What a training costs: operations counted in some of its steps, tokens and items in all of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from isoglot.studies.flops import CountedFlops, count_flops

NUM_COUNTED_STEPS = 16
"""Steps whose operations are counted, spread evenly over a training: counting slows a step down."""


@dataclass(frozen=True)
class TrainingCost:
    """The cost of a training, by what was seen of it.

    Attributes:
        steps: Steps of the training.
        flops: Operations of all steps: the mean of those counted, times the steps; None if none was.
        tokens: Subwords that encoders of texts read, padding left out; what is read twice, as in mini-batches
            whose gradients are cached, or perturbed, counts twice.
        items: Pictures, videos and sounds that encoders read, or ready features of them.
        num_counted_steps: Steps whose operations were counted.
        num_seen_steps: Steps whose tokens and items were; a resumed training was seen in part.
    """

    steps: int
    flops: float | None
    tokens: float
    items: float
    num_counted_steps: int
    num_seen_steps: int


class CostCounter(TrainerCallback):
    """Counts while a training runs; one of its callbacks.

    Attributes:
        num_counted_steps: Steps whose operations are to be counted.
    """

    def __init__(self, num_counted_steps: int = NUM_COUNTED_STEPS) -> None:
        """Makes the counter.

        Args:
            num_counted_steps: Steps whose operations are to be counted; 0 for none.
        """
        self.num_counted_steps = num_counted_steps
        self._flops: list[int] = []
        self._tokens = self._items = self._seen = self._steps = 0
        self._turns: set[int] = set()
        self._counting: tuple[ExitStack, CountedFlops] | None = None
        self._hook: Any = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begins to watch what the encoder reads."""
        self._steps = state.max_steps
        # In the middle of each of as many equal stretches: neither the first steps nor the last alone.
        number = min(self.num_counted_steps, self._steps)
        self._turns = {(2 * turn + 1) * self._steps // (2 * number) for turn in range(number)}
        self._hook = _encoder(kwargs["model"]).register_forward_pre_hook(self._read)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begins to count operations, if this step's turn has come."""
        if state.global_step in self._turns:
            stack = ExitStack()
            self._counting = stack, stack.enter_context(count_flops())

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Ends counting."""
        self._seen += 1
        self._stop()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Ends watching."""
        self._hook.remove()

    def cost(self) -> TrainingCost:
        """What the whole training cost, by the steps that were seen."""
        share = self._steps / self._seen if self._seen else 0.0
        mean = sum(self._flops) / len(self._flops) if self._flops else None
        return TrainingCost(
            steps=self._steps,
            flops=None if mean is None else mean * self._steps,
            tokens=self._tokens * share,
            items=self._items * share,
            num_counted_steps=len(self._flops),
            num_seen_steps=self._seen,
        )

    def _stop(self) -> None:
        if self._counting is not None:
            stack, counted = self._counting
            self._counting = None
            stack.close()
            self._flops.append(counted.total)

    def _read(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if module.training:  # dev evaluation is no training
            tokens, items = count_input(inputs[0])
            self._tokens += tokens
            self._items += items


def _encoder(model: nn.Module) -> nn.Module:
    """The encoder, out of whatever wraps it."""
    inner = getattr(model, "module", model)
    assert isinstance(inner, nn.Module)
    return inner


def count_input(features: dict[str, Any]) -> tuple[int, int]:
    """Tokens and items of other media in the input of an encoder.

    Args:
        features: Model input by name.

    Returns:
        Subwords without padding, and rows of what is no text.
    """
    ids = features.get("input_ids")
    mask = features.get("attention_mask")
    if isinstance(ids, Tensor):
        with_padding = isinstance(mask, Tensor) and mask.shape == ids.shape
        return int(mask.sum()) if with_padding and mask is not None else ids.numel(), 0
    rows = [len(value) for value in features.values() if isinstance(value, Tensor) and value.ndim > 1]
    return 0, max(rows, default=0)
