"""Pre-training with pictures: off it changes nothing; on, it is resumed and shared; the model is stock."""

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from isoglot.batches import Pooled
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import add_head, freeze, join_towers
from isoglot.errors import ConfigError
from isoglot.training import ObjectiveSettings, TrainingSettings, fit, views
from isoglot.training.draws import Address
from isoglot.training.loss import build_loss
from isoglot.training.media_views import media_view
from isoglot.training.sparse import sparse_updates
from isoglot.training.trainer import PairTrainer

PRETRAIN = Path(__file__).parent / "programs" / "pretrain.py"
program = runpy.run_path(str(PRETRAIN))
ALL = program["ALL"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    return program["build_corpus"](tmp_path_factory.mktemp("flags"))


class Log(TrainerCallback):
    """Keeps what the trainer logs."""

    def __init__(self) -> None:
        self.entries: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.entries.append(dict(logs))


class Stop(TrainerCallback):
    """Interrupts after a step."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 4:
            raise KeyboardInterrupt


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Of a saved model; not those of keys' biases, which Adam moves by noise."""
    return {
        f"{path.relative_to(folder)}:{name}": tensor
        for path in sorted(folder.rglob("*.safetensors"))
        for name, tensor in load_file(path).items()
        if not name.endswith("key.bias")
    }


def same(left: Path, right: Path) -> bool:
    one, two = weights(left), weights(right)
    assert one.keys() == two.keys()
    return all(torch.equal(tensor, two[name]) for name, tensor in one.items())


def test_off_it_changes_no_bit(corpus: ParallelCorpus, tmp_path: Path) -> None:
    chosen = {"text_views": "dropped", "media_views": "cropped", "view_rate": 0.4, "conditional_heads": 2}
    program["train"](corpus, tmp_path / "plain", {})
    program["train"](corpus, tmp_path / "chosen", chosen)
    assert same(tmp_path / "plain", tmp_path / "chosen")
    off = build_loss(program["build_model"](corpus), TrainingSettings(objective=ObjectiveSettings(**chosen)))
    assert (off.views, off.conditional) == (None, None)
    assert set(off.terms) == {"contrastive"}


Columns = tuple[list[dict[str, Any]], torch.Tensor]


def columns(corpus: ParallelCorpus, model: SentenceTransformer) -> Columns:
    """Model input of six pictures with two captions each, and their labels."""
    pictures = [{"image": str(Path(str(corpus.media_root)) / f"{left}{left}.png")} for left in range(6)]
    rows = np.arange(108, dtype=np.int32).reshape(36, 3)[::7, :2].ravel()
    texts = corpus.document_texts(rows)
    owners = torch.arange(6).repeat_interleave(2)
    labels = torch.stack([owners, torch.ones_like(owners), owners, owners], dim=1)
    return [dict(model.preprocess(pictures)), dict(model.preprocess(texts))], labels


def gradients(model: SentenceTransformer, batch: Columns, **settings: Any) -> dict[str, torch.Tensor]:
    """Of the weights of the model, in evaluation mode: a picture's do not depend on the others then."""
    objective = ObjectiveSettings(contrastive_weight=0.0, conditional_heads=2, **settings.pop("objective"))
    loss = build_loss(model.eval(), TrainingSettings(objective=objective, **settings))
    loss.zero_grad()
    torch.stack(list(loss(*batch).values())).sum().backward()
    return {name: each.grad.clone() for name, each in model.named_parameters() if each.grad is not None}


@pytest.mark.parametrize(
    ("name", "towers"),
    [("translation", {"text"}), ("intra_modal", {"text", "image"}), ("conditional", {"text", "image"})],
)
def test_each_family_teaches_its_towers(corpus: ParallelCorpus, name: str, towers: set[str]) -> None:
    model = program["build_model"](corpus)
    found = gradients(model, columns(corpus, model), objective={f"{name}_weight": 1.0})
    assert {weight.split(".")[2] for weight, gradient in found.items() if gradient.any()} == towers


def test_views_in_mini_batches_have_the_gradients_of_whole_ones(corpus: ParallelCorpus) -> None:
    model = program["build_model"](corpus)
    batch = columns(corpus, model)
    objective = {"intra_modal_weight": 1.0, "translation_weight": 0.5, "view_rate": 0.3}
    whole, cached = (gradients(model, batch, objective=objective, mini_batch_size=size) for size in (0, 4))
    for name, gradient in whole.items():
        torch.testing.assert_close(cached[name], gradient, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("text_views", ["masked", "dropped"])
def test_views_of_bags_have_sparse_gradients(corpus: ParallelCorpus, text_views: str) -> None:
    model = program["build_model"](corpus, static=True)
    batch = columns(corpus, model)
    objective = {"intra_modal_weight": 1.0, "view_rate": 0.4, "text_views": text_views}
    dense = gradients(model, batch, objective=objective)
    with sparse_updates(model):
        sparse = gradients(model, batch, objective=objective)
    (name,) = (name for name, gradient in sparse.items() if gradient.is_sparse)
    torch.testing.assert_close(sparse[name].to_dense(), dense[name])


def test_frozen_towers_have_views_of_what_they_said_once(
    corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = program["build_model"](corpus)[0].sub_modules.values()
    text, image = (SentenceTransformer(modules=[*route], device="cpu") for route in routes)
    model = join_towers({"text": add_head(freeze(text), 16), "image": add_head(freeze(image), 16)})
    masked = {}

    def noted(features: dict[str, Any], *arguments: Any) -> dict[str, Any]:
        view = media_view(features, *arguments)
        masked[features["modality"]] = (view["input_features"] == 0) & (features["input_features"] != 0)
        return view

    monkeypatch.setattr(views, "media_view", noted)
    objective = ObjectiveSettings(contrastive_weight=0.0, intra_modal_weight=1.0, view_rate=0.3)
    settings = TrainingSettings(steps=1, batch_size=16, objective=objective)
    fit(model, corpus, scheme=Pooled(2), output_dir=tmp_path, settings=settings)
    assert masked.keys() == {"image", "text"}
    for mask in masked.values():
        assert mask.shape[1] == 16
        assert 0.1 < mask.float().mean() < 0.5


def test_all_families_are_logged_and_only_the_retriever_is_saved(
    corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, steps, forward = Log(), [], PairTrainer.training_step

    def noted(self: PairTrainer, *args: Any, **kwargs: Any) -> Any:
        value = forward(self, *args, **kwargs)
        steps.append(self.pair_loss.step)
        return value

    monkeypatch.setattr(PairTrainer, "training_step", noted)
    trained = program["train"](corpus, tmp_path / "model", ALL, log, steps=10)
    assert steps == list(range(10))  # views depend on it
    parts = [log.entries[0][name] for name in ("contrastive", "translation", "intra_modal", "conditional")]
    assert min(parts) > 0
    assert log.entries[0]["loss"] == pytest.approx(sum(parts), abs=2e-3)
    assert not any("conditional" in name for name in weights(tmp_path / "model"))
    again = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    texts = corpus.document_texts(np.arange(6, dtype=np.int32))
    assert np.abs(again.encode_document(texts) - trained.encode_document(texts)).max() == 0
    record = json.loads((tmp_path / "model" / "isoglot.json").read_text())
    assert record["settings"]["objective"]["conditional_weight"] == 0.5


def resumed(corpus: ParallelCorpus, folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        program["train"](corpus, folder, ALL, Stop(), checkpoint_every_steps=3)
    course = torch.load(folder / "checkpoints" / "checkpoint-3" / "course_0.pt", weights_only=True)
    assert "conditional.attention.in_proj_weight" in course["parameters"]
    program["train"](corpus, folder, ALL, checkpoint_every_steps=3)


@pytest.fixture(scope="module")
def undisturbed(corpus: ParallelCorpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "model"
    program["train"](corpus, folder, ALL, checkpoint_every_steps=3)
    return folder


def test_a_resumed_training_ends_where_an_undisturbed_one_does(
    corpus: ParallelCorpus, tmp_path: Path, undisturbed: Path
) -> None:
    resumed(corpus, tmp_path / "model")
    assert same(undisturbed, tmp_path / "model")


@pytest.mark.slow
@pytest.mark.parametrize("forgotten", ["cross-attention", "step"])
def test_no_part_of_what_comes_back_is_idle(
    corpus: ParallelCorpus,
    tmp_path: Path,
    undisturbed: Path,
    monkeypatch: pytest.MonkeyPatch,
    forgotten: str,
) -> None:
    if forgotten == "step":
        draw = Address.uniform
        drawn: list[int] = []  # as if a generator went on from where it stood

        def by_count(self: Address, *arguments: Any) -> Any:
            drawn.append(1)
            return draw(Address((*self.key, len(drawn)), self.first_row), *arguments)

        monkeypatch.setattr(Address, "uniform", by_count)
    else:
        restore = PairTrainer.restore_course

        def forget(self: PairTrainer, folder: Path) -> None:
            kept = {name: each.clone() for name, each in self.loss_parameters.items()}
            restore(self, folder)
            with torch.no_grad():
                for name, parameter in self.loss_parameters.items():
                    if name.startswith("conditional"):
                        parameter.copy_(kept[name])

        monkeypatch.setattr(PairTrainer, "restore_course", forget)
    resumed(corpus, tmp_path / "model")
    assert not same(undisturbed, tmp_path / "model")


def test_texts_alone_are_not_read_beside_pictures(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="got text to text"):
        program["train"](toy_corpus, tmp_path / "model", {"conditional_weight": 1.0})


@pytest.mark.slow
def test_two_processes_end_where_one_does(launch, tmp_path: Path) -> None:
    """But for normalisation over the batch, whose statistics each process takes of its own pictures."""
    changes = ["still=true", *(f"{key}={value}" for key, value in ALL.items())]
    program["main"](str(tmp_path / "flags"), str(tmp_path / "one"), *changes)
    launch(PRETRAIN, tmp_path / "flags", tmp_path / "two", *changes)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=1e-4, msg=name)
