"""Words out of order."""

from __future__ import annotations

import numpy as np

from isoglot.robustness.perturbations.words import Word, cut_words, join_words


def shuffle_words(text: str, _language: str, strength: float, rng: np.random.Generator) -> str:
    """Moves words about, none farther than a share of the text's length.

    Words are sorted by their place plus a number drawn from 0 up to that many places, as in Lample, Conneau,
    Denoyer and Ranzato (arXiv 1711.00043, section 2.3). What stands between words keeps its place. In scripts
    without spaces, single characters are moved.

    Args:
        text: The text.
        _language: Its tag; not used.
        strength: Farthest move, as a share of the number of words.
        rng: Random numbers.

    Returns:
        The text.
    """
    lead, words = cut_words(text, piece=1)
    reach = strength * len(words)
    order = np.argsort(np.arange(len(words)) + rng.random(len(words)) * reach, kind="stable")
    moved = [Word(words[place].text, word.gap) for place, word in zip(order, words, strict=True)]
    return join_words(lead, moved)
