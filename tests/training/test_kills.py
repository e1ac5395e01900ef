"""A training that is killed at any moment, and started again, ends as if nothing had been."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus

PROGRAM = Path(__file__).parent / "programs" / "kills.py"


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "seed"), [("transformer", 0), ("static", 1)])
def test_no_kill_leaves_a_trace(toy_corpus: ParallelCorpus, tmp_path: Path, kind: str, seed: int) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    folder = tmp_path / "models"
    folder.mkdir()
    command = [sys.executable, PROGRAM, tmp_path / "corpus", folder, kind, "24", str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        list(map(str, command)), env=environment, check=False, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    kills = json.loads((folder / "kills.json").read_text())
    assert sum(kills.values()) == 24
    assert min(kills.values()) > 0
    assert len(kills) == 4
    undisturbed = {path.relative_to(folder / "undisturbed") for path in files(folder / "undisturbed")}
    assert {path.name for path in undisturbed} >= {"model.safetensors", "tokenizer.json", "isoglot.json"}
    killed = sorted(path for path in folder.iterdir() if path.name.isdecimal())
    assert killed
    for model in killed:
        assert {path.relative_to(model) for path in files(model)} == undisturbed
        for name in undisturbed - {Path("README.md")}:  # the card tells how long it took
            assert (model / name).read_bytes() == (folder / "undisturbed" / name).read_bytes(), model / name


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
