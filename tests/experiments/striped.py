"""Striped pictures with captions in three languages, and a tiny CLIP that learns the English ones."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus

COLOURS = {
    "red": ("rot", "rojo", (220, 30, 30)),
    "green": ("gruen", "verde", (30, 180, 40)),
    "blue": ("blau", "azul", (20, 40, 210)),
    "grey": ("grau", "gris", (128, 128, 128)),
    "yellow": ("gelb", "amarillo", (240, 230, 20)),
    "white": ("weiss", "blanco", (250, 250, 250)),
    "black": ("schwarz", "negro", (5, 5, 5)),
    "purple": ("lila", "morado", (150, 20, 160)),
}
WORDS = {"en": ("left", "middle", "right"), "de": ("links", "mitte", "rechts"), "es": ("izq", "medio", "der")}
SIDE = 24
TRIPLES = list(permutations(COLOURS, 3))
"""What the left, the middle and the right third of a picture are painted in: 336 pictures."""


def caption(triple: tuple[str, ...], language: str) -> str:
    names = [{"en": name, "de": COLOURS[name][0], "es": COLOURS[name][1]}[language] for name in triple]
    return " ".join(f"{where} {name}" for where, name in zip(WORDS[language], names, strict=True))


def paint(triple: tuple[str, ...]) -> Any:
    from PIL import Image

    stripes = [np.full((SIDE, SIDE // 3, 3), COLOURS[name][2], np.uint8) for name in triple]
    return Image.fromarray(np.concatenate(stripes, axis=1))


def unseen_triples() -> list[tuple[str, ...]]:
    """Every fifth picture; neither CLIP nor student is shown any of them or reads a caption of one."""
    return TRIPLES[::5]


def striped_corpus(folder: Path) -> ParallelCorpus:
    """Captions in three languages on both sides, and the pictures; splits `train` and `test`."""
    builder = CorpusBuilder(CorpusInfo("striped"))
    held_out = set(unseen_triples())
    for number, triple in enumerate(TRIPLES):
        group = f"g{number}"
        for language in WORDS:
            builder.add_query(f"{group}.{language}", group, language, caption(triple, language))
            builder.add_document(f"{group}.{language}", group, language, caption(triple, language))
        builder.add_document(f"{group}.picture", group, None, None, modality="image", path=f"{group}.png")
        builder.judge_group("test" if triple in held_out else "train", group)
        paint(triple).save(folder / f"{group}.png")
    return replace(builder.build(), media_root=str(folder))


def write_clip(folder: Path, *, width: int = 24, seed: int = 0) -> None:
    """A CLIP of random weights that reads the English captions, as transformers writes it."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        CLIPConfig,
        CLIPImageProcessorPil,
        CLIPModel,
        CLIPProcessor,
        PreTrainedTokenizerFast,
    )

    # The end must not be number 2: CLIP then takes the largest number for it.
    words = ["<s>", "<pad>", "<unk>", *COLOURS, *WORDS["en"], "</s>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("<s>", 0), ("</s>", vocabulary["</s>"])]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    tower = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 1, "num_attention_heads": 4}
    numbers = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": vocabulary["</s>"]}
    config = CLIPConfig(
        text_config=tower | numbers | {"vocab_size": len(words), "max_position_embeddings": 12},
        vision_config=tower | {"image_size": SIDE, "patch_size": SIDE // 3},
        projection_dim=width,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        CLIPModel(config).save_pretrained(folder)
    pictures = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    texts = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=12,
    )
    CLIPProcessor(pictures, texts).save_pretrained(folder)


def teach_clip(folder: Path, *, steps: int = 300) -> None:
    """Trains the CLIP in a folder on pictures of the training split with their English captions."""
    import torch
    from transformers import AutoTokenizer, CLIPImageProcessorPil, CLIPModel

    model, tokenizer = CLIPModel.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    held_out = set(unseen_triples())
    shown = [triple for triple in TRIPLES if triple not in held_out]
    texts = tokenizer([caption(each, "en") for each in shown], return_tensors="pt")
    pictures = CLIPImageProcessorPil.from_pretrained(folder)(
        [paint(each) for each in shown], return_tensors="pt"
    )
    inputs = {name: texts[name] for name in ("input_ids", "attention_mask")} | dict(pictures)
    rng = np.random.default_rng(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for _ in range(steps):
        rows = torch.from_numpy(rng.choice(len(shown), 64, replace=False))
        loss = model(**{name: value[rows] for name, value in inputs.items()}, return_loss=True).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.save_pretrained(folder)


def share_found(model: Any, language: str) -> float:
    """How often the caption of a test picture in a language finds that picture first, among all of them."""
    triples = unseen_triples()
    texts = model.encode_query([caption(each, language) for each in triples], normalize_embeddings=True)
    pictures = model.encode_document([paint(each) for each in triples], normalize_embeddings=True)
    return float(((texts @ pictures.T).argmax(axis=1) == np.arange(len(triples))).mean())
