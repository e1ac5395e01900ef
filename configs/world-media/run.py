"""One space of texts, pictures, videos and sounds in seventeen languages, from nothing,.

    python configs/world-media/run.py --seeds 0 1 2
    python configs/world-media/run.py --prepare

Some languages have captions of nothing that is shown, one has no text at all in training, and one style of
drawing is kept out of training. Writes the corpus, models and results to runs/world-media/. Started again, it
goes on where it stopped.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from isoglot.config import read_config
from isoglot.corpora import ParallelCorpus, read_corpus
from isoglot.evaluation import Results
from isoglot.evaluation.seeds import spread
from isoglot.experiments import ExperimentConfig, run_experiment
from isoglot.experiments.arms import evaluate_once
from isoglot.experiments.corpora import without_training_documents
from isoglot.world import build_world_corpus

FOLDER = Path(__file__).parent
ROOT = Path("runs/world-media")
ARMS = ("captions_only", "hybrid", "cross_lingual", "pooled_variance")
SHOWN = ("image", "video", "audio")
WITHOUT_PICTURES = ("eu", "hi", "sw", "th")
UNSEEN = ("yo",)
STYLE = "night"

Found = Mapping[str, Results]
"""Results of one arm and seed by the name of what was searched."""


def prepare() -> ParallelCorpus:
    """The corpus, made on first use."""
    folder = ROOT / "corpus"
    if not (folder / "corpus.json").exists():
        build_world_corpus(
            folder,
            groups=2_400,
            without_pictures=WITHOUT_PICTURES,
            unseen=UNSEEN,
            text_only=0.25,
            held_out_styles=[STYLE],
        )
    return read_corpus(folder)


def searched(corpus: ParallelCorpus) -> dict[str, ParallelCorpus]:
    """What is searched: text to each medium and back, a style never seen, and text to text."""
    found = {}
    for medium in SHOWN:
        ways = {f"text-{medium}": ("text", medium), f"{medium}-text": (medium, "text")}
        for name, (asked, answered) in ways.items():
            found[name] = without_training_documents(
                corpus.select(query_modalities=[asked], document_modalities=[answered])
            )
        if medium != "audio":
            found[f"text-{medium}-{STYLE}"] = in_style(found[f"text-{medium}"])
    found["text-text"] = without_training_documents(
        corpus.select(query_modalities=["text"], document_modalities=["text"])
    )
    return {name: replace(part, info=replace(part.info, name=name)) for name, part in found.items()}


def in_style(corpus: ParallelCorpus) -> ParallelCorpus:
    """The corpus with those queries alone whose answers are drawn in the style that training never shows."""
    drawn = np.array([f"/{STYLE}/" in path for path in corpus.documents["path"].to_pylist()])
    groups = np.unique(corpus.document_groups[drawn])
    asked = np.flatnonzero(np.isin(corpus.query_groups, groups)).astype(np.int32)
    return corpus.take(asked, np.arange(corpus.documents.num_rows, dtype=np.int32))


def carry_out(arm: str, seed: int, corpora: Mapping[str, ParallelCorpus]) -> Found:
    """Trains an arm with a seed, and measures it everywhere."""
    start = time.perf_counter()
    config = read_config(FOLDER / f"{arm}.toml", ExperimentConfig, (f"training.seed={seed}",))
    model = run_experiment(config)
    found = {
        name: evaluate_once(
            model,
            corpus,
            ROOT / "results" / model.name / name,
            split="test",
            name=model.name,
            measures=("AP", "R@10"),
        )
        for name, corpus in corpora.items()
    }
    print(f"seed {seed} {arm}: {time.perf_counter() - start:.0f} s", flush=True)
    return found


def by_language(results: Results) -> dict[str, float]:
    """R@10 of captions in each language, which search one medium."""
    told = {"setting": "multilingual", "document_language": "*", "measure": "R@10"}
    return {
        record.query_language: record.value
        for record in results.select(**told)
        if record.query_language != "*"
    }


def columns(found: Found) -> Iterator[tuple[str, float]]:
    """Title and value of each column."""
    for medium in SHOWN:
        of = by_language(found[f"text-{medium}"])
        full = [tag for tag in of if tag not in (*WITHOUT_PICTURES, *UNSEEN)]
        yield f"text → {medium}", statistics.mean(of[tag] for tag in full)
        yield "without pictures", statistics.mean(of[tag] for tag in WITHOUT_PICTURES)
        yield "unseen", statistics.mean(of[tag] for tag in UNSEEN)
        if medium != "audio":
            new = by_language(found[f"text-{medium}-{STYLE}"])
            yield "new style", statistics.mean(new[tag] for tag in full)


def backwards(found: Found) -> Iterator[tuple[str, float]]:
    """Title and value of each column: media that ask, and texts alone."""
    for medium in SHOWN:
        yield f"{medium} → text, pooled", found[f"{medium}-text"].value("multilingual", "R@10")
    for setting in ("monolingual", "cross_lingual", "multilingual"):
        yield f"text → text, {setting} AP", found["text-text"].value(setting)
    yield "rank distance", found["text-text"].value("multilingual", "rank_distance")


def table(title: str, rows: Mapping[str, Sequence[Sequence[tuple[str, float]]]]) -> str:
    """Markdown: mean and standard deviation over seeds, a line per arm."""
    titles = [name for name, _ in next(iter(rows.values()))[0]]
    lines = [f"| {title} | {' | '.join(titles)} |", "|---|" + "---:|" * len(titles)]
    for arm, seeds in rows.items():
        columns_of_values = zip(*[[value for _, value in seed] for seed in seeds], strict=True)
        cells = [spread(values, ",.0f" if max(values) > 1 else ".3f") for values in columns_of_values]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Trains, evaluates, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=ARMS, help="Names of configurations beside this file.")
    parser.add_argument("--prepare", action="store_true", help="Only make the corpus.")
    options = parser.parse_args()
    corpora = searched(prepare())
    if options.prepare:
        return
    found = {arm: [carry_out(arm, seed, corpora) for seed in options.seeds] for arm in options.arms}
    sizes = ", ".join(f"{corpora[f'text-{medium}'].documents.num_rows} {medium}" for medium in SHOWN)
    title = f"R@10 among {sizes} files, {len(options.seeds)} seeds"
    print(
        f"\n{table(title, {arm: [list(columns(each)) for each in seeds] for arm, seeds in found.items()})}\n"
    )
    rows = {arm: [list(backwards(each)) for each in seeds] for arm, seeds in found.items()}
    print(f"{table('media that ask, and texts', rows)}\n")


if __name__ == "__main__":
    main()
