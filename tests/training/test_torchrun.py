"""`isoglot train` under torchrun: one model, one answer, also after a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus

TOML = """
output = "{root}/{name}"
[[corpora]]
folder = "{root}/corpus"
[encoder]
dimension = 16
vocabulary_size = 300
[training]
steps = 8
batch_size = 16
learning_rate = 0.02
checkpoint_every_steps = 4
"""


@pytest.mark.slow
def test_two_processes_of_the_command_make_the_model_of_one(
    toy_corpus: ParallelCorpus, tmp_path: Path, free_port: int
) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    torchrun = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", str(free_port)]
    said = {}
    for name, launcher in (("one", []), ("two", torchrun)):
        toml = tmp_path / f"{name}.toml"
        toml.write_text(TOML.format(root=tmp_path, name=name))
        done = subprocess.run(
            [sys.executable, *launcher, "-m", "isoglot.cli", "train", str(toml), "--json"],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        said[name] = json.loads(done.stdout)
        assert "Traceback" not in done.stderr
    assert said["one"]["provenance"] == said["two"]["provenance"]
    found = {name: load_file(next((tmp_path / name).rglob("*.safetensors"))) for name in said}
    for key, tensor in found["one"].items():
        torch.testing.assert_close(found["two"][key], tensor, atol=1e-5, rtol=1e-4)


TWO_PROCESSES = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port"]


def start(toml: Path, port: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *TWO_PROCESSES, str(port), "-m", "isoglot.cli", "train", str(toml)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_when(training: subprocess.Popen[bytes], moment: Callable[[], bool]) -> None:
    """SIGKILL to the launcher and all that it started."""
    deadline = time.monotonic() + 240
    while not moment():
        assert training.poll() is None, "the training ended before its kill"
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.002)
    os.killpg(training.pid, signal.SIGKILL)
    training.wait()


@pytest.mark.slow
def test_two_processes_that_are_killed_go_on(
    toy_corpus: ParallelCorpus, tmp_path: Path, free_port: int
) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    tomls = {name: tmp_path / f"{name}.toml" for name in ("undisturbed", "killed")}
    for name, toml in tomls.items():
        text = TOML.format(root=tmp_path, name=name).replace("steps = 8", "steps = 40")
        toml.write_text(text)
    assert start(tomls["undisturbed"], free_port).wait(timeout=240) == 0
    checkpoints = tmp_path / "killed" / "checkpoints"
    for moment in (
        lambda: any(checkpoints.glob("checkpoint-4/*")),  # while the first checkpoint is being written
        lambda: (checkpoints / "checkpoint-16").is_dir(),
        lambda: (checkpoints / "checkpoint-32" / "course_0.pt").is_file(),
    ):
        kill_when(start(tomls["killed"], free_port), moment)
        assert not json.loads((tmp_path / "killed" / "isoglot.json").read_text())["finished"]
    assert start(tomls["killed"], free_port).wait(timeout=240) == 0
    assert not checkpoints.exists()
    whole, again = (next((tmp_path / name).rglob("*.safetensors")) for name in tomls)
    assert again.read_bytes() == whole.read_bytes()
