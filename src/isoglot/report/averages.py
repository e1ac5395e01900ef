"""Macro averages: every measure in every setting, and transfer between languages."""

from __future__ import annotations

from collections.abc import Iterable

from isoglot.evaluation.placement import SETTINGS
from isoglot.report.blocks import Block
from isoglot.report.parts import Part
from isoglot.report.tables import MISSING, Cell, TextTable, interval_cell, mark_best
from isoglot.report.values import TITLES, is_transfer, measure_title


def macro_table(part: Part, names: Iterable[str], title: str, name: str) -> TextTable:
    """Macro averages with intervals, a line for each setting and model.

    Args:
        part: The part.
        names: Measures; those without a macro average are left out.
        title: What the table shows.
        name: Name of its file.

    Returns:
        The table, the best of several models in a setting marked.
    """
    shown = [
        measure for measure in names if any(part.macro(m, s, measure) for m in part.models for s in SETTINGS)
    ]
    rows: list[tuple[Cell, ...]] = []
    for setting in SETTINGS:
        found = {
            m: [interval_cell(part.macro(m, setting, measure)) for measure in shown] for m in part.models
        }
        kept = {m: cells for m, cells in found.items() if any(cell.text != MISSING for cell in cells)}
        marked = mark_best(list(kept.values()), [(setting, measure) for measure in shown])
        rows += [(Cell(TITLES[setting]), Cell(m), *cells) for m, cells in zip(kept, marked, strict=True)]
    headings = (measure_title(measure) for measure in shown)
    return TextTable(title, ("Setting", "Model", *headings), tuple(rows), name)


def transfer_block(part: Part) -> Block:
    """Transfer gaps, and means over languages with little training text or none.

    Args:
        part: The part.

    Returns:
        The block; empty where nobody said which languages these are.
    """
    names = list(dict.fromkeys(r.measure for r in part.records if is_transfer(r.measure)))
    return Block(
        "Transfer",
        "Transfer gap: the value of the language a model was trained in minus the mean of the others; less "
        "is better. Low resource, unseen: means over the languages with little training text, or with none.",
        (macro_table(part, names, "Transfer", "transfer"),),
    )
