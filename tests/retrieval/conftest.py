"""A tiny model of texts and pictures, and a corpus of both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isoglot.corpora import read_corpus, write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 40),
    "blue": (20, 40, 210),
    "grey": (128, 128, 128),
}
GERMAN = {"red": "rot", "green": "gruen", "blue": "blau", "grey": "grau"}


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory):
    """A CLIP model of random weights that reads words of the colours and pictures of 16 x 16 points."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        CLIPConfig,
        CLIPImageProcessorPil,
        CLIPModel,
        CLIPProcessor,
        PreTrainedTokenizerFast,
        set_seed,
    )

    set_seed(0)
    # The end must not be number 2: CLIP then takes the largest number for it.
    words = ["<s>", "<pad>", "<unk>", *COLOURS, *GERMAN.values(), "</s>"]
    vocabulary = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [("<s>", 0), ("</s>", vocabulary["</s>"])]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    tower = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    numbers = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": vocabulary["</s>"]}
    config = CLIPConfig(
        text_config=tower | numbers | {"vocab_size": len(words), "max_position_embeddings": 12},
        vision_config=tower | {"image_size": 16, "patch_size": 8},
        projection_dim=8,
    )
    folder = tmp_path_factory.mktemp("clip")
    CLIPModel(config).save_pretrained(folder)
    size = {"height": 16, "width": 16}
    CLIPProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=size),
        tokenizer=PreTrainedTokenizerFast(
            tokenizer_object=tokenizer,
            bos_token="<s>",
            eos_token="</s>",
            pad_token="<pad>",
            unk_token="<unk>",
            model_max_length=12,
        ),
    ).save_pretrained(folder)
    return SentenceTransformer(modules=[Transformer(str(folder)), Normalize()], device="cpu")


@pytest.fixture(scope="session")
def coloured(tmp_path_factory):
    """A corpus folder, read: words in two languages and pictures on both sides, a group for each colour."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("coloured")
    builder = CorpusBuilder(CorpusInfo("coloured"))
    media = folder / "pictures"
    media.mkdir()
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        points = np.clip(np.array(colour) + rng.integers(-20, 20, (16, 16, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(points).save(media / f"{name}.png")
        for language, text in (("en", name), ("de", GERMAN[name])):
            builder.add_query(f"q-{name}-{language}", name, language, text)
            builder.add_document(f"d-{name}-{language}", name, language, text)
        builder.add_query(f"q-{name}", name, "zxx", None, modality="image", path=f"{name}.png")
        builder.add_document(f"d-{name}", name, None, None, modality="image", path=f"{name}.png")
        builder.judge_group("test", name)
    written = write_corpus(replace(builder.build(), media_root=str(media)), folder / "corpus")
    return read_corpus(written)
