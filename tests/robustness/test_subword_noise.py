"""Subword noise: the words stay, how they are cut is drawn, and drawn again alike."""

import itertools
import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from isoglot.encoders import train_subwords
from isoglot.errors import ConfigError
from isoglot.robustness.subword_noise import SubwordNoise

TEXTS = [" ".join(words) for words in itertools.permutations(["banana", "bandana", "ananas", "nana"], 3)]


def flat(tokenizer: Tokenizer, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    return np.concatenate(ids).astype(np.int32), np.array([len(each) for each in ids])


@pytest.fixture(scope="module", params=["bpe", "unigram"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return train_subwords(TEXTS * 3, 40, model=request.param)


def noisy(noise: SubwordNoise, tokenizer: Tokenizer, texts: list[str], key: int, first: int = 0):
    ids, counts = flat(tokenizer, texts)
    return noise(ids, counts, (key,), np.arange(first, first + len(texts)))


def spelled(tokenizer: Tokenizer, ids: np.ndarray, counts: np.ndarray) -> list[str]:
    return [tokenizer.decode(each.tolist()) for each in np.split(ids, np.cumsum(counts)[:-1])]


def test_texts_stay_and_cuts_differ(tokenizer: Tokenizer) -> None:
    noise = SubwordNoise.of(tokenizer, 0.5, seed=0)
    usual, usual_counts = flat(tokenizer, TEXTS)
    ids, counts = noisy(noise, tokenizer, TEXTS, 0)
    assert counts.sum() == len(ids) > len(usual)
    assert spelled(tokenizer, ids, counts) == spelled(tokenizer, usual, usual_counts) == TEXTS


def test_what_is_drawn_depends_on_key_and_row_alone(tokenizer: Tokenizer) -> None:
    ids, counts = noisy(SubwordNoise.of(tokenizer, 0.5, seed=0), tokenizer, TEXTS, 7)
    warm = SubwordNoise.of(tokenizer, 0.5, seed=0)
    noisy(warm, tokenizer, TEXTS[::-1], 3)
    again, counts_again = noisy(warm, tokenizer, TEXTS[5:], 7, first=5)
    np.testing.assert_array_equal(counts_again, counts[5:])
    np.testing.assert_array_equal(again, ids[counts[:5].sum() :])
    assert noisy(warm, tokenizer, TEXTS, 8)[0].tolist() != ids.tolist()
    assert noisy(SubwordNoise.of(tokenizer, 0.5, seed=1), tokenizer, TEXTS, 7)[0].tolist() != ids.tolist()


def test_rate_0_of_bpe_is_the_tokenizer_and_rate_1_letters() -> None:
    tokenizer = train_subwords(TEXTS * 3, 40, model="bpe")
    usual, counts = flat(tokenizer, TEXTS)
    same, same_counts = noisy(SubwordNoise.of(tokenizer, 0.0, seed=0), tokenizer, TEXTS, 0)
    np.testing.assert_array_equal(same, usual)
    np.testing.assert_array_equal(same_counts, counts)
    letters, _ = noisy(SubwordNoise.of(tokenizer, 1.0, seed=0), tokenizer, TEXTS, 0)
    assert {len(tokenizer.id_to_token(code)) for code in letters.tolist()} == {1}


def test_bpe_dropout_leaves_out_as_many_merges_as_it_should() -> None:
    """`ab` is one merge, done unless it is left out: two letters with the probability of the rate."""
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "b": 1, "ab": 2}, merges=[("a", "b")]))
    noise = SubwordNoise.of(tokenizer, 0.3, seed=0)
    apart = [len(noise.cut("ab", np.random.default_rng(number))) == 2 for number in range(4000)]
    assert np.mean(apart) == pytest.approx(0.3, abs=0.03)


