"""The trainer: sentence-transformers', fed by a pair sampler."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from accelerate.data_loader import prepare_data_loader
from sentence_transformers import SentenceTransformerTrainer
from sentence_transformers.base.evaluation import BaseEvaluator
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from isoglot.batches.collation import PairBatches, PairCollator
from isoglot.batches.sampler import PairBatchSampler
from isoglot.training.provenance import Provenance
from isoglot.training.sparse import RowAdam

COMPLETE_MARK = "complete"
"""File that is written last into a checkpoint, so that a torn one is known."""


class PairTrainer(SentenceTransformerTrainer):
    """sentence-transformers' trainer over the batches of a `PairBatchSampler`.

    Attributes:
        sampler: Draws the batches.
        provenance: What was drawn.
        sparse: Whether static embeddings have sparse gradients.
    """

    def __init__(
        self,
        *,
        sampler: PairBatchSampler,
        collator: PairCollator,
        loss: nn.Module,
        sparse: bool,
        **kwargs: Any,
    ) -> None:
        """Makes the trainer.

        Args:
            sampler: Draws the batches.
            collator: Turns them into model input.
            loss: Takes the features of queries and documents, and the groups as labels.
            sparse: Whether static embeddings have sparse gradients.
            **kwargs: Further arguments of `SentenceTransformerTrainer`.
        """
        self.sampler = sampler
        self.pair_collator = collator
        self.sparse = sparse
        self.pair_loss = loss
        self.provenance = Provenance(sampler.pairs.languages)
        super().__init__(loss=loss, **kwargs)
        self.add_callback(_CheckpointMark(self))

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of pairs, the same on every resumption."""
        batches: Any = self.sampler  # a loader takes whole batches; its annotations know lists of items only
        collator: Any = self.pair_collator
        loader: DataLoader[Any] = DataLoader(
            PairBatches(self.sampler), batch_sampler=batches, collate_fn=collator
        )
        # Every process draws its own share; accelerate would deal whole batches to processes in turn, which
        # then meet different languages in one step.
        prepared: DataLoader[Any] = prepare_data_loader(
            loader,
            self.accelerator.device,
            num_processes=1,
            process_index=0,
            put_on_device=self.accelerator.device_placement,
        )
        self._train_dataloader = prepared
        return prepared

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """`RowAdam` where gradients are sparse, the trainer's own optimiser elsewhere."""
        if self.sparse and self.optimizer is None:
            parameters = [parameter for parameter in self.pair_loss.parameters() if parameter.requires_grad]
            self.optimizer = RowAdam(parameters, lr=self.args.learning_rate)
        created: torch.optim.Optimizer = super().create_optimizer(model)
        return created

    def _get_grad_norm(self, model: nn.Module, *args: Any, **kwargs: Any) -> Any:
        # torch has no norm of sparse gradients; where there are any, the logged norm is that of their values.
        if not self.sparse:
            return super()._get_grad_norm(model, *args, **kwargs)  # type: ignore[no-untyped-call]
        gradients = [
            parameter.grad for parameter in self.pair_loss.parameters() if parameter.grad is not None
        ]
        values = [gradient._values() if gradient.is_sparse else gradient for gradient in gradients]
        return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(value) for value in values]))

    def training_step(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Tensor:
        """A step; counts the languages of its pairs."""
        self.provenance.count(inputs.pop("provenance").cpu().numpy())
        loss: Tensor = super().training_step(model, inputs, *args, **kwargs)
        return loss


class DevEvaluation(BaseEvaluator):
    """Any callable from model to measures, as the trainer wants its evaluator."""

    def __init__(self, evaluate: Callable[[Any], dict[str, float]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.evaluate = evaluate

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: int = -1, steps: int = -1
    ) -> dict[str, float]:
        """Measures of the model, by name."""
        return self.evaluate(model)


class _CheckpointMark(TrainerCallback):
    """Completes each checkpoint with the provenance so far, and a mark that nothing is missing."""

    def __init__(self, trainer: PairTrainer) -> None:
        self.trainer = trainer

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            self.trainer.provenance.save(folder)
            (folder / COMPLETE_MARK).touch()


def last_complete_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint below a folder that was written to its end; None if there is none."""
    complete = [path.parent for path in folder.glob(f"checkpoint-*/{COMPLETE_MARK}")]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)
