"""`isoglot study`: the plan without the work, and mistakes."""

import json
from pathlib import Path

import pytest

from isoglot.cli import main
from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus

TOML = """
[study]
name = "toy"
question = "Do hybrid batches pay?"
output = "{root}/study"
[base]
output = "x"
corpora = [{{folder = "{root}/corpus"}}]
encoder = {{vocabulary_size = 300, dimension = 8}}
training = {{steps = 5, batch_size = 16, learning_rate = 0.02}}
[[axes]]
key = "scheme.name"
values = ["monolingual", "hybrid"]
[evaluate]
num_resamples = 5
corpora = [{{folder = "{root}/corpus", split = "dev"}}]
"""


@pytest.fixture
def toml(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    write_corpus(toy_corpus, tmp_path / "corpus")
    path = tmp_path / "study.toml"
    path.write_text(TOML.format(root=tmp_path))
    return path


def test_a_dry_run_lists_the_cells_and_does_nothing(
    toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", str(toml), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "Do hybrid batches pay?" in shown
    assert shown.count("to do") == 2
    assert not (tmp_path / "study").exists()


def test_cells_run_and_are_listed_with_their_commands(
    toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["study", str(toml), "--workers", "0", "--only", "hybrid", "--json"]) == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert cell["state"] == "finished"
    assert (tmp_path / "study" / cell["results"]).is_file()
    assert cell["command"] == f"isoglot study {toml} --only {cell['id']}"
    assert main(["study", str(toml), "--dry-run", "--json"]) == 0
    states = {each["id"]: each["state"] for each in json.loads(capsys.readouterr().out)["cells"]}
    assert states.pop(cell["id"]) == "finished"
    assert list(states.values()) == ["to do"]


def test_mistakes_anywhere_in_the_grid_end_with_exit_code_2(
    toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml.write_text(toml.read_text().replace('"hybrid"', '"hybird"').replace("steps = 5", "steps = 0"))
    assert main(["study", str(toml)]) == 2
    said = capsys.readouterr().err
    assert "did you mean hybrid?" in said
    assert "steps must be >= 1, got 0" in said
    assert not (tmp_path / "study").exists()


def test_a_cell_that_does_not_exist_cannot_be_chosen(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", str(toml), "--only", "pooled"]) == 2
    assert "--only pooled: there is no such cell; there is scheme.name=hybrid" in capsys.readouterr().err
