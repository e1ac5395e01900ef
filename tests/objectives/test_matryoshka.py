"""Truncated embeddings."""

import pytest
import torch

from isoglot.objectives import truncate


def test_the_first_dimensions_have_length_one_again() -> None:
    embeddings = torch.tensor([[3.0, 4.0, 12.0], [0.0, -2.0, 1.0], [0.0, 0.0, 1.0]])
    expected = torch.tensor([[0.6, 0.8], [0.0, -1.0], [0.0, 0.0]])
    torch.testing.assert_close(truncate(embeddings, 2), expected)


@pytest.mark.parametrize("dimension", [0, 4])
def test_dimensions_that_there_are_not(dimension: int) -> None:
    with pytest.raises(ValueError, match=f"dimension must be between 1 and 3, got {dimension}"):
        truncate(torch.ones(2, 3), dimension)
