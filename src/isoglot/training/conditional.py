"""Reading a text beside what it describes: the cross-attention of conditional cross-lingual pre-training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import TYPE_CHECKING, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from isoglot.batches.features import holds_still
from isoglot.errors import ConfigError
from isoglot.training.encoding import Features, medium_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.sampler import BatchPart

Side = Literal["query", "document"]


@dataclass(frozen=True, eq=False)
class ConditionedTexts:
    """Texts of a batch, read beside what they describe.

    Attributes:
        side: Whether they are the queries or the documents of the batch.
        embeddings: (n, W), L2-normalised.
    """

    side: Side
    embeddings: Float[Tensor, "texts width"]


class CrossAttention(nn.Module):
    """Re-encodes the tokens of a text by what they attend to in a picture, a video or a sound.

    One layer of a Transformer decoder without its self-attention (Vaswani et al. 2017, arXiv 1706.03762), and
    the mean over the tokens: the conditional encoder of Huang et al. (2021, arXiv 2103.08849), as recalled.
    What is attended to is the embedding of the medium in the common space and, where its tower has them, the
    states that the tower pools: places of a picture, say.

    It is trained with the encoder and is no part of it: checkpoints hold it, the saved retriever does not.

    Attributes:
        heads: Attention heads.
    """

    def __init__(self, width: int, common_width: int, state_widths: Mapping[str, int], heads: int) -> None:
        """Makes the layer.

        Args:
            width: Width of the token states.
            common_width: Width of the embeddings in the common space.
            state_widths: Medium -> width of the states that its tower pools.
            heads: Attention heads; divides width.

        Raises:
            ConfigError: If heads do not divide width.
        """
        super().__init__()
        if width % heads:
            raise ConfigError(
                f"conditional_heads must divide the width of the text tower, {width}, got {heads}"
            )
        self.heads = heads
        self.whole = nn.Linear(common_width, width)
        self.states = nn.ModuleDict({medium: nn.Linear(size, width) for medium, size in state_widths.items()})
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.after_attention = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.after_feed_forward = nn.LayerNorm(width)

    @classmethod
    def build(cls, model: SentenceTransformer, *, heads: int, seed: int) -> CrossAttention:
        """The layer that fits an encoder, with random weights, on the encoder's device.

        Args:
            model: An encoder of texts and of other media.
            heads: Attention heads.
            seed: Seed of the weights.

        Returns:
            The layer.

        Raises:
            ConfigError: If the encoder has no states of tokens, or encodes texts alone, or heads do not
                divide their width; all problems at once.
        """
        widths = dict(_state_widths(model))
        text_width, common_width = widths.pop("text", None), model.get_embedding_dimension()
        problems = []
        if text_width is None or common_width is None:
            problems.append(
                "conditional_weight needs a text tower of a transformer and a pooling, whose token states "
                "attend to a picture; this one has none (a static one never has, a frozen one keeps none)"
            )
        if not any(medium != "text" for medium in model.modalities):
            problems.append("conditional_weight needs a model of texts and of another medium; join towers")
        if problems or text_width is None or common_width is None:
            raise ConfigError("\n".join(problems))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(text_width, common_width, widths, heads).to(model.device)

    def forward(
        self, texts: Features, media: Features, medium: str, rows: slice | None = None
    ) -> Float[Tensor, "texts width"]:
        """Embeddings of texts, each read beside its picture.

        Args:
            texts: What the encoder made of the texts: `token_embeddings` and `attention_mask`.
            media: What it made of the pictures; as many as texts, or each for as many texts in a row.
            medium: Their medium.
            rows: Which of the pictures are read beside; None for all.

        Returns:
            (n, W), L2-normalised.
        """
        tokens, mask = texts["token_embeddings"], texts["attention_mask"].bool()
        attended, hidden = self._attended(media, medium)
        if rows is not None:
            attended, hidden = attended[rows], hidden[rows]
        times = len(tokens) // len(attended)
        attended, hidden = attended.repeat_interleave(times, 0), hidden.repeat_interleave(times, 0)
        found, _ = self.attention(tokens, attended, attended, key_padding_mask=hidden, need_weights=False)
        states = self.after_attention(tokens + found)
        states = self.after_feed_forward(states + self.feed_forward(states))
        total = states.masked_fill(~mask[..., None], 0.0).sum(dim=1)
        return functional.normalize(total / mask.sum(dim=1, keepdim=True).clamp(min=1))

    def _attended(
        self, media: Features, medium: str
    ) -> tuple[Float[Tensor, "media states width"], Bool[Tensor, "media states"]]:
        """What texts attend to, and which of it is padding."""
        whole = self.whole(media["sentence_embedding"])[:, None]
        hidden = torch.zeros(whole.shape[:2], dtype=torch.bool, device=whole.device)
        states = media.get("token_embeddings")
        if states is None or medium not in self.states:
            return whole, hidden
        projected = self.states[medium](states)
        mask = media.get("attention_mask")
        padding = (
            torch.zeros(projected.shape[:2], dtype=torch.bool, device=whole.device)
            if mask is None or mask.shape != projected.shape[:2]
            else ~mask.bool()
        )
        return torch.cat([whole, projected], dim=1), torch.cat([hidden, padding], dim=1)


def condition(attention: CrossAttention, queries: Features, documents: Features) -> ConditionedTexts | None:
    """The texts of a batch, each read beside what it asks for, or answers.

    Args:
        attention: Reads them.
        queries: What the encoder made of the queries.
        documents: What it made of their documents, equally many for each query, one after the other; a query
            is read beside the first of its own.

    Returns:
        The texts; None for a batch of texts on both sides, or on none.

    Raises:
        ConfigError: If the encoder made no states of tokens, as of texts that were encoded beforehand.
    """
    asked, answered = medium_of(queries), medium_of(documents)
    if (asked == "text") == (answered == "text"):
        return None
    texts = queries if asked == "text" else documents
    if "token_embeddings" not in texts or "attention_mask" not in texts:
        raise ConfigError(
            "conditional_weight needs the token states of texts, and these come as ready vectors; use a text "
            "tower that is not frozen, or conditional_weight = 0"
        )
    if asked == "text":
        step = len(documents["sentence_embedding"]) // len(queries["sentence_embedding"])
        return ConditionedTexts("query", attention(texts, documents, answered, slice(None, None, step)))
    return ConditionedTexts("document", attention(texts, queries, asked))


def check_parts(parts: Sequence[BatchPart]) -> None:
    """Checks that texts meet what they describe.

    Args:
        parts: What a training is drawn from.

    Raises:
        ConfigError: If no part has texts on one side and another medium on the other.
    """
    sides = [(part.pairs.query_modality, part.pairs.document_modality) for part in parts]
    if not any((asked == "text") != (answered == "text") for asked, answered in sides):
        found = ", ".join(f"{asked} to {answered}" for asked, answered in sides)
        raise ConfigError(
            "conditional_weight needs batches with texts on one side and pictures, videos or sounds on the "
            f"other; got {found}"
        )


def _state_widths(model: SentenceTransformer) -> Iterator[tuple[str, int]]:
    """The media whose towers pool states that training sees, and the width of these."""
    from sentence_transformers.sentence_transformer.modules import Pooling, Router

    routes: dict[str, nn.Module] = {}
    if isinstance(model[0], Router):
        routes.update(model[0].sub_modules.items())
    elif "text" in model.modalities:
        routes["text"] = model
    for medium, route in routes.items():
        for module in dropwhile(holds_still, route.children()):
            if isinstance(module, Pooling):
                yield medium, module.embedding_dimension
