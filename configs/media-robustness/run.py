"""Does pre-training with pictures and sounds make an encoder of texts better, and robust?

    python configs/media-robustness/run.py --study world --seeds 0 1 2
    python configs/media-robustness/run.py --study photographs --seeds 0 1 2
    python configs/media-robustness/run.py --split dev --seeds 0 --configs text --epsilons 0 0.01 0.03 0.1

The last line, and the same with text_image_audio, chose the radius of FGM on the world. Writes corpora,
models and results to runs/media-robustness/ (photographs' features and first weights to runs/photographs/).
Started again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

import media_photographs
import media_world
from media_arms import Arm, Cell, Cells, carry_out, effects, means

from isoglot.evaluation.curves import unperturbed
from isoglot.experiments.arms import differences

EPSILONS = {"world": 0.03, "photographs": 0.1}
"""Study -> radius of FGM in its robust arms."""
STUDIES = {"world": media_world, "photographs": media_photographs}
MEDIA = {"image", "audio"}


def measure(study: str, split: str, arms: Sequence[Arm], seeds: Sequence[int]) -> Cells:
    """Trains and measures arms, all of one seed before the next.

    Args:
        study: `world` or `photographs`.
        split: What is measured.
        arms: The arms.
        seeds: The seeds.

    Returns:
        What was found, in the order of the seeds.
    """
    tests = STUDIES[study].tests(split)
    found: dict[Arm, list[Cell]] = {arm: [] for arm in arms}
    for seed in seeds:
        for arm in arms:
            absent = MEDIA - set(arm.config.split("_"))
            chosen = {name: test for name, test in tests.items() if name not in absent}
            found[arm].append(carry_out(arm, seed, chosen, f"{study}-{split}"))
    return found


def report(study: str, split: str, cells: Cells) -> Iterator[str]:
    """The tables of a study.

    Args:
        study: `world` or `photographs`.
        split: What was measured.
        cells: What was found; differences are told where all arms are there.

    Yields:
        Tables of markdown.
    """
    module, num_seeds = STUDIES[study], len(next(iter(cells.values())))
    tables = module.tables(split)
    for title, columns in tables.items():
        yield means(f"{title}, {num_seeds} seed{'s' * (num_seeds > 1)}", columns, cells)
    contrasts = module.contrasts(EPSILONS[study])
    told = {
        name: pairs
        for name, pairs in contrasts.items()
        if {arm for pair in pairs for arm in pair} <= set(cells)
    }
    if told:
        columns = {
            f"{title}, {name}": column
            for title, part in tables.items()
            if title in module.COMPARED
            for name, column in part.items()
        }
        yield effects("difference", columns, told, cells)
    if told and study == "world":
        parts = {arm.name: [unperturbed(cell["search"]) for cell in found] for arm, found in cells.items()}
        yield differences(parts, "search of captions", "text", [name for name in parts if name != "text"])


def main() -> None:
    """Trains, measures, prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--study", choices=list(STUDIES), default="world")
    parser.add_argument("--split", choices=("test", "dev"), default="test", help="What is measured.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--configs", nargs="+", help="Names of configurations beside this file.")
    parser.add_argument("--epsilons", type=float, nargs="+", help="Radii of FGM; 0 is plain.")
    parser.add_argument("--prepare", action="store_true", help="Only make the corpora.")
    options = parser.parse_args()
    module = STUDIES[options.study]
    module.prepare(options.seeds)
    if options.prepare:
        return
    epsilons = options.epsilons or [0.0, EPSILONS[options.study]]
    arms = [Arm(config, epsilon) for epsilon in epsilons for config in options.configs or module.ARMS]
    cells = measure(options.study, options.split, arms, options.seeds)
    for table in report(options.study, options.split, cells):
        print(f"\n{table}\n", flush=True)


if __name__ == "__main__":
    main()
