"""`isoglot train`: from a TOML file to a model directory, through a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from isoglot.cli import main
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
steps = {steps}
batch_size = 16
learning_rate = 0.02
checkpoint_every_steps = 20
"""


@pytest.fixture
def root(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    write_corpus(toy_corpus, tmp_path / "corpus")
    return tmp_path


def write_toml(root: Path, name: str, steps: int) -> Path:
    path = root / f"{name}.toml"
    path.write_text(TOML.format(root=root, name=name, steps=steps))
    return path


def test_a_model_directory_and_what_was_drawn(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = write_toml(root, "model", 12)
    assert main(["train", str(toml), "--set", "scheme.name=monolingual", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["model"] == str(root / "model")
    assert printed["provenance"]["num_batches"] == 12
    assert printed["provenance"]["share_monolingual"] == 1
    assert (root / "model" / "modules.json").is_file()


def test_it_says_what_to_do_next(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(write_toml(root, "model", 5))]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "5 batches" in said
    assert "isoglot evaluate" in said


def test_mistakes_end_with_exit_code_2_before_any_work(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = write_toml(root, "model", 12)
    toml.write_text(toml.read_text().replace("steps", "stepps").replace("16", "-1"))
    assert main(["train", str(toml)]) == 2
    said = capsys.readouterr().err
    for part in ("stepps", "steps", "dimension must be >= 1", "batch_size must be >= 2"):
        assert part in said
    assert not (root / "model").exists()


@pytest.mark.slow
def test_a_killed_training_ends_like_an_undisturbed_one(root: Path) -> None:
    assert main(["train", str(write_toml(root, "undisturbed", 400))]) == 0
    toml = write_toml(root, "killed", 400)
    command = [sys.executable, "-m", "isoglot.cli", "train", str(toml)]
    kills = 0
    for step in (40, 200):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=dict(os.environ))
        mark = root / "killed" / "checkpoints" / f"checkpoint-{step}" / "complete"
        deadline = time.monotonic() + 120
        while process.poll() is None and not mark.exists() and time.monotonic() < deadline:
            time.sleep(0.002)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    assert kills, "the training was over before it could be killed"
    assert not (root / "killed" / "modules.json").exists()
    assert main(["train", str(toml)]) == 0
    for name in ("model.safetensors", "tokenizer.json"):
        found = [list((root / run).rglob(name)) for run in ("undisturbed", "killed")]
        assert [len(files) for files in found] == [1, 1]
        assert found[0][0].read_bytes() == found[1][0].read_bytes()
    drawn = [
        json.loads((root / run / "isoglot.json").read_text())["provenance"]
        for run in ("undisturbed", "killed")
    ]
    assert drawn[0] == drawn[1]
