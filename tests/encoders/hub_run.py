"""Loads models by name from a cache of a hub, offline: a program for a test.

python hub_run.py CACHE MARK

Prints JSON: of each kind of model the shape of what it encodes, or the error. MARK is a file that pickles of
the models write when they are loaded.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

CACHE, MARK = Path(sys.argv[1]), Path(sys.argv[2])
os.environ |= {"HF_HUB_CACHE": str(CACHE), "HF_HUB_OFFLINE": "1"}  # read when the libraries are imported

from sentence_transformers.sentence_transformer.modules import Dense  # noqa: E402

from isoglot.encoders import build_transformer_encoder, load_encoder, train_subwords  # noqa: E402
from isoglot.errors import CheckpointError  # noqa: E402

COMMIT = "0" * 40
TEXTS = ["ein roter Kreis", "a blue square"]


class Malicious:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (MARK,)


def put(name: str, spoil: Callable[[Path], None]) -> None:
    """Saves a model as the cache would hold it."""
    entry = CACHE / f"models--somebody--{name}"
    snapshot = entry / "snapshots" / COMMIT
    model = build_transformer_encoder(
        train_subwords(TEXTS, 60, model="bpe"), layers=1, hidden_size=8, heads=2
    )
    model.append(Dense(8, 6))
    model.save(str(snapshot))
    spoil(snapshot)
    (entry / "refs").mkdir()
    (entry / "refs" / "main").write_text(COMMIT)


def pickled(folder: Path) -> None:
    """Puts a pickle in the place of weights."""
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Malicious()))


def outcome(name: str, **options: object) -> object:
    """What loading a model by name gives."""
    try:
        return list(load_encoder(f"somebody/{name}", device="cpu", **options).encode(TEXTS).shape)
    except CheckpointError as error:
        return str(error)


if __name__ == "__main__":
    put("sound", lambda folder: None)
    put("transformer", pickled)
    put("dense", lambda folder: pickled(next(folder.glob("*_Dense"))))
    told = {name: outcome(name) for name in ("sound", "transformer", "dense", "missing")}
    told["pooled"] = outcome("transformer", pooling="mean")
    sys.stdout.write(json.dumps(told))
