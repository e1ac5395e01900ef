"""`isoglot train` under torchrun: one model, one answer."""

import json
import os
import subprocess
import sys
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
