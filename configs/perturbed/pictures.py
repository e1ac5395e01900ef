"""How much of a search of pictures in seventeen languages noise, blur, crops and compression leave.

    python configs/world-media/run.py --arms hybrid --seeds 0 1 2
    python configs/perturbed/pictures.py runs/world-media/hybrid-{0,1,2}

Texts search the pictures that training has not shown, as they are and perturbed, in the models that the first
command trains. Writes results and a report of each to runs/perturbed/. Hardware: one CPU core, minutes a
model. Result: docs/robustness.md, "Perturbed queries".
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import isoglot
from isoglot.corpora import ParallelCorpus
from isoglot.evaluation import Results, read_results
from isoglot.evaluation.curves import build_curves, mean_curves
from isoglot.evaluation.seeds import spread
from isoglot.experiments.corpora import without_training_documents

OUT = Path("runs/perturbed")
PERTURBATIONS = ("noise", "blur", "crop", "jpeg")


def measure(model: Path, corpus: ParallelCorpus, strengths: Sequence[float]) -> Results:
    """Results of a model, read back where they were written before."""
    folder = OUT / model.name
    if not (folder / "report.html").exists():
        found = isoglot.evaluate_robustness(
            model,
            corpus,
            perturbations=PERTURBATIONS,
            strengths=strengths,
            side="documents",
            name=model.name,
            measures=("AP", "R@10"),
        )
        found.write(folder)
        found.to_html(folder / "report.html")
    return read_results(folder)


def table(parts: Sequence[Results], measure: str = "AP") -> str:
    """Markdown: what is retained in the pool of all languages, a line per perturbation."""
    curves = [mean_curves(build_curves(each, measure)) for each in parts]
    strengths = [point.strength for point in curves[0][0].points[1:]]
    clean = spread([each[0].points[0].value for each in curves], ".3f")
    lines = [f"| {clean} {measure} unperturbed | {' | '.join(map(str, strengths))} |"]
    lines.append("|---|" + "---:|" * len(strengths))
    for same in zip(*curves, strict=True):
        points = zip(*(curve.points[1:] for curve in same), strict=True)
        cells = (spread([100 * (point.retained or 0) for point in each], ".0f") for each in points)
        lines.append(f"| {same[0].perturbation} | {' | '.join(f'{cell} %' for cell in cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measures each model, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="+", help="One of each seed.")
    parser.add_argument("--corpus", type=Path, default=Path("runs/world-media/corpus"))
    parser.add_argument("--strengths", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    options = parser.parse_args()
    corpus = isoglot.read_corpus(options.corpus)
    searched = without_training_documents(
        corpus.select(query_modalities=["text"], document_modalities=["image"])
    )
    print(table([measure(model, searched, options.strengths) for model in options.models]))


if __name__ == "__main__":
    main()
