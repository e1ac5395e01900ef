"""Floating-point operations: counted while a model works, and from the closed formula of a transformer.

A multiplication and an addition are two operations. Counted are products of matrices, convolutions,
attention, and the sums of a bag of subwords; what costs next to nothing beside them (activations, norms,
the update of the weights) is not, as in Kaplan et al. 2020 (arXiv 2001.08361).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.utils.flop_counter import FlopCounterMode


@dataclass
class CountedFlops:
    """What was counted.

    Attributes:
        total: Operations; set when counting ends.
    """

    total: int = 0


@contextmanager
def count_flops() -> Iterator[CountedFlops]:
    """Counts the operations of everything that torch does within the context, forward and backward.

    What is computed twice, as by gradient checkpointing, counts twice: this is work done, not work needed.

    Yields:
        The count, complete when the context ends.
    """
    counted = CountedFlops()
    counter = flop_counter()
    with counter:
        yield counted
    counted.total = counter.get_total_flops()


def flop_counter() -> FlopCounterMode:
    """Torch's counter, which also knows attention on a CPU and bags of subwords."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

    aten: Any = torch.ops.aten

    def attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
        return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]

    def attention_backward(_: Any, query: Any, key: Any, value: Any, *__: Any, **___: Any) -> int:
        # Five products where the forward pass has two: the scores are computed again.
        return attention(query, key, value) * 5 // 2

    def bag(weight: Any, ids: Any, *_: Any, **__: Any) -> int:
        return int(ids[0] * weight[1])

    def bag_backward(grad: Any, ids: Any, *_: Any, **__: Any) -> int:
        return int(ids[0] * grad[1])

    return FlopCounterMode(
        display=False,
        custom_mapping={
            aten._scaled_dot_product_flash_attention_for_cpu: attention,
            aten._scaled_dot_product_flash_attention_for_cpu_backward: attention_backward,
            aten._embedding_bag: bag,
            aten._embedding_bag_forward_only: bag,
            aten._embedding_bag_dense_backward: bag_backward,
            aten._embedding_bag_backward: bag_backward,
        },
    )


@dataclass(frozen=True)
class TransformerShape:
    """What the closed formula needs to know of a transformer.

    Attributes:
        num_layers: Layers.
        width: Width of the token vectors.
        inner_width: Width between the two layers of each feed-forward network.
    """

    num_layers: int
    width: int
    inner_width: int

    @property
    def num_weights(self) -> int:
        """Weights of its matrices: N without embeddings, norms and biases; 12 layers width^2 as usual."""
        return self.num_layers * (4 * self.width**2 + 2 * self.width * self.inner_width)

    def forward_flops(self, num_texts: int, num_tokens: int) -> int:
        """Operations to encode texts of one length: 2 N for each token, and attention.

        Args:
            num_texts: Texts.
            num_tokens: Tokens of each, padding included: it is computed like everything else.

        Returns:
            2 N T + 4 layers width T^2 for a text of T tokens: the scores and the weighted sums take
            2 width T^2 each.
        """
        return num_texts * (2 * self.num_weights * num_tokens + self._attention(num_tokens))

    def step_flops(self, num_texts: int, num_tokens: int, *, attends_again: bool = False) -> int:
        """Operations of a training step: backward costs twice what forward does.

        Args:
            num_texts: Texts, queries and documents.
            num_tokens: Tokens of each, padding included.
            attends_again: Whether the backward pass computes the scores of attention again, as fused kernels
                do: 2.5 times the forward pass in place of 2.

        Returns:
            6 N T and three times attention (3.5 times, if scores are computed again) for each text. The
            scores of the loss are not among them: `similarity_flops`.
        """
        again = self._attention(num_tokens) // 2 if attends_again else 0
        return 3 * self.forward_flops(num_texts, num_tokens) + num_texts * again

    def _attention(self, num_tokens: int) -> int:
        return 4 * self.num_layers * self.width * num_tokens**2


def similarity_flops(num_queries: int, num_documents: int, dimension: int) -> int:
    """Operations of scoring a batch in a training step: one product forward, two backward."""
    return 3 * 2 * num_queries * num_documents * dimension


def static_flops(num_ids: int, dimension: int) -> int:
    """Operations to encode subwords by a static encoder: an addition per subword and dimension."""
    return num_ids * dimension
