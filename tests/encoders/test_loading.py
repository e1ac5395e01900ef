"""Loading: any sentence-transformers directory, and no code but what is installed."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from transformers.utils import logging

from isoglot.encoders import (
    build_image_tower,
    build_static_encoder,
    build_transformer_encoder,
    feature_tower,
    join_towers,
    load_encoder,
    train_subwords,
)
from isoglot.encoders.encoder import Encoder
from isoglot.errors import CheckpointError
from isoglot.evaluation.loading import load_model

TEXTS = ["ein roter Kreis", "a blue square"]
MARK = "import pathlib; pathlib.Path({mark!r}).write_text('ran')\n"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_subwords(TEXTS, 60, model="bpe")


@pytest.fixture
def folder(tokenizer: Tokenizer, tmp_path: Path) -> Path:
    """A saved transformer encoder."""
    build_transformer_encoder(tokenizer, layers=1, hidden_size=8, heads=2).save(str(tmp_path / "model"))
    return tmp_path / "model"


def edit(file: Path, change: dict | list) -> None:
    content = json.loads(file.read_text())
    content = content | change if isinstance(change, dict) else change
    file.write_text(json.dumps(content))


def test_what_is_loaded_takes_mixed_lists_and_is_what_was_saved(folder: Path, tokenizer: Tokenizer) -> None:
    loaded = load_encoder(folder, device="cpu")
    assert isinstance(loaded, Encoder)
    model = build_transformer_encoder(tokenizer, layers=1, hidden_size=8, heads=2)
    np.testing.assert_allclose(loaded.encode(TEXTS), model.encode(TEXTS), atol=1e-6)


def test_modules_of_this_package_are_loaded_also_inside_routers(tokenizer: Tokenizer, tmp_path: Path) -> None:
    towers = {"text": build_static_encoder(tokenizer, 6), "image": feature_tower(5, 6)}
    joined = join_towers(towers)
    joined.save(str(tmp_path / "model"))
    loaded = load_encoder(tmp_path / "model", device="cpu")
    inputs = [TEXTS[0], {"image": np.arange(5, dtype=np.float32)}, TEXTS[1]]
    np.testing.assert_allclose(loaded.encode(inputs), joined.encode(inputs), atol=1e-6)
    towers["image"].save(str(tmp_path / "alone"))
    alone = load_encoder(tmp_path / "alone", device="cpu", normalize=False)
    np.testing.assert_allclose(alone.encode(inputs[1:2]), towers["image"].encode(inputs[1:2]), atol=1e-6)


@pytest.mark.parametrize("kind", ["modeling_own.Own", "own_package.Own", "isoglot.cli.main", "os.system"])
def test_code_beside_a_model_is_never_run(kind: str, folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    (folder / "modeling_own.py").write_text(MARK.format(mark=str(mark)))
    modules = json.loads((folder / "modules.json").read_text())
    edit(folder / "modules.json", [*modules, {"idx": 9, "name": "9", "path": "", "type": kind}])
    with pytest.raises(CheckpointError, match=rf"{kind}.*never run here.*trust_remote_code=True"):
        load_encoder(folder)
    assert not mark.exists()


def test_code_named_in_a_router_is_never_run(tokenizer: Tokenizer, tmp_path: Path) -> None:
    towers = {"text": build_static_encoder(tokenizer, 6), "image": build_image_tower(6, widths=(8,))}
    join_towers(towers).save(str(tmp_path / "model"))
    config = next((tmp_path / "model").rglob("router_config.json"))
    content = json.loads(config.read_text())
    content["types"][next(iter(content["types"]))] = "modeling_own.Own"
    config.write_text(json.dumps(content))
    (tmp_path / "model" / "modeling_own.py").write_text(MARK.format(mark=str(tmp_path / "ran")))
    with pytest.raises(CheckpointError, match=r"modeling_own\.Own.*never run here"):
        load_encoder(tmp_path / "model")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("with_modules", [True, False])
def test_code_named_in_a_configuration_of_transformers_is_never_run(
    with_modules: bool, folder: Path, tmp_path: Path
) -> None:
    (folder / "modeling_own.py").write_text(MARK.format(mark=str(tmp_path / "ran")))
    config = folder / "config.json"
    names = {"AutoConfig": "modeling_own.OwnConfig", "AutoModel": "modeling_own.OwnModel"}
    edit(config, {"model_type": "own", "auto_map": names})
    if not with_modules:
        (folder / "modules.json").unlink()
    with pytest.raises(CheckpointError, match="never run here"):
        load_encoder(folder)
    with pytest.raises(CheckpointError, match="never run here"):
        load_encoder(folder, pooling="mean")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("isoglot.encoders.loading.Path", "is no type of a module"),
        ("sentence_transformers.util.tensor.torch", "is no type of a module"),
        ("isoglot.encoders.later.Later", "the installed version has not"),
        ("sentence_transformers.later.Later", "the installed version has not"),
    ],
)
def test_only_modules_are_modules(kind: str, problem: str, folder: Path) -> None:
    edit(folder / "modules.json", [{"idx": 0, "name": "0", "path": "", "type": kind}])
    with pytest.raises(CheckpointError, match=rf"{kind}'.*{problem}"):
        load_encoder(folder)


def test_a_module_is_looked_at_even_if_another_has_its_folder(folder: Path) -> None:
    first, *others = json.loads((folder / "modules.json").read_text())
    wrong = first | {"type": "isoglot.encoders.loading.Path"}
    edit(folder / "modules.json", [wrong, first, *others])
    with pytest.raises(CheckpointError, match="is no type of a module"):
        load_encoder(folder)


def test_damaged_folders_and_wrong_names(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere: cannot be loaded as a sentence-transformers model"):
        load_encoder(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load_encoder(tmp_path / "nowhere", pooling="mean")
    shutil.copytree(folder, tmp_path / "cut")
    weights = next((tmp_path / "cut").rglob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:50])
    with pytest.raises(CheckpointError, match="cut: cannot be loaded"):
        load_encoder(tmp_path / "cut")
    (folder / "modules.json").write_text("{")
    with pytest.raises(CheckpointError, match="model: cannot be loaded"):
        load_encoder(folder)


def test_evaluation_loads_the_same_way_and_adds_nothing(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tower = build_image_tower(6, widths=(8,))
    tower.save(str(tmp_path / "tower"))
    loaded, name = load_model(tmp_path / "tower")
    assert isinstance(loaded, Encoder)
    assert (len(loaded), name) == (len(tower), "tower")
    assert len(load_encoder(tmp_path / "tower")) == len(tower) + 1
    with pytest.raises(CheckpointError, match="cannot be loaded as a sentence-transformers model"):
        load_model(tmp_path)


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


def test_weights_in_a_pickle_are_never_loaded(folder: Path, tmp_path: Path) -> None:
    pickled = folder / "pytorch_model.bin"
    pickled.write_bytes(pickle.dumps(Malicious(tmp_path / "mark")))
    assert load_encoder(folder, device="cpu").encode(TEXTS).shape == (2, 8)
    (folder / "model.safetensors").unlink()
    with pytest.raises(
        CheckpointError, match=r"pytorch_model\.bin: is a pickle, which is never loaded; save it"
    ):
        load_encoder(folder, device="cpu")
    assert not (tmp_path / "mark").exists()


@pytest.mark.slow
def test_weights_in_a_pickle_are_never_loaded_from_a_hub_either(tmp_path: Path) -> None:
    script = Path(__file__).with_name("hub_run.py")
    command = [sys.executable, str(script), str(tmp_path / "cache"), str(tmp_path / "mark")]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    told = json.loads(ran.stdout)
    assert told["sound"] == [2, 6]
    assert "never loaded; save it as safetensors" in told["transformer"]
    assert told["pooled"] == told["transformer"]
    assert told["dense"].startswith("somebody/dense/3_Dense/pytorch_model.bin: is a pickle, which is never")
    assert "somebody/missing: cannot be loaded" in told["missing"]
    assert not (tmp_path / "mark").exists()


def test_a_transformer_is_built_in_silence(tokenizer: Tokenizer, capfd: pytest.CaptureFixture[str]) -> None:
    build_transformer_encoder(tokenizer, layers=1, hidden_size=8, heads=2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("were_on", [True, False])
def test_no_bar_is_shown_for_the_weights_and_bars_are_as_they_were(
    were_on: bool, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = logging.is_progress_bar_enabled()
    try:
        (logging.enable_progress_bar if were_on else logging.disable_progress_bar)()
        capfd.readouterr()
        load_encoder(folder, device="cpu")
        assert capfd.readouterr() == ("", "")
        assert logging.is_progress_bar_enabled() == were_on
    finally:
        (logging.enable_progress_bar if before else logging.disable_progress_bar)()
