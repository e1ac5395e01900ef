"""Pretrained towers: the side of a transformers model that sees pictures, or the one that reads texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from isoglot.encoders.pretrained import (
    network_of,
    projection_of,
    read_config,
    read_part,
    side_of,
    without_reports,
)
from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

VisionPooling = Literal["mean", "cls", "max"]
"""How the vectors of a picture's patches become one, in place of the architecture's own way."""

_Output = Literal["pooled", "mean", "cls"]


@dataclass(frozen=True)
class _Architecture:
    """Where an architecture keeps its eyes.

    Attributes:
        loader: Class of transformers that reads the vision part, and its projection if it has one.
        output: What the tower gives: the part's own pooled output, or a pooling of its patches.
        part: Attribute of the vision part in what was read; "" for all of it.
        projection: Attribute of the linear map into the space of the texts; "" for none.
        renamed: What the names of the part's weights begin with in a file of the whole model, where the
            loader does not know it by itself.
    """

    loader: str
    output: _Output
    part: str = ""
    projection: str = ""
    renamed: str = ""


_CLIP = _Architecture("CLIPVisionModelWithProjection", "pooled", "vision_model", "visual_projection")
_SIGLIP = _Architecture("SiglipVisionModel", "pooled")
_SIGLIP2 = _Architecture("Siglip2VisionModel", "pooled")
_ARCHITECTURES = {
    "clip": _CLIP,
    "clip_vision_model": _CLIP,
    "siglip": _SIGLIP,
    "siglip_vision_model": _SIGLIP,
    "siglip2": _SIGLIP2,
    "siglip2_vision_model": _SIGLIP2,
    "blip-2": _Architecture("Blip2VisionModel", "cls", renamed="vision_model."),
    "vit": _Architecture("ViTModel", "cls"),
    "deit": _Architecture("DeiTModel", "cls"),
    "dinov2": _Architecture("Dinov2Model", "cls"),
    "dinov2_with_registers": _Architecture("Dinov2WithRegistersModel", "cls"),
    "resnet": _Architecture("ResNetModel", "mean"),
    "convnext": _Architecture("ConvNextModel", "pooled"),
    "convnextv2": _Architecture("ConvNextV2Model", "pooled"),
}
"""By `model_type` of a transformers configuration."""

_TEXT_SIDES = ("clip", "clip_text_model", "siglip")


def load_image_tower(
    name_or_path: str | Path,
    *,
    dimension: int | None = None,
    pooling: VisionPooling | None = None,
    seed: int = 0,
) -> SentenceTransformer:
    """The part of a pretrained transformers model that sees pictures, with the model's own processor.

    CLIP (arXiv 2103.00020) comes with its projection into the space of its texts, SigLIP and SigLIP 2 (arXiv
    2303.15343, 2502.14786) with their pooled output: the tower says what `get_image_features` says. Of BLIP-2
    (arXiv 2301.12597) only the image encoder is kept, read out at its first position; Q-Former and language
    model are left out. ViT, DeiT and DINOv2 give their first position, ResNet the mean of its map, ConvNeXt
    the normalised mean. No code that lies in a model's folder is run.

    Args:
        name_or_path: Hub name or directory of a transformers model.
        dimension: Width of a new linear projection behind the tower; None adds none.
        pooling: How the last layer's vectors of the patches become one, in place of the architecture's own
            way; a projection into the space of the texts is then left out.
        seed: Seed of the new projection.

    Returns:
        An encoder of pictures alone, of stock sentence-transformers modules, in 32 bits on the CPU;
        embeddings are not normalised. `join_towers` joins it with encoders of other media.

    Raises:
        ConfigError: If the model cannot be read, is of an architecture that is not known here, lacks weights
            of the part that sees, or an argument is out of range.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense

    _check(dimension, pooling)
    name = str(name_or_path)
    with without_reports(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        modules = _vision_modules(name, pooling)
        if dimension is not None:
            modules.append(Dense(_width(modules), dimension, bias=False, activation_function=None))
        return SentenceTransformer(modules=modules, device="cpu")


def load_text_tower(name_or_path: str | Path) -> SentenceTransformer:
    """The part of a CLIP or SigLIP model that reads texts: M-CLIP's teacher (Carlsson et al. 2022).

    It says what `get_text_features` says. CLIP's texts are read out where the configuration says that they
    end: at `eos_token_id`, or, if that is 2, at the highest id, as models from before transformers 4.31 want
    it; a tokenizer that ends texts elsewhere is refused. SigLIP's are padded to the full length and attended
    to with their padding, as the model was trained; sentence-transformers has no module for its text side
    alone, so it keeps a vision part of one unused layer.

    Args:
        name_or_path: Hub name or directory of a CLIP or SigLIP model of transformers.

    Returns:
        An encoder of texts, of stock sentence-transformers modules, in 32 bits on the CPU; embeddings are not
        normalised.

    Raises:
        ConfigError: If the model cannot be read, is of another architecture, lacks weights of the part that
            reads, or its tokenizer does not end texts where it reads them out.
    """
    from sentence_transformers import SentenceTransformer

    name = str(name_or_path)
    with without_reports():
        config = read_config(name)
        if config.model_type not in _TEXT_SIDES:
            raise ConfigError(
                f"{name}: no text side is known of model_type {config.model_type!r}; there is "
                f"{', '.join(_TEXT_SIDES)} (any other text encoder is loaded by load_encoder)"
            )
        side = side_of(config, "text")
        modules = _siglip_text(name, side) if config.model_type == "siglip" else _clip_text(name, side)
        return SentenceTransformer(modules=modules, device="cpu")


def _check(dimension: int | None, pooling: str | None) -> None:
    problems = []
    if dimension is not None and dimension < 1:
        problems.append(f"dimension must be >= 1, got {dimension}")
    if pooling is not None and pooling not in get_args(VisionPooling):
        problems.append(f"pooling must be one of {', '.join(get_args(VisionPooling))}, got {pooling!r}")
    if problems:
        raise ConfigError("\n".join(problems))


def _architecture(name: str, config: PreTrainedConfig) -> _Architecture:
    kind = config.model_type
    if config.architectures == ["CLIPVisionModel"]:
        return _Architecture("CLIPVisionModel", "pooled")  # saved without the projection
    if kind not in _ARCHITECTURES:
        raise ConfigError(
            f"{name}: no image tower is known of model_type {kind!r}; there is {', '.join(_ARCHITECTURES)}"
        )
    return _ARCHITECTURES[kind]


def _vision_modules(name: str, pooling: VisionPooling | None) -> list[Any]:
    """Network, pooling and projection of an image tower."""
    config = read_config(name)
    architecture = _architecture(name, config)
    # AutoModel makes a pooler even where none was trained; where patches are pooled, nothing asks it.
    output: _Output | Literal["max"] = pooling or architecture.output
    whole = read_part(
        name,
        architecture.loader,
        side_of(config, "vision"),
        optional="" if output == "pooled" else "pooler.",
        renamed=architecture.renamed,
    )
    part: Any = getattr(whole, architecture.part) if architecture.part else whole
    if output == "pooled" and not getattr(part.config, "vision_use_head", True):
        output = "mean"
    network = _as_vit(part) if architecture.renamed else part
    modules = network_of(network, _image_processor(name), "image", output)
    if output == "pooled" and architecture.projection:
        modules.append(projection_of(getattr(whole, architecture.projection)))
    return modules


def _image_processor(name: str) -> Any:
    from transformers import AutoImageProcessor

    try:
        processor = AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            name, backend="pil", trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: no image processor could be read: {error}") from error
    processor.do_convert_rgb = True
    return processor


def _width(modules: list[Any]) -> int:
    return int(modules[-1].get_embedding_dimension())


def _as_vit(part: Any) -> PreTrainedModel:
    """BLIP-2's image encoder as the ViT that it is: `AutoModel`, so a stock module, knows no other."""
    from transformers import ViTConfig, ViTModel

    theirs = part.config
    config = ViTConfig(
        hidden_size=theirs.hidden_size,
        num_hidden_layers=theirs.num_hidden_layers,
        num_attention_heads=theirs.num_attention_heads,
        intermediate_size=theirs.intermediate_size,
        hidden_act=theirs.hidden_act,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=theirs.attention_dropout,
        layer_norm_eps=theirs.layer_norm_eps,
        image_size=theirs.image_size,
        patch_size=theirs.patch_size,
        qkv_bias=True,
        pooler_output_size=1,  # AutoModel insists on a pooler; nothing asks it
    )
    vit: PreTrainedModel = ViTModel(config)
    vit.load_state_dict({**vit.state_dict(), **dict(_vit_weights(part.state_dict()))})
    return vit


_VIT_NAMES = (
    ("embeddings.class_embedding", "embeddings.cls_token"),
    ("embeddings.position_embedding", "embeddings.position_embeddings"),
    ("embeddings.patch_embedding.", "embeddings.patch_embeddings.projection."),
    ("post_layernorm.", "layernorm."),
    ("encoder.layers.", "layers."),
    (".layer_norm1.", ".layernorm_before."),
    (".layer_norm2.", ".layernorm_after."),
    (".self_attn.projection.", ".attention.o_proj."),
)
"""What BLIP-2 calls a weight, and what ViT calls it."""


def _vit_weights(weights: dict[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    import torch

    for full_name, weight in weights.items():
        name = full_name
        for theirs, ours in _VIT_NAMES:
            name = name.replace(theirs, ours)
        if ".self_attn.qkv." not in name:
            yield name, weight
            continue
        for letter, third in zip("qkv", torch.chunk(weight, 3), strict=True):
            yield name.replace(".self_attn.qkv.", f".attention.{letter}_proj."), third


def _tokenizer(name: str) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: no tokenizer could be read: {error}") from error


_LEGACY_END = 2
"""An `eos_token_id` that stands for the highest id of a text."""


def _clip_text(name: str, config: PreTrainedConfig) -> list[Any]:
    whole: Any = read_part(name, "CLIPTextModelWithProjection", config)
    tokenizer = _tokenizer(name)
    end, read_out = tokenizer.eos_token_id, whole.text_model.eos_token_id
    if read_out == _LEGACY_END:
        read_out = len(tokenizer) - 1
    if end != read_out or end not in tokenizer("a")["input_ids"]:
        raise ConfigError(
            f"{name}: texts are read out at the token with id {read_out}, and the tokenizer ends them with "
            f"{end}; set eos_token_id of the text configuration to the tokenizer's"
        )
    tokenizer.model_max_length = whole.config.max_position_embeddings
    return [*network_of(whole.text_model, tokenizer, "text", "pooled"), projection_of(whole.text_projection)]


def _siglip_text(name: str, config: Any) -> list[Any]:
    from transformers import SiglipConfig, SiglipImageProcessorPil, SiglipModel, SiglipProcessor

    # The classes demand eyes: the smallest that can be.
    both = SiglipConfig(
        text_config=config.to_dict(),
        vision_config={
            "hidden_size": 1,
            "intermediate_size": 1,
            "num_hidden_layers": 1,
            "num_attention_heads": 1,
            "image_size": 1,
            "patch_size": 1,
        },
    )
    both.hidden_size = both.projection_dim = config.projection_size  # the width of what comes out
    whole = SiglipModel(both)
    whole.text_model = read_part(name, "SiglipTextModel", config)
    tokenizer = _tokenizer(name)
    length = config.max_position_embeddings
    tokenizer.model_max_length = length
    return network_of(
        whole,
        SiglipProcessor(SiglipImageProcessorPil(), tokenizer),  # type: ignore[no-untyped-call]
        "text",
        "pooled",
        method="get_text_features",
        processing_kwargs={
            "text": {
                "padding": "max_length",
                "max_length": length,
                "truncation": True,
                "return_attention_mask": False,  # padding is attended to
            }
        },
    )
