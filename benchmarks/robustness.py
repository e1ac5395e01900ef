"""What robust training costs: training steps with perturbed or changed input against the same steps without.

    python benchmarks/robustness.py [--encoder static|transformer] [--ways NAME ...] [--steps N] [--rounds N]

Prints, for the same model, batch size and data in one process, the median time of a step (drawing and
collating its batch included) as a multiple of that of plain training, the passes of `RobustSettings.passes`
as a multiple of plain training's one forward and one backward, and the seconds before the first step:

    fgm, pgd     adversarial training with one step, and with three
    random       Gaussian noise, one copy
    words        synonyms drawn anew in every step, so that every batch is cut into subwords when it is drawn
    copies       synonyms in 4 copies that are cut beforehand
    subwords     BPE dropout
    all          words and subwords
    fgm_all      adversarial training on these

Every word of every language has two neighbours here, which is more than any table has. The ways run in turns,
so that a busy machine slows all alike.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from isoglot.batches import Hybrid
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.robustness.augmentation_settings import AugmentationSettings
from isoglot.robustness.settings import RobustSettings
from isoglot.training import TrainingSettings, fit
from isoglot.world import build_text_corpus
from training_overhead import Clock

LANGUAGES = ("de", "en", "ru", "th", "tr")


def write_tables(corpus: ParallelCorpus, folder: Path) -> dict[str, str]:
    """A table for each language, in which the neighbours of a word are the two after it in the alphabet."""
    names, codes = corpus.document_languages
    files = {}
    for code, language in enumerate(names):
        rows = np.flatnonzero(codes == code).astype(np.int32)
        words = sorted({word for text in corpus.document_texts(rows) for word in text.split()})
        lines = [
            f"{word}\t{words[place - 1]}\t{words[place - 2]}\n"
            for place, word in enumerate(words)
            if len(words) > 2
        ]
        path = folder / f"{language}.tsv"
        path.write_text("".join(lines), encoding="utf-8")
        files[language] = str(path)
    return files


def timed(
    model: SentenceTransformer, corpus: ParallelCorpus, settings: TrainingSettings
) -> tuple[list[float], float]:
    """Seconds of each step after the first few, and seconds before the first one."""
    clock, start = Clock(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        fit(
            copy.deepcopy(model),
            corpus,
            scheme=Hybrid(),
            output_dir=Path(folder) / "model",
            settings=settings,
            callbacks=[clock],
        )
    return clock.steps, clock.ends[0] - start


def build_model(kind: str, corpus: ParallelCorpus) -> SentenceTransformer:
    """A static encoder or a small transformer, as `isoglot train` builds them by default."""
    rows = np.arange(corpus.documents.num_rows, dtype=np.int32)
    tokenizer = train_subwords(corpus.document_texts(rows), 8_000, model="bpe")
    if kind == "static":
        return build_static_encoder(tokenizer, 256)
    return build_transformer_encoder(tokenizer, layers=4, hidden_size=256, heads=4, max_tokens=64)


def ways_of(tables: dict[str, str]) -> dict[str, TrainingSettings]:
    """The settings of each way of training."""
    fgm = RobustSettings(method="adversarial")
    words = AugmentationSettings(tables=tables)
    both = replace(words, subword_rate=0.1)
    return {
        "plain": TrainingSettings(),
        "fgm": TrainingSettings(robust=fgm),
        "pgd": TrainingSettings(robust=replace(fgm, steps=3)),
        "random": TrainingSettings(robust=RobustSettings(method="random")),
        "words": TrainingSettings(augmentation=words),
        "copies": TrainingSettings(augmentation=replace(words, copies=4)),
        "subwords": TrainingSettings(augmentation=AugmentationSettings(subword_rate=0.1)),
        "all": TrainingSettings(augmentation=both),
        "fgm_all": TrainingSettings(robust=fgm, augmentation=both),
    }


def main() -> None:
    """Measures and prints."""
    names = list(ways_of({}))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", default="static", choices=("static", "transformer"))
    parser.add_argument("--ways", nargs="+", default=names, choices=names)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=128)
    options = parser.parse_args()
    corpus = build_text_corpus(languages=LANGUAGES)
    model = build_model(options.encoder, corpus)
    steps: dict[str, list[float]] = {}
    before: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        ways = ways_of(write_tables(corpus, Path(folder)))
        chosen = list(dict.fromkeys(["plain", *options.ways]))
        for number in range(options.rounds):
            start = number % len(chosen)
            for name in chosen[start:] + chosen[:start]:
                settings = replace(ways[name], steps=options.steps, batch_size=options.batch_size)
                found, first = timed(model, corpus, settings)
                steps.setdefault(name, []).extend(found)
                before.setdefault(name, []).append(first)
    plain = statistics.median(steps["plain"])
    for name in chosen:
        step, passes = statistics.median(steps[name]), ways[name].robust.passes
        print(
            f"{name:10} {1000 * step:8.2f} ms a step  {step / plain:6.2f} times plain  "
            f"{passes['forward']} + {passes['backward']} passes, {sum(passes.values()) / 2:.1f} times plain  "
            f"{min(before[name]):6.1f} s before the first"
        )


if __name__ == "__main__":
    main()
