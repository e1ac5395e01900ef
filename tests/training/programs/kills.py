"""Kills a training again and again: `kills.py CORPUS FOLDER ENCODER NUM_KILLS SEED`.

Each attempt is a child of this process, which has imported everything and computed nothing. It dies by
SIGKILL, either before some file in the model's folder is opened, renamed or deleted, or after some time.
Trainings are begun one after the other, `0`, `1`, ... in FOLDER, until there were enough kills; the last goes
to its end. Beside them stands `undisturbed`.
"""

from __future__ import annotations

import json
import os
import random
import runpy
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers.trainer  # noqa: F401  # so that no child has to
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer  # noqa: F401

from isoglot.batches import Hybrid
from isoglot.corpora import read_corpus
from isoglot.training import TrainingSettings, fit, loss, trainer  # noqa: F401
from isoglot.training.settings import ObjectiveSettings

build = runpy.run_path(str(Path(__file__).with_name("train.py")))["build"]
SETTINGS = TrainingSettings(
    steps=20,
    batch_size=8,
    learning_rate=0.01,
    evaluate_every_steps=3,
    objective=ObjectiveSettings(learn_temperature=True),
)

AFTER = {"any file": "", "a checkpoint's mark": "trainer_state.json", "the final save": "/.partial"}
"""What is waited for before operations on files are counted."""
FILES = {"any file": 250, "a checkpoint's mark": 40, "the final save": 110, "some time": 1}
"""About how many there are from there on."""


def evaluate(model: SentenceTransformer) -> dict[str, float]:
    """A measure with ups and downs, so that the best checkpoint is now an old one and now the newest."""
    weight = next(iter(model.parameters())).detach()
    return {"mean_AP": float(weight.flatten()[:50].sum() * 1000) % 1}


def train(corpus_folder: str, output: Path, kind: str, arm: Callable[[], None] = lambda: None) -> None:
    arm()
    torch.set_num_threads(1)
    corpus = read_corpus(corpus_folder)
    model = build(kind, corpus.documents["text"].to_pylist(), dropout=0.1)
    fit(model, corpus, scheme=Hybrid(), output_dir=output, settings=SETTINGS, evaluator=evaluate)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at_file(number: int, folder: Path, after: str) -> None:
    """Arms this process to die before the file operation of that number in a folder, counted after a name."""
    seen: list[str] = []

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"}:
            return
        path = str(arguments[0])
        if str(folder) in path and (seen or after in path):
            seen.append(path)
            if len(seen) > number:
                die()

    sys.addaudithook(watch)


def die_after(seconds: float) -> None:
    """Arms this process to die after a while."""
    signal.signal(signal.SIGALRM, lambda *_: die())
    signal.setitimer(signal.ITIMER_REAL, seconds)


def in_child(action: Callable[[], None]) -> int:
    """Exit status of a child that does something: -9 if it was killed."""
    child = os.fork()
    if not child:
        status = 1
        try:
            action()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(corpus: str, root: str, kind: str, num_kills: str, seed: str) -> None:
    assert threading.active_count() == 1, "a child would lack the other threads"
    folder, chance = Path(root), random.Random(int(seed))
    started = time.monotonic()
    assert in_child(partial(train, corpus, folder / "undisturbed", kind)) == 0
    seconds = time.monotonic() - started
    kills, number = Counter[str](), 0
    while kills.total() < int(num_kills):
        aim = chance.choice(["any file", "a checkpoint's mark", "the final save", "some time"])
        at_file, at_second = chance.randrange(FILES[aim]), chance.uniform(0.2, 1) * seconds
        arm = partial(die_after, at_second)
        if aim != "some time":
            arm = partial(die_at_file, at_file, folder / str(number), AFTER[aim])
        attempt = partial(train, corpus, folder / str(number), kind, arm)
        status = in_child(attempt)
        assert status in (0, -signal.SIGKILL), status
        kills[aim] += status != 0
        number += status == 0
    if (folder / str(number)).exists():
        assert in_child(partial(train, corpus, folder / str(number), kind)) == 0
    (folder / "kills.json").write_text(json.dumps(kills))


if __name__ == "__main__":
    main(*sys.argv[1:])
