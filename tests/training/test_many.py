"""Several processes train what one trains: over gloo, two of them on this computer."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError

TRAIN = Path(__file__).parent / "programs" / "train.py"


@pytest.fixture
def corpus_folder(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    write_corpus(toy_corpus, tmp_path / "corpus")
    return tmp_path / "corpus"


def train_alone(*arguments: object) -> None:
    runpy.run_path(str(TRAIN))["main"](*map(str, arguments))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Those that matter: attention is the same whatever is added to all keys, so Adam moves that by noise."""
    return {
        f"{path.relative_to(folder)}:{name}": tensor
        for path in sorted(folder.rglob("*.safetensors"))
        for name, tensor in load_file(path).items()
        if not name.endswith("key.bias")
    }


def drawn(output: Path, num_processes: int) -> list[list[Any]]:
    return [json.loads(Path(f"{output}.{number}.json").read_text()) for number in range(num_processes)]


@pytest.mark.parametrize(
    "kind", ["static", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("transformer", "towers"))]
)
def test_two_processes_end_where_one_does(launch, corpus_folder: Path, tmp_path: Path, kind: str) -> None:
    check_that_both_end_alike(launch, corpus_folder, tmp_path, kind)


@pytest.mark.slow
@pytest.mark.parametrize("contrastive", ["patr", "m3l"])
def test_two_processes_find_the_same_negatives_as_one(
    launch, corpus_folder: Path, tmp_path: Path, contrastive: str
) -> None:
    """The hardest negative of a query may be a text that the other process has encoded."""
    objective = {"contrastive": contrastive, "directions": "both", "repulsion_weight": 0.5, "margin": 1.0}
    check_that_both_end_alike(launch, corpus_folder, tmp_path, "static", f"objective={json.dumps(objective)}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "robust"),
    [
        ("static", {"method": "random", "copies": 2}),
        ("static", {"method": "adversarial", "steps": 2, "norm": "l2"}),
        ("transformer", {"method": "adversarial", "steps": 2, "norm": "l2"}),
    ],
)
def test_two_processes_attack_the_loss_that_one_does(
    launch, corpus_folder: Path, tmp_path: Path, kind: str, robust: dict[str, Any]
) -> None:
    """Each perturbs its own rows, against the losses of both."""
    check_that_both_end_alike(launch, corpus_folder, tmp_path, kind, f"robust={json.dumps(robust)}")


def check_that_both_end_alike(launch, corpus_folder: Path, tmp_path: Path, kind: str, *changes: str) -> None:
    few = "steps=6"  # Adam makes steps out of rounding where a gradient is all but 0, and more of them add up
    train_alone(corpus_folder, tmp_path / "one", kind, few, *changes)
    launch(TRAIN, corpus_folder, tmp_path / "two", kind, few, *changes)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=1e-4, msg=name)
    records = [json.loads((tmp_path / name / "isoglot.json").read_text()) for name in ("one", "two")]
    assert [record.pop("num_processes") for record in records] == [1, 2]
    assert records[0] == records[1]
    (alone,), shares = drawn(tmp_path / "one", 1), drawn(tmp_path / "two", 2)
    for whole, first, second in zip(alone, *shares, strict=True):
        assert whole[:2] == first[:2] == second[:2]  # the same kind of batch, in the same languages
        assert whole[2] == first[2] + second[2]  # and each encodes its half


@pytest.mark.slow
def test_one_process_goes_on_where_two_were_killed(launch, corpus_folder: Path, tmp_path: Path) -> None:
    changes = ("steps=12", "checkpoint_every_steps=5")
    train_alone(corpus_folder, tmp_path / "undisturbed", "static", *changes)
    with pytest.raises(AssertionError, match="stopped on purpose"):
        launch(TRAIN, corpus_folder, tmp_path / "killed", "static", *changes, "stop_at=7")
    left = tmp_path / "killed" / "checkpoints" / "checkpoint-5"
    assert {path.name for path in left.iterdir()} >= {
        "course_0.pt",
        "course_1.pt",
        "rng_state_1.pth",
        "complete",
    }
    with pytest.warns(UserWarning, match="2 processes wrote .*checkpoint-5, 1 goes on"):
        train_alone(corpus_folder, tmp_path / "killed", "static", *changes)
    one, two = weights(tmp_path / "undisturbed"), weights(tmp_path / "killed")
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.slow
def test_all_processes_learn_what_is_wrong(launch, corpus_folder: Path, tmp_path: Path) -> None:
    """One of them looks at the folder; none may wait for ever for what it found."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.txt").write_text("do not lose me")
    with pytest.raises(AssertionError, match="CheckpointError: ") as failure:
        launch(TRAIN, corpus_folder, tmp_path / "model", "static")
    assert str(failure.value).count("CheckpointError: ") == 2
    assert "is not empty and holds no training" in str(failure.value)


def test_a_batch_that_cannot_be_shared_is_refused(toy_corpus: ParallelCorpus) -> None:
    from isoglot.batches import Hybrid
    from isoglot.training import TrainingSettings
    from isoglot.training.parts import TrainingPart, build_sampler
    from isoglot.training.processes import Processes

    with pytest.raises(ConfigError, match="multiple of their number; got 9 for 2 processes"):
        build_sampler([TrainingPart(toy_corpus, Hybrid())], TrainingSettings(batch_size=9), Processes(0, 2))
