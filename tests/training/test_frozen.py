"""Training heads on frozen towers: the frozen part runs once, and weights are as if it ran in every step."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from isoglot.batches import Hybrid, collation, media
from isoglot.corpora import write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import (
    add_head,
    build_image_tower,
    build_transformer_encoder,
    feature_tower,
    freeze,
    join_towers,
    train_subwords,
)
from isoglot.training import ObjectiveSettings, TrainingSettings, fit
from isoglot.training.encoding import mini_batches

TRAIN = Path(__file__).parent / "programs" / "train.py"
SETTINGS = TrainingSettings(
    steps=12,
    batch_size=8,
    learning_rate=0.01,
    objective=ObjectiveSettings(temperature=0.1, directions="both"),
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> ParallelCorpus:
    """Pictures of one colour, with captions in two made-up languages."""
    root = tmp_path_factory.mktemp("media")
    builder = CorpusBuilder(CorpusInfo("colours"))
    rng = np.random.default_rng(0)
    for number in range(24):
        pixels = np.broadcast_to(rng.integers(256, size=3, dtype=np.uint8), (32, 32, 3))
        Image.fromarray(np.ascontiguousarray(pixels)).save(root / f"{number}.png")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="image", path=f"{number}.png")
        for language in ("de", "en"):
            builder.add_query(
                f"q{number}{language}", f"g{number}", language, f"{language}{number} {number % 5}"
            )
        builder.judge_group("train", f"g{number}")
    return replace(builder.build(), media_root=str(root))


def build(corpus: ParallelCorpus) -> SentenceTransformer:
    texts = corpus.query_texts(np.arange(corpus.queries.num_rows, dtype=np.int32))
    tokenizer = train_subwords(texts, 80, model="bpe")
    text = build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16, dropout=0.1)
    image = build_image_tower(16, side=32, widths=(8,))
    return join_towers(
        {"text": add_head(freeze(text), 8, hidden=(12,)), "image": add_head(freeze(image), 8, hidden=(12,))}
    )


def count_rows(model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many texts and pictures the two networks encode from now on."""
    rows = {"text": 0, "image": 0}
    for medium, modules in model[0].sub_modules.items():
        network = modules[0].model

        def counted(*args: Any, run: Any = network.forward, medium: str = medium, **given: Any) -> Any:
            rows[medium] += len(given["input_ids" if medium == "text" else "pixel_values"])
            return run(*args, **given)

        monkeypatch.setattr(network, "forward", counted)
    return rows


class AtEnd(TrainerCallback):
    """Keeps what stands in a dictionary when the last step is done."""

    def __init__(self, counted: dict[str, int]) -> None:
        self.counted, self.kept = counted, dict(counted)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.kept = dict(self.counted)


