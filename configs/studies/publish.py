"""Copies the reports of finished studies into the documentation.

    python configs/studies/publish.py q1 q2 q3 q4 q5

Of each study in runs/studies/, `report.md` becomes docs/studies/NAME.md, its pictures go to
docs/studies/figures/NAME/. The table of cells stays in the study's own report.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

RUNS, DOCS = Path("runs/studies"), Path("docs/studies")
_CELLS = "\n## Cells\n"


def publish(name: str) -> Path:
    """Copies one study.

    Args:
        name: Its name.

    Returns:
        The page.
    """
    study = RUNS / name
    text, _, _ = (study / "report.md").read_text(encoding="utf-8").partition(_CELLS)
    figures = DOCS / "figures" / name
    shutil.rmtree(figures, ignore_errors=True)
    shutil.copytree(study / "figures", figures)
    page = DOCS / f"{name}.md"
    command = f"Made by `isoglot study configs/studies/{name}.toml`, whose own report has every cell."
    text = text.replace("(figures/", f"(figures/{name}/").replace(
        "\n## Answer", f"\n{command}\n\n## Answer", 1
    )
    text = text.replace(f"# {name}\n", f"# Question {name.removeprefix('q')}\n", 1)
    page.write_text(f"{text.rstrip()}\n", encoding="utf-8")
    return page


def main() -> None:
    """Copies the studies that are named."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="+", help="Names of studies.")
    for name in parser.parse_args().names:
        print(publish(name))


if __name__ == "__main__":
    main()
