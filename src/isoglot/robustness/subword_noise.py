"""Subword noise: a word is cut into other subwords than usual, which needs no table and no language.

BPE dropout (Provilkov et al. 2020, arXiv 1910.13267) for byte-pair encoding, subword regularisation (Kudo
2018, arXiv 1804.10959) for unigram models. The tokenizers library draws from a generator that nothing can
seed, so it is done here, on the ids that the library has cut: those of a word are joined, and cut anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.errors import ConfigError
from isoglot.robustness.chance import uniform

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Cut = Callable[[str, np.random.Generator], list[str]]
"""Cuts a word into pieces at random."""

_WORD_STARTS = ("▁", "Ġ")
_BYTE = re.compile(r"<0x[0-9A-Fa-f]{2}>")
_NUM_CUTS = 16
"""Ways in which one word is cut in a training; each is drawn on its own, and one of them in each place."""
_MAX_KNOWN = 1_000_000
"""Cuts that are kept; more are drawn again, the same."""
_SHARPNESS = 0.2
"""Power of the probabilities of unigram segmentations, Kudo's alpha: the lower, the more alike."""


@dataclass(frozen=True, eq=False)
class SubwordNoise:
    """Cuts words anew.

    Attributes:
        rate: For byte-pair encoding, probability of a merge to be left out each time; for a unigram model, of
            a word to be cut anew.
        seed: Seed.
        pieces: Subwords by id; "" for what stays as it is.
        stays: (vocabulary,) whether a subword stays as it is.
        starts: (vocabulary,) whether a subword begins a word, or stays as it is.
        cut: Cuts a word at random.
        max_tokens: Longest text; one that grew longer loses subwords at its end, before its special tokens.
            None for no limit.
    """

    rate: float
    seed: int
    pieces: tuple[str, ...]
    stays: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.bool_]
    cut: Cut
    max_tokens: int | None = None
    _ids: Mapping[str, int] = field(default_factory=dict, repr=False)
    _known: dict[tuple[bytes, int], npt.NDArray[np.int32]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, tokenizer: Tokenizer, rate: float, *, seed: int, max_tokens: int | None = None
    ) -> SubwordNoise:
        """Noise for the texts of a tokenizer.

        Args:
            tokenizer: Cuts by byte-pair encoding or a unigram model.
            rate: From 0 to 1, as above.
            seed: Seed.
            max_tokens: Longest text; None for no limit.

        Returns:
            The noise.

        Raises:
            ConfigError: If it cuts in another way, or writes the inside or the end of words in its own way.
        """
        said = json.loads(tokenizer.to_str())
        model = said["model"]
        kind = model.get("type")
        if kind not in ("BPE", "Unigram") or any(
            model.get(key) for key in ("continuing_subword_prefix", "end_of_word_suffix")
        ):
            raise ConfigError(
                "augmentation.subword_rate must be 0 for this encoder: subword noise is for byte-pair "
                "encoding and unigram models that mark where words begin, or nothing; its tokenizer is "
                f"{kind}"
            )
        fixed = {token["id"] for token in said.get("added_tokens", [])} | _unknown(model)
        vocabulary = tokenizer.get_vocab()
        pieces = [""] * (1 + max(vocabulary.values()))
        for piece, code in vocabulary.items():
            if code not in fixed and not (model.get("byte_fallback") and _BYTE.fullmatch(piece)):
                pieces[code] = piece
        ids = {piece: code for code, piece in enumerate(pieces) if piece}
        starts = np.array([not piece or piece.startswith(_WORD_STARTS) for piece in pieces])
        cut = _bpe(model, rate) if kind == "BPE" else _unigram(model, rate)
        stays = np.array([not piece for piece in pieces])
        return cls(rate, seed, tuple(pieces), stays, starts, cut, max_tokens, ids)

    def __call__(
        self,
        ids: npt.NDArray[np.int32],
        counts: npt.NDArray[np.int64],
        key: tuple[int, ...],
        rows: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Other subwords of some texts.

        Args:
            ids: (subwords,) ids of the texts, one after the other.
            counts: (texts,) subwords of each.
            key: With the row, says what is drawn.
            rows: (texts,) row of each text.

        Returns:
            Ids and counts in the same form. Special and unknown subwords, and those of bytes, stay.
        """
        if not len(ids):
            return ids, counts
        texts = np.repeat(np.arange(len(counts)), counts)
        begins = self.starts[ids] | np.append(True, texts[1:] != texts[:-1])
        begins |= np.append(False, self.stays[ids[:-1]])
        firsts = np.flatnonzero(begins)
        of_text = texts[firsts]
        places = np.arange(len(firsts)) - np.searchsorted(of_text, of_text)
        chosen = (uniform(key, rows[of_text], places) * _NUM_CUTS).astype(np.int64)
        data, ends = np.ascontiguousarray(ids, np.int32).tobytes(), np.append(firsts[1:], len(ids))
        drawn = [
            self._drawn(data[4 * first : 4 * end], number)
            for first, end, number in zip(firsts.tolist(), ends.tolist(), chosen.tolist(), strict=True)
        ]
        new = np.concatenate(drawn)
        lengths = np.bincount(of_text, [len(each) for each in drawn], len(counts)).astype(np.int64)
        return self._shortened(new, lengths)

    def _drawn(self, word: bytes, number: int) -> npt.NDArray[np.int32]:
        """One of the cuts of a word, which is given by its usual ids."""
        known = self._known.get((word, number))
        if known is None:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            known = self._known[word, number] = self._cut(np.frombuffer(word, np.int32), number)
        return known

    def _cut(self, usual: npt.NDArray[np.int32], number: int) -> npt.NDArray[np.int32]:
        word = "".join(self.pieces[code] for code in usual)
        if not word:
            return usual
        said = f"{self.seed} {number} {word}".encode("utf-8", "surrogatepass")
        key = int.from_bytes(hashlib.blake2b(said, digest_size=16).digest(), "little")
        rng = np.random.Generator(np.random.Philox(key=key))
        found = self.cut(word, rng)
        if not found or not all(piece in self._ids for piece in found):
            return usual
        return np.array([self._ids[piece] for piece in found], np.int32)

    def _shortened(
        self, ids: npt.NDArray[np.int32], counts: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """The texts, none longer than it may be."""
        if self.max_tokens is None or counts.max() <= self.max_tokens:
            return ids, counts
        kept = np.ones(len(ids), bool)
        ends = np.cumsum(counts)
        for text in np.flatnonzero(counts > self.max_tokens):
            last = ends[text]
            while last > ends[text] - counts[text] and self.stays[ids[last - 1]]:
                last -= 1
            kept[last - (counts[text] - self.max_tokens) : last] = False
        return ids[kept], np.minimum(counts, self.max_tokens)


def _unknown(model: Mapping[str, Any]) -> set[int]:
    """Id of what stands for unknown subwords, if there is one."""
    if model["type"] == "Unigram":
        return set() if model.get("unk_id") is None else {model["unk_id"]}
    return {model["vocab"][model["unk_token"]]} if model.get("unk_token") in model["vocab"] else set()


def _bpe(model: Mapping[str, Any], rate: float) -> Cut:
    """BPE dropout: before each merge, each that could be done is left out at the rate."""
    merges = (tuple(each.split(" ")) if isinstance(each, str) else tuple(each) for each in model["merges"])
    ranks = {pair: rank for rank, pair in enumerate(merges)}

    never = len(ranks)

    def cut(word: str, rng: np.random.Generator) -> list[str]:
        symbols = list(word)
        following = [ranks.get(pair, never) for pair in pairwise(symbols)]
        while (place := _next_merge(following, never, rate, rng)) is not None:
            symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
            del following[place]
            for changed in range(max(0, place - 1), min(place + 1, len(following))):
                following[changed] = ranks.get((symbols[changed], symbols[changed + 1]), never)
        return symbols

    return cut


def _next_merge(following: list[int], never: int, rate: float, rng: np.random.Generator) -> int | None:
    """Where the first merge is that is not left out, in the order of their ranks, then from left to right.

    Which ones are left out is drawn one by one, as most often the first is not.
    """
    lowest = min(following, default=never)
    if lowest == never:
        return None
    if rng.random() >= rate:
        return following.index(lowest)
    for place in sorted(range(len(following)), key=following.__getitem__)[1:]:
        if following[place] == never:
            return None
        if rng.random() >= rate:
            return place
    return None


def _unigram(model: Mapping[str, Any], rate: float) -> Cut:
    """Subword regularisation: at the rate, a segmentation in proportion to its probability to a power."""
    scores = {piece: _SHARPNESS * score for piece, score in model["vocab"]}
    longest = max(map(len, scores))

    def cut(word: str, rng: np.random.Generator) -> list[str]:
        if rng.random() >= rate:
            return []
        ways = [0.0] + [-np.inf] * len(word)  # logarithm of the weight of all segmentations up to each place
        ending: list[list[tuple[int, float]]] = [[]]
        for end in range(1, len(word) + 1):
            begins = range(max(0, end - longest), end)
            ending.append(
                [
                    (start, ways[start] + scores[word[start:end]])
                    for start in begins
                    if word[start:end] in scores
                ]
            )
            if ending[end]:
                ways[end] = float(np.logaddexp.reduce([weight for _, weight in ending[end]]))
        return _sampled_backwards(word, ending, ways, rng)

    return cut


def _sampled_backwards(
    word: str, ending: list[list[tuple[int, float]]], ways: list[float], rng: np.random.Generator
) -> list[str]:
    """A segmentation, piece by piece from the end; none if there is none."""
    found: list[str] = []
    end = len(word)
    while end:
        if ways[end] == -np.inf:
            return []
        reached = np.cumsum(np.exp([weight - ways[end] for _, weight in ending[end]]))
        chosen = min(int(np.searchsorted(reached, rng.random() * reached[-1], "right")), len(reached) - 1)
        start = ending[end][chosen][0]
        found.append(word[start:end])
        end = start
    return found[::-1]
