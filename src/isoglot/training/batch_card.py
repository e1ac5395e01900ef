"""What a plain sentence-transformers training drew, on its model card and beside its model.

Its training arguments leave a batch sampler that is a callable out of what they tell the model card: a model
would not say how its batches were made.
"""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from isoglot.batches.plain import RowBatchSampler
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.errors import ConfigError
from isoglot.training.artefact import write_record
from isoglot.training.provenance import Provenance
from isoglot.versions import installed_versions

_PACKAGES = ("isoglot", "sentence-transformers", "transformers", "accelerate", "torch", "numpy")


class BatchCard(TrainerCallback):
    """Says on the model card how batches were drawn, and writes `isoglot.json` beside the model.

    A callback for sentence-transformers' trainer: `callbacks=[isoglot.BatchCard()]`. Every checkpoint, and in
    the end the output directory (where `trainer.save_model()` saves), gets the record; `write` puts it
    elsewhere. The batches are a pure function of seed and epoch, so what was drawn is found by drawing it
    again: the counts are right after a resumption too.
    """

    def __init__(self) -> None:
        self._replay: _Replay | None = None
        self._seed = 0

    def record(self) -> dict[str, Any]:
        """How batches were made, and how many of which languages were drawn so far.

        Returns:
            Content of `isoglot.json`.

        Raises:
            ConfigError: If no training has begun.
        """
        if self._replay is None:
            raise ConfigError(
                "there is nothing to record before training: pass callbacks=[card] to the trainer"
            )
        sampler = self._replay.sampler
        return {
            **sampler.settings,
            "finished": True,  # a checkpoint is a whole model too
            "seed": sampler.seed,
            "num_processes": sampler.num_processes,
            "num_pairs": {cell.name: len(cell.rows) for cell in sampler.pair_rows.cells},
            "provenance": self._replay.provenance.to_dict(),
            "versions": installed_versions(*_PACKAGES),
        }

    def write(self, folder: str | Path) -> None:
        """Writes `isoglot.json` beside a model.

        Args:
            folder: Where the model is saved.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        write_record(Path(folder), self.record())

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Finds the batch sampler."""
        self._replay = _Replay(_row_sampler(kwargs["train_dataloader"]))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Brings the card up to date where a checkpoint follows."""
        if control.should_save:
            self._tell(args, state, kwargs["model"])

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Brings the card up to date where a checkpoint follows."""
        if control.should_save:
            self._tell(args, state, kwargs["model"])

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Writes the record into the checkpoint."""
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            self.write(folder)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Brings the card up to date and writes the record into the output directory."""
        self._tell(args, state, kwargs["model"])
        if state.is_world_process_zero:
            self.write(str(args.output_dir))

    def _tell(self, args: TrainingArguments, state: TrainerState, model: Any) -> None:
        assert self._replay is not None
        self._replay.advance(self._replay.num_batches(state.global_step, args.gradient_accumulation_steps))
        record = self.record()
        drawn = record["provenance"]
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in drawn["batches"].items())
        told = {
            "batch_sampler": json.dumps({"scheme": record["scheme"], "batch_size": record["batch_size"]}),
            "batches drawn": f"{drawn['num_batches']:,} ({kinds})",
            "pairs drawn": ", ".join(f"{count:,} {pair}" for pair, count in drawn["pairs"].items()),
        }
        model.model_card_data.non_default_hyperparameters.update(told)
        model.model_card_data.all_hyperparameters.update(told)


class _Replay:
    """The batches of a training once more, counted."""

    def __init__(self, sampler: RowBatchSampler) -> None:
        self.sampler = sampler
        cells = sampler.pair_rows.cells
        tags = [(cell.query_language, cell.document_language) for cell in cells]
        languages = sorted({tag for pair in tags for tag in pair} - {NO_LANGUAGE})
        codes = {NO_LANGUAGE: -1, **{tag: code for code, tag in enumerate(languages)}}
        data_sets = list(dict.fromkeys(cell.data_set for cell in cells))
        self.provenance = Provenance.of_parts(languages, data_sets)
        self._codes = np.array([[codes[query], codes[document]] for query, document in tags], np.int64)
        self._parts = [data_sets.index(cell.data_set) for cell in cells]
        self._epoch, self._done = 0, 0
        self._batches = sampler.whole_batches(0)

    def num_batches(self, step: int, accumulation: int) -> int:
        """Whole batches that so many steps take; the last step of an epoch may take fewer than the others."""
        in_epoch = self.sampler.num_whole_batches
        epochs, steps = divmod(step, ceil(in_epoch / accumulation))
        return epochs * in_epoch + min(steps * accumulation, in_epoch)

    def advance(self, number: int) -> None:
        """Counts until so many batches are counted."""
        while self._done < number:
            batch = next(self._batches, None)
            if batch is None:
                self._epoch += 1
                self._batches = self.sampler.whole_batches(self._epoch)
            else:
                codes = self._codes[batch.cells]
                kind = batch.kind if codes.max() >= 0 else "any"  # pictures for pictures
                self.provenance.count(self._parts[batch.cells[0]], kind, codes)
                self._done += 1


def _row_sampler(loader: Any) -> RowBatchSampler:
    """Ours among the samplers that a loader puts around it."""
    sampler = getattr(loader, "batch_sampler", None)
    while sampler is not None and not isinstance(sampler, RowBatchSampler):
        sampler = getattr(sampler, "batch_sampler", None)
    if sampler is None:
        raise ConfigError(
            "BatchCard records isoglot's batches, and this training has others; set "
            "batch_sampler=isoglot.HybridBatchSampler(...) or multi_dataset_batch_sampler=..."
        )
    return sampler