def test_bpe_dropout_takes_the_first_merge_that_is_left() -> None:
    """Of `abc`: `ab` unless it is left out, then `bc` unless that is, then letters."""
    vocabulary = {"a": 0, "b": 1, "c": 2, "ab": 3, "bc": 4}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[("a", "b"), ("b", "c")]))
    noise = SubwordNoise.of(tokenizer, 0.4, seed=0)
    cuts = [tuple(noise.cut("abc", np.random.default_rng(number))) for number in range(4000)]
    for cut, share in ((("ab", "c"), 0.6), (("a", "bc"), 0.24), (("a", "b", "c"), 0.16)):
        assert cuts.count(cut) / 4000 == pytest.approx(share, abs=0.03)


def test_unigram_segmentations_come_by_their_probability_to_a_power() -> None:
    scores = {"a": -1.0, "b": -2.0, "ab": -6.0}
    tokenizer = Tokenizer(models.Unigram(list(scores.items())))
    noise = SubwordNoise.of(tokenizer, 1.0, seed=0)
    whole = [len(noise.cut("ab", np.random.default_rng(number))) == 1 for number in range(4000)]
    expected = np.exp(0.2 * -6) / (np.exp(0.2 * -6) + np.exp(0.2 * -3))
    assert np.mean(whole) == pytest.approx(expected, abs=0.03)


def test_the_cuts_of_a_word_are_drawn_evenly() -> None:
    """Of one word in many places, each of its cuts comes as often as it should."""
    tokenizer = Tokenizer(models.BPE(vocab={"a": 0, "b": 1, "ab": 2}, merges=[("a", "b")]))
    noise = SubwordNoise.of(tokenizer, 0.5, seed=0)
    _, counts = noise(np.full(6400, 2, np.int32), np.ones(6400, np.int64), (0,), np.arange(6400))
    pool = [len(noise._drawn(np.array([2], np.int32).tobytes(), number)) for number in range(16)]
    assert counts.mean() == pytest.approx(np.mean(pool), abs=0.03)


def test_special_and_unknown_subwords_stay_and_long_texts_lose_their_end(tokenizer: Tokenizer) -> None:
    usual, _ = flat(tokenizer, ["banana bandana ananas"])
    start, end, unknown = (tokenizer.token_to_id(token) for token in ("<s>", "</s>", "<unk>"))
    inner = tokenizer.token_to_id("n")  # begins no word
    ids = np.array([start, inner, *usual, unknown, inner, end], np.int32)
    counts = np.array([len(ids)])
    noise = SubwordNoise.of(tokenizer, 1.0, seed=3, max_tokens=len(ids))
    found, lengths = noise(ids, counts, (0,), np.arange(1))
    assert lengths.tolist() == [len(found)]
    assert len(found) <= len(ids)
    assert (found[0], found[1], found[-1]) == (start, inner, end)
    longer, _ = SubwordNoise.of(tokenizer, 1.0, seed=3)(ids, counts, (0,), np.arange(1))
    assert longer.tolist()[-3:] == [unknown, inner, end]
    assert len(longer) > len(ids)
    assert found[:4].tolist() == longer[:4].tolist()


def test_texts_without_subwords_pass(tokenizer: Tokenizer) -> None:
    nothing = np.empty(0, np.int32), np.zeros(2, np.int64)
    ids, counts = SubwordNoise.of(tokenizer, 0.5, seed=0)(*nothing, (0,), np.arange(2))
    assert len(ids) == 0
    assert counts.tolist() == [0, 0]


def test_other_tokenizers_are_refused() -> None:
    words = Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(ConfigError, match="its tokenizer is WordPiece"):
        SubwordNoise.of(words, 0.1, seed=0)
    clip = Tokenizer(models.BPE(vocab={"a</w>": 0}, merges=[], end_of_word_suffix="</w>"))
    assert json.loads(clip.to_str())["model"]["end_of_word_suffix"] == "</w>"
    with pytest.raises(ConfigError, match="mark where words begin"):
        SubwordNoise.of(clip, 0.1, seed=0)
