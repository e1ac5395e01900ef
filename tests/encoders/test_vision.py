"""Pretrained towers: each says what transformers says, also after saving, and is refused where it cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from sentence_transformers import SentenceTransformer
from tokenizers import processors

from isoglot.encoders import join_towers, load_image_tower, load_text_tower, train_subwords
from isoglot.errors import ConfigError

LAYERS = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
EYES = {**LAYERS, "image_size": 32, "patch_size": 8}
PATCHES = {**LAYERS, "patch_size": 8, "num_patches": 16}
STAGES = {"hidden_sizes": [8, 16], "depths": [1, 1]}
WORDS = {**LAYERS, "vocab_size": 60, "max_position_embeddings": 16}
TEXTS = ["a red circle", "a blue star on the left of a green square and much more than fits", "x"]


def picture_processor(kind: str = "ViTImageProcessorPil", **options: Any) -> Any:
    return getattr(transformers, kind)(**(options or {"size": {"height": 32, "width": 32}}))


def blip2() -> Any:
    config = transformers.Blip2Config(
        vision_config=EYES,
        qformer_config={**LAYERS, "encoder_hidden_size": 16, "vocab_size": 20},
        text_config={"model_type": "opt", "num_hidden_layers": 1, "num_attention_heads": 2, "ffn_dim": 8}
        | {"vocab_size": 20, "hidden_size": 16, "word_embed_proj_dim": 16, "max_position_embeddings": 16},
        num_query_tokens=2,
    )
    return transformers.Blip2ForConditionalGeneration(config)


def clip(vision: dict[str, Any] = EYES, text: dict[str, Any] = WORDS) -> Any:
    sides = {"vision_config": vision, "text_config": text}
    return transformers.CLIPModel(transformers.CLIPConfig(**sides, projection_dim=12))


def siglip(projection_size: int = 16) -> Any:
    text = {**WORDS, "projection_size": projection_size}
    return transformers.SiglipModel(transformers.SiglipConfig(vision_config=EYES, text_config=text))


def siglip2() -> Any:
    text = {**WORDS, "projection_size": 16}
    return transformers.Siglip2Model(transformers.Siglip2Config(vision_config=PATCHES, text_config=text))


def alone(name: str, **config: Any) -> Callable[[], Any]:
    kinds = getattr(transformers, f"{name}Model"), getattr(transformers, f"{name}Config")
    return lambda: kinds[0](kinds[1](**config))


POOLED, FIRST = "pooler_output", "first"
FAMILIES: dict[str, tuple[Callable[[], Any], Callable[[], Any], str]] = {
    "clip": (
        clip,
        lambda: picture_processor("CLIPImageProcessorPil", size={"shortest_edge": 32}, crop_size=32),
        POOLED,
    ),
    "siglip": (siglip, lambda: picture_processor("SiglipImageProcessorPil"), POOLED),
    "siglip2": (
        siglip2,
        lambda: picture_processor("Siglip2ImageProcessorPil", patch_size=8, max_num_patches=16),
        POOLED,
    ),
    "blip-2": (blip2, lambda: picture_processor("BlipImageProcessorPil"), FIRST),
    "vit": (alone("ViT", **EYES), picture_processor, FIRST),
    "deit": (alone("DeiT", **EYES), picture_processor, FIRST),
    "dinov2": (alone("Dinov2", **EYES), picture_processor, POOLED),
    "registers": (alone("Dinov2WithRegisters", **EYES), picture_processor, POOLED),
    "resnet": (alone("ResNet", embedding_size=8, **STAGES), picture_processor, POOLED),
    "convnext": (alone("ConvNext", num_stages=2, **STAGES), picture_processor, POOLED),
    "convnextv2": (alone("ConvNextV2", num_stages=2, **STAGES), picture_processor, POOLED),
}


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(256, size=(40, 52, 3), dtype=np.uint8)) for _ in range(3)]


def with_weights(model: Any) -> Any:
    """Far from the zeros and small numbers that a model starts with, so that a wrong part shows."""
    torch.manual_seed(1)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def save(model: Any, processor: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def tokenizer(end: str = "</s>") -> Any:
    trained = train_subwords(TEXTS, 60, model="bpe")
    trained.add_special_tokens([end])
    ends = [(token, trained.token_to_id(token)) for token in ("<s>", end)]
    trained.post_processor = processors.TemplateProcessing(single=f"<s> $A {end}", special_tokens=ends)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=trained, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token=end
    )


def saved_and_read(tower: SentenceTransformer, folder: Path) -> SentenceTransformer:
    tower.save(str(folder))
    assert "isoglot" not in (folder / "modules.json").read_text()
    return SentenceTransformer(str(folder), device="cpu")


@pytest.mark.parametrize("old_form", [False, True])
def test_sides_that_name_the_processor_of_both_are_loaded(old_form: bool, tmp_path: Path) -> None:
    """What `CLIPProcessor` writes, in one file today, and in one for each side before."""
    texts, pictures = tokenizer(), FAMILIES["clip"][1]()
    numbers = {"eos_token_id": texts.eos_token_id, "vocab_size": len(texts)}
    model = with_weights(clip(text={**WORDS, **numbers}))
    save(model, transformers.CLIPProcessor(pictures, texts), tmp_path / "clip")
    if old_form:
        (tmp_path / "clip" / "processor_config.json").unlink()
        named = pictures.to_dict() | {"processor_class": "CLIPProcessor"}
        (tmp_path / "clip" / "preprocessor_config.json").write_text(json.dumps(named))
    assert "CLIPProcessor" in (tmp_path / "clip" / "tokenizer_config.json").read_text()
    for number, (load, given) in enumerate(
        ((load_text_tower, TEXTS), (load_image_tower, [Image.new("RGB", (40, 40), "red")]))
    ):
        tower = load(tmp_path / "clip")
        again = saved_and_read(tower, tmp_path / str(number))
        assert np.abs(again.encode(given) - tower.encode(given)).max() == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_tower_says_what_transformers_says(
    family: str, pictures: list[Image.Image], tmp_path: Path
) -> None:
    build, make_processor, output = FAMILIES[family]
    model, processor = with_weights(build()), make_processor()
    tower = load_image_tower(save(model, processor, tmp_path / "theirs"))
    whole = model.vision_model if family == "blip-2" else model
    with torch.inference_mode():
        said = getattr(whole, "get_image_features", whole)(**processor(pictures, return_tensors="pt"))
    theirs = said.last_hidden_state[:, 0] if output == FIRST else said.pooler_output.flatten(1)
    ours = tower.encode(pictures)
    assert np.abs(ours - theirs.numpy()).max() < 1e-5
    assert np.abs(ours - ours[0]).max() > 0.01  # pictures differ, so equality says something
    assert tower.get_embedding_dimension() == ours.shape[1]
    assert tower.modalities == ["image"]
    again = saved_and_read(tower, tmp_path / "ours")
    assert np.abs(again.encode(pictures) - ours).max() == 0
    grey = pictures[0].convert("L")
    assert np.abs(again.encode([grey]) - again.encode([grey.convert("RGB")])).max() == 0


def test_only_the_part_that_sees_is_kept(tmp_path: Path) -> None:
    model = clip()
    tower = load_image_tower(save(model, FAMILIES["clip"][1](), tmp_path))
    kept = sum(parameter.numel() for parameter in tower.parameters())
    sides = (model.vision_model, model.visual_projection)
    assert kept == sum(parameter.numel() for side in sides for parameter in side.parameters())


def test_pooling_and_dimension_are_the_callers(pictures: list[Image.Image], tmp_path: Path) -> None:
    model, processor = with_weights(clip()), FAMILIES["clip"][1]()
    folder = save(model, processor, tmp_path)
    tower = load_image_tower(folder, pooling="mean")
    with torch.inference_mode():
        states = model.vision_model(**processor(pictures, return_tensors="pt")).last_hidden_state
    assert np.abs(tower.encode(pictures) - states.mean(dim=1).numpy()).max() < 1e-5
    towers = [load_image_tower(folder, dimension=7, seed=seed) for seed in (0, 0, 1)]
    one, same, other = (tower.encode(pictures) for tower in towers)
    assert one.shape == (3, towers[0].get_embedding_dimension()) == (3, 7)
    assert np.abs(one - same).max() == 0
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("legacy", [False, True])
def test_texts_of_clip_are_read_out_at_their_end(legacy: bool, tmp_path: Path) -> None:
    cut = tokenizer("<|end|>" if legacy else "</s>")
    ends = {"eos_token_id": 2 if legacy else cut.eos_token_id, "pad_token_id": 0, "vocab_size": len(cut)}
    model = with_weights(clip(text={**WORDS, **ends}))
    tower = load_text_tower(save(model, cut, tmp_path / "theirs"))
    options = {"padding": True, "truncation": True, "max_length": 16, "return_tensors": "pt"}
    given = {key: value for key, value in cut(TEXTS, **options).items() if key != "token_type_ids"}
    with torch.inference_mode():
        theirs = model.get_text_features(**given).pooler_output.numpy()
    ours = tower.encode(TEXTS)
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.abs(tower.encode(TEXTS[:1]) - ours[:1]).max() < 1e-5  # padding changes nothing
    again = saved_and_read(tower, tmp_path / "ours")
    assert np.abs(again.encode(TEXTS) - ours).max() == 0
    assert again.max_seq_length == 16
    assert again.get_embedding_dimension() == 12


@pytest.mark.parametrize("projection_size", [16, 10])
def test_texts_of_siglip_are_padded_to_full_length(projection_size: int, tmp_path: Path) -> None:
    cut = tokenizer()
    model = with_weights(siglip(projection_size))
    tower = load_text_tower(save(model, cut, tmp_path / "theirs"))
    options = {"padding": "max_length", "truncation": True, "max_length": 16, "return_tensors": "pt"}
    with torch.inference_mode():
        theirs = model.get_text_features(cut(TEXTS, **options)["input_ids"]).pooler_output.numpy()
    ours = tower.encode(TEXTS)
    assert np.abs(ours - theirs).max() < 1e-5
    again = saved_and_read(tower, tmp_path / "ours")
    assert np.abs(again.encode(TEXTS) - ours).max() == 0
    assert again.get_embedding_dimension() == projection_size
    assert again.modalities == ["text"]
    unused = sum(parameter.numel() for parameter in tower.parameters()) - sum(
        parameter.numel() for parameter in model.text_model.parameters()
    )
    assert unused < 100  # the vision part that the class demands


def test_both_towers_of_clip_are_clip_again(pictures: list[Image.Image], tmp_path: Path) -> None:
    cut = tokenizer()
    model = with_weights(clip(text={**WORDS, "eos_token_id": cut.eos_token_id, "pad_token_id": 0}))
    processor = FAMILIES["clip"][1]()
    folder = save(model, processor, tmp_path)
    cut.save_pretrained(folder)
    joined = join_towers({"text": load_text_tower(folder), "image": load_image_tower(folder)})
    given = cut(TEXTS, padding=True, truncation=True, max_length=16, return_tensors="pt")
    given.pop("token_type_ids", None)
    with torch.inference_mode():
        said = model(**given, **processor(pictures, return_tensors="pt"))
    assert np.abs(joined.encode_query(TEXTS) - said.text_embeds.numpy()).max() < 1e-5
    assert np.abs(joined.encode_document(pictures) - said.image_embeds.numpy()).max() < 1e-5


def test_what_is_no_tower_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"dimension must be >= 1, got 0\npooling must be one of mean, cls"):
        load_image_tower(tmp_path, dimension=0, pooling="sum")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no transformers model could be read from"):
        load_image_tower(tmp_path / "nowhere")
    bert = tmp_path / "bert"
    transformers.BertConfig().save_pretrained(bert)
    with pytest.raises(
        ConfigError, match=r"no image tower is known of model_type 'bert'; there is clip, .*vit"
    ):
        load_image_tower(bert)
    with pytest.raises(ConfigError, match=r"no text side is known of model_type 'bert'.*clip, .*siglip"):
        load_text_tower(bert)
    half = save(alone("ViT", **EYES)(), picture_processor(), tmp_path / "half")
    config = json.loads((half / "config.json").read_text()) | {"num_hidden_layers": 3}
    (half / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match=r"\d+ weights of ViTModel are missing"):
        load_image_tower(half)
    (half / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ConfigError, match="the weights cannot be read"):
        load_image_tower(half)


def test_a_text_that_is_read_out_elsewhere_than_at_its_end_is_refused(tmp_path: Path) -> None:
    cut = tokenizer("<|end|>")
    for number in (2, 5):  # the highest id, which a later token has taken; another token
        if number == 2:
            cut.add_tokens(["later"])
        model = clip(text={**WORDS, "eos_token_id": number, "vocab_size": 70})
        folder = save(model, cut, tmp_path / str(number))
        with pytest.raises(
            ConfigError, match=r"texts are read out at the token with id \d+, and the tokenizer"
        ):
            load_text_tower(folder)