def test_the_frozen_part_runs_once_and_changes_nothing(
    corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, always, first = build(corpus), build(corpus), build(corpus)
    settings = replace(SETTINGS, steps=6)  # Adam makes steps out of rounding where a gradient is all but 0
    seen = AtEnd(count_rows(once, monkeypatch))
    fit(once, corpus, scheme=Hybrid(), output_dir=tmp_path / "once", settings=settings, callbacks=[seen])
    assert seen.kept == {"text": 48 + 1, "image": 24 + 1}  # one more shows what the modules give
    assert "isoglot" not in (tmp_path / "once" / "router_config.json").read_text()
    seen = AtEnd(count_rows(always, monkeypatch))
    monkeypatch.setattr(collation, "still_modules", lambda *_: [])
    monkeypatch.setattr(media, "feature_table", lambda *_: None)
    fit(always, corpus, scheme=Hybrid(), output_dir=tmp_path / "always", settings=settings, callbacks=[seen])
    assert seen.kept == {"text": 6 * 8, "image": 6 * 8}
    for name, weight in once.state_dict().items():
        torch.testing.assert_close(weight, always.state_dict()[name], atol=1e-5, rtol=1e-4, msg=name)
    before = first.state_dict()
    trained = {name for name, parameter in once.named_parameters() if parameter.requires_grad}
    changed = {name for name, weight in once.state_dict().items() if not torch.equal(weight, before[name])}
    assert changed == trained


class Optimiser(TrainerCallback):
    """Notes for how many parameters the optimiser keeps something."""

    num_kept = -1

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.num_kept = len(kwargs["optimizer"].state)


def test_nothing_is_kept_of_frozen_parameters(corpus: ParallelCorpus, tmp_path: Path) -> None:
    model, optimiser = build(corpus), Optimiser()
    settings = replace(SETTINGS, steps=2)
    fit(model, corpus, scheme=Hybrid(), output_dir=tmp_path / "m", settings=settings, callbacks=[optimiser])
    assert optimiser.num_kept == 8  # weight and bias of two layers on either tower


class Stop(TrainerCallback):
    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == 7:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_resumed_training_ends_where_an_undisturbed_one_does(
    corpus: ParallelCorpus, tmp_path: Path
) -> None:
    settings = replace(SETTINGS, checkpoint_every_steps=5)
    whole = fit(build(corpus), corpus, scheme=Hybrid(), output_dir=tmp_path / "a", settings=settings)
    with pytest.raises(KeyboardInterrupt):
        fit(
            build(corpus),
            corpus,
            scheme=Hybrid(),
            output_dir=tmp_path / "b",
            settings=settings,
            callbacks=[Stop()],
        )
    resumed = fit(build(corpus), corpus, scheme=Hybrid(), output_dir=tmp_path / "b", settings=settings)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_ready_features_train_in_mini_batches(corpus: ParallelCorpus, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    arrays = {
        name: rng.standard_normal((1 + number % 3, 6))
        for number, name in enumerate(corpus.documents["path"].to_pylist())
    }
    np.savez(tmp_path / "all.npz", **arrays)
    builder = CorpusBuilder(CorpusInfo("features"))
    for row in range(corpus.documents.num_rows):
        document = corpus.document(row)
        builder.add_document(
            document.doc_id, f"g{row}", None, None, modality="video", path=f"all.npz#{document.path}"
        )
        builder.add_query(f"q{row}", f"g{row}", "de", f"de{row}")
        builder.judge_group("train", f"g{row}")
    ready = replace(builder.build(), media_root=str(tmp_path))
    ends = []
    for size in (0, 3):
        text = build(corpus)[0].sub_modules["text"]
        towers = {
            "text": SentenceTransformer(modules=list(text), device="cpu"),
            "video": feature_tower(6, 8, medium="video", hidden=(12,)),
        }
        settings = replace(SETTINGS, mini_batch_size=size, steps=6)
        model = fit(
            join_towers(towers), ready, scheme=Hybrid(), output_dir=tmp_path / f"{size}", settings=settings
        )
        ends.append(model.state_dict())
    for name, weight in ends[0].items():
        torch.testing.assert_close(weight, ends[1][name], atol=1e-5, rtol=1e-4, msg=name)


def test_padding_of_a_mini_batch_is_cut_off_vectors_too() -> None:
    mask = torch.tensor([[1, 1, 1], [1, 0, 0], [1, 1, 0]])
    given = {"input_features": mask[..., None] * torch.ones(3, 3, 5), "attention_mask": mask}
    first, second = mini_batches(given, 1), list(mini_batches(given, 2))[1]
    assert [tuple(part["input_features"].shape) for part in first] == [(1, 3, 5), (1, 1, 5), (1, 2, 5)]
    assert second["input_features"].shape[1] == second["attention_mask"].shape[1] == 2


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {
        f"{path.relative_to(folder)}:{name}": tensor
        for path in sorted(folder.rglob("*.safetensors"))
        for name, tensor in load_file(path).items()
    }


@pytest.mark.slow
def test_two_processes_share_the_frozen_part(launch, toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    write_corpus(toy_corpus, tmp_path / "corpus")
    few = "steps=6"
    runpy.run_path(str(TRAIN))["main"](str(tmp_path / "corpus"), str(tmp_path / "one"), "frozen", few)
    launch(TRAIN, tmp_path / "corpus", tmp_path / "two", "frozen", few)
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=1e-4, msg=name)
