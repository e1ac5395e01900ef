"""The training loss as a module: encodes both columns of a batch and compares them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from isoglot.batches.labels import BatchLabels
from isoglot.errors import ConfigError
from isoglot.objectives import Directions, info_nce_loss

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_MAX_SCALE = 100.0  # as CLIP: beyond it training turns unstable


class GroupContrastiveLoss(nn.Module):
    """InfoNCE with translations masked by group, for sentence-transformers' trainer.

    Attributes:
        model: The encoder; the trainer swaps in its wrapped one.
        directions: Which side looks for which.
        log_scale: Logarithm of the inverse temperature; a parameter if it is learned.
    """

    def __init__(
        self,
        model: SentenceTransformer,
        *,
        temperature: float = 0.05,
        learn_temperature: bool = False,
        directions: Directions = "query_to_document",
    ) -> None:
        """Makes the loss.

        Args:
            model: Encoder of L2-normalised embeddings.
            temperature: Softmax temperature, or its first value if it is learned; > 0.
            learn_temperature: Whether to train it, down to 0.01.
            directions: `query_to_document`, or `both`.

        Raises:
            ConfigError: If temperature <= 0.
        """
        super().__init__()
        if temperature <= 0:
            raise ConfigError(f"temperature must be > 0, got {temperature}")
        self.model = model
        self.directions: Directions = directions
        log_scale = torch.tensor(-math.log(temperature))
        self.log_scale: Tensor
        if learn_temperature:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale, persistent=False)

    def forward(self, sentence_features: Iterable[dict[str, Tensor]], labels: Tensor) -> Tensor:
        """Loss of a batch.

        Args:
            sentence_features: Model input of the queries, then of the documents.
            labels: (N, 4) labels of the documents (`BatchLabels.pack`).

        Returns:
            Scalar loss.
        """
        queries, documents = sentence_features
        query_embeddings, document_embeddings = _encode_both(self.model, queries, documents)
        scale = self.log_scale.exp().clamp(max=_MAX_SCALE)
        meant = BatchLabels.unpack(labels)
        numbers = torch.unique(meant.owners)
        return info_nce_loss(
            query_embeddings,
            document_embeddings,
            meant.drawn(numbers),
            meant.parallel(numbers),
            scale,
            self.directions,
        )

    def get_config_dict(self) -> dict[str, Any]:
        """Settings, for the model card."""
        return {
            "temperature": round(math.exp(-self.log_scale.item()), 6),
            "learn_temperature": isinstance(self.log_scale, nn.Parameter),
            "directions": self.directions,
        }


def _encode_both(
    model: nn.Module, queries: dict[str, Tensor], documents: dict[str, Tensor]
) -> tuple[Tensor, Tensor]:
    if "offsets" not in queries or "offsets" not in documents:
        return model(queries)["sentence_embedding"], model(documents)["sentence_embedding"]
    # A static encoder takes both columns in one pass: one lookup of the batch's distinct subwords.
    num_query_ids, num_queries = len(queries["input_ids"]), len(queries["offsets"])
    merged = {
        "input_ids": torch.cat([queries["input_ids"], documents["input_ids"]]),
        "offsets": torch.cat([queries["offsets"], documents["offsets"] + num_query_ids]),
    }
    embeddings = model(merged)["sentence_embedding"]
    return embeddings[:num_queries], embeddings[num_queries:]
