"""The trainer: sentence-transformers', fed by a pair sampler."""

from __future__ import annotations

import difflib
import shutil
import warnings
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from accelerate.data_loader import prepare_data_loader
from sentence_transformers import SentenceTransformerTrainer
from sentence_transformers.base.evaluation import BaseEvaluator
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from isoglot.batches.collation import PairBatches, PairCollator
from isoglot.batches.drawing import BATCH_KINDS
from isoglot.batches.sampler import BatchShare, PairBatchSampler
from isoglot.errors import CheckpointError, ConfigError
from isoglot.training import checkpoints
from isoglot.training.processes import Processes
from isoglot.training.provenance import Provenance
from isoglot.training.reduction import average_gradients, copy_from_first
from isoglot.training.sparse import RowAdam

if TYPE_CHECKING:
    from isoglot.training.loss import RetrievalLoss

_DRAWN = "drawn"


class PairTrainer(SentenceTransformerTrainer):
    """sentence-transformers' trainer over the batches of a `PairBatchSampler`.

    Attributes:
        sampler: Draws the batches.
        provenance: What was drawn.
        sparse: Whether static embeddings have sparse gradients.
        processes: This process among those that train together.
    """

    def __init__(
        self,
        *,
        sampler: PairBatchSampler,
        collator: PairCollator,
        loss: RetrievalLoss,
        sparse: bool,
        processes: Processes,
        **kwargs: Any,
    ) -> None:
        """Makes the trainer.

        Args:
            sampler: Draws the batches.
            collator: Turns them into model input.
            loss: Takes the features of queries and documents, and the groups as labels.
            sparse: Whether static embeddings have sparse gradients.
            processes: This process among those that train together.
            **kwargs: Further arguments of `SentenceTransformerTrainer`.
        """
        self.sampler = sampler
        self.pair_collator = collator
        self.sparse = sparse
        self.processes = processes
        self.pair_loss = loss
        self.provenance = Provenance.of_parts(sampler.languages, [part.label for part in sampler.parts])
        self.resumed: Path | None = None
        data_collator: Any = (
            collator  # one of their own would be made, which refuses a model of several towers
        )
        super().__init__(loss=loss, data_collator=data_collator, **kwargs)
        # Gradients are averaged in `training_step`, so the model is wrapped in nothing.
        self.accelerator.prepare_model = partial(self.accelerator.prepare_model, evaluation_mode=True)
        self.add_callback(_Restoration(self))

    def resume(self, checkpoint: Path | None) -> None:
        """Trains to the end.

        Args:
            checkpoint: The checkpoint to go on from; None starts anew.
        """
        self.resumed = checkpoint
        if checkpoint is not None:
            self.provenance = Provenance.load(checkpoint)
            self._warn_of_other_number(checkpoint)
        copy_from_first([*self.pair_loss.parameters(), *self.pair_loss.buffers()])
        self.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))

    def _warn_of_other_number(self, checkpoint: Path) -> None:
        wrote, count = len(list(checkpoint.glob(_course_name("*")))), self.processes.count
        if wrote != count and self.processes.first:
            warnings.warn(
                f"{wrote} processes wrote {checkpoint}, {count} goes on: the model will be the same but for "
                "rounding, and for what is drawn by dropout",
                stacklevel=3,
            )

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Batches of pairs, the same on every resumption."""
        batches: Any = self.sampler  # a loader takes whole batches; its annotations know lists of items only
        collate: Any = self._collate
        loader: DataLoader[Any] = DataLoader(
            PairBatches(self.sampler), batch_sampler=batches, collate_fn=collate
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

    def _collate(self, share: BatchShare) -> dict[str, Any]:
        features: dict[str, Any] = self.pair_collator(share)
        codes = features.pop("provenance").numpy()
        part, kind = features.pop("drawn").tolist()
        # No tensors, so that they stay off the accelerator: to read them back would be to wait for it.
        return features | {_DRAWN: (part, BATCH_KINDS[kind], codes)}

    @cached_property
    def trained(self) -> list[Tensor]:
        """What is trained, of the model and of the loss; asked for in every step, so listed once."""
        return [parameter for parameter in self.pair_loss.parameters() if parameter.requires_grad]

    @property
    def loss_parameters(self) -> dict[str, Tensor]:
        """What is trained of the loss and is no part of the model: a temperature, say."""
        of_model = {id(parameter) for parameter in self.model.parameters()}
        return {
            name: parameter
            for name, parameter in self.pair_loss.named_parameters()
            if parameter.requires_grad and id(parameter) not in of_model
        }

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """`RowAdam` where gradients are sparse, the trainer's own optimiser elsewhere."""
        if self.sparse and self.optimizer is None:
            self.optimizer = RowAdam(self.trained, lr=self.args.learning_rate)
        created: torch.optim.Optimizer = super().create_optimizer(model)
        return created

    def _get_grad_norm(self, model: nn.Module, grad_norm: Any = None) -> Any:
        # The norm is only logged: where clipping has not given it, it is taken for the steps that are logged.
        if grad_norm is not None or (self.state.global_step + 1) % self.args.logging_steps:
            return grad_norm
        # torch has no norm of sparse gradients; where there are any, it is that of their values.
        gradients = [parameter.grad for parameter in self.trained if parameter.grad is not None]
        values = [gradient._values() if gradient.is_sparse else gradient for gradient in gradients]
        return torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(value) for value in values]))

    def training_step(self, model: nn.Module, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> Tensor:
        """A step; counts the languages of its pairs, and averages gradients over processes."""
        self.provenance.count(*inputs.pop(_DRAWN))
        self.pair_loss.step = self.state.global_step
        loss: Tensor = super().training_step(model, inputs, *args, **kwargs)
        average_gradients(self.trained)
        return loss

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        folder = Path(str(self.args.output_dir)) / f"checkpoint-{self.state.global_step}"
        if (folder / checkpoints.MARK).is_file():  # the one that was gone on from, with no step left to do
            return
        try:
            super()._save_checkpoint(model, trial)
            self._save_course(folder)
            self.processes.wait()
            if self.processes.first:
                self.provenance.save(folder)
                checkpoints.seal(folder)
        except Exception as error:  # disk full, no permission: each library has its own errors for it
            shutil.rmtree(folder, ignore_errors=True)
            raise CheckpointError(
                f"{folder}: the checkpoint cannot be written: {error}; make room, and start the same command "
                "again: training goes on from the checkpoint before it"
            ) from error
        if self.processes.first:
            checkpoints.prune(folder.parent, checkpoints.best_checkpoint(folder))

    def _save_course(self, folder: Path) -> None:
        """Writes what transformers' trainer forgets: parameters of the loss, losses since the last log."""
        course = {
            "parameters": {name: parameter.detach() for name, parameter in self.loss_parameters.items()},
            "loss": self._tr_loss,
            "total_loss": self._total_loss_scalar,
            "logged_step": self._globalstep_last_logged,
            "loss_parts": self.accum_loss_components,
        }
        torch.save(course, folder / _course_name(self.processes.number))

    def restore_course(self, folder: Path) -> None:
        """Takes up what `_save_course` wrote.

        Args:
            folder: The checkpoint that training goes on from.
        """
        path = folder / _course_name(self.processes.number)
        if not path.is_file():  # written by fewer processes: all have the same parameters
            path = folder / _course_name(0)
        course = torch.load(path, map_location=self.args.device, weights_only=True)
        with torch.no_grad():
            for name, parameter in self.loss_parameters.items():
                parameter.copy_(course["parameters"][name])
        self._tr_loss += course["loss"]
        self._total_loss_scalar = course["total_loss"]
        self._globalstep_last_logged = course["logged_step"]
        self.accum_loss_components = course["loss_parts"]

    def _load_best_model(self) -> None:
        # sentence-transformers goes on with the last model where the best cannot be loaded.
        checkpoints.check_whole(Path(str(self.state.best_model_checkpoint)))
        super()._load_best_model()


class DevEvaluation(BaseEvaluator):
    """Any callable from model to measures, as the trainer wants its evaluator."""

    def __init__(self, evaluate: Callable[[Any], dict[str, float]], measure: str = "") -> None:
        """Makes the evaluator.

        Args:
            evaluate: The callable.
            measure: The measure that chooses the checkpoint; "" for none.
        """
        super().__init__()  # type: ignore[no-untyped-call]
        self.evaluate = evaluate
        self.measure = measure

    def __call__(
        self, model: Any, output_path: str | None = None, epoch: int = -1, steps: int = -1
    ) -> dict[str, float]:
        """Measures of the model, by name; a ConfigError if the one that chooses is not among them."""
        found = self.evaluate(model)
        if self.measure and self.measure not in found:
            near = difflib.get_close_matches(self.measure, found, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(found)[:12])}"
            raise ConfigError(f"measure: the dev evaluation gives no {self.measure!r}; {hint}")
        return found


class _Restoration(TrainerCallback):
    """Takes up the course of a training where a checkpoint left it."""

    def __init__(self, trainer: PairTrainer) -> None:
        self.trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if self.trainer.resumed is not None:
            self.trainer.restore_course(self.trainer.resumed)


def _course_name(process: int | str) -> str:
    return f"course_{process}.pt"
