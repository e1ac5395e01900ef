"""How much of a small picture search survives noise, blur, crops and compression of the pictures.

    python configs/perturbed/pictures.py

Draws 600 scenes, trains an encoder of captions in four languages and of pictures from nothing, and searches
the pictures that training has not shown, as they are and perturbed. Hardware: one CPU core, four minutes.
Writes to runs/perturbed/pictures/. Result: docs/robustness.md, "Perturbed queries".
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import isoglot
from isoglot.batches import Hybrid
from isoglot.experiments.picture_search import SETTINGS, picture_encoder
from isoglot.training import fit

OUT = Path("runs/perturbed/pictures")
LANGUAGES = ("de", "en", "ru", "zh")


def main() -> None:
    """Trains, measures, prints."""
    corpus = isoglot.build_world_corpus(
        OUT / "scenes", groups=600, languages=LANGUAGES, modalities=("text", "image"), seed=0
    )
    to_pictures = corpus.select(query_modalities=["text"], document_modalities=["image"])
    model = fit(
        picture_encoder(corpus, 0),
        to_pictures,
        scheme=Hybrid(alpha=0.5),
        output_dir=OUT / "model",
        settings=replace(SETTINGS, steps=200, batch_size=64, seed=0),
    )
    shown = np.isin(to_pictures.document_groups, to_pictures.split("train").groups)
    everyone = np.arange(to_pictures.queries.num_rows, dtype=np.int32)
    found = isoglot.evaluate_robustness(
        model,
        to_pictures.take(everyone, np.flatnonzero(~shown).astype(np.int32)),
        perturbations=["noise", "blur", "crop", "jpeg"],
        strengths=[0.1, 0.3, 0.5, 1.0],
        side="documents",
        name="pictures",
        measures=["AP", "success@1"],
    )
    found.write(OUT / "results")
    found.to_html(OUT / "results" / "report.html")
    print(found.table())


if __name__ == "__main__":
    main()
