"""What a report shows of retrieval: three settings, whom a model favours, languages, pairs and transfer."""

from __future__ import annotations

from collections.abc import Iterator

from isoglot.report.averages import macro_table, transfer_block
from isoglot.report.bias import bias_blocks
from isoglot.report.blocks import Block
from isoglot.report.comparisons import comparison_blocks
from isoglot.report.languages import languages_block, matrix_table
from isoglot.report.parts import Part
from isoglot.report.pictures import heat_maps
from isoglot.report.tables import settings_of_parts
from isoglot.report.values import measure_title

_SETTING_NOTES = {
    "monolingual": "The collection is in the query's language.",
    "cross_lingual": "Mean over the collections in one other language each.",
    "multilingual": "One collection of all languages; every translation of the answer counts.",
}


def retrieval_blocks(part: Part) -> Iterator[Block]:
    """Everything on a part in which a collection was searched.

    Args:
        part: The part.

    Yields:
        What goes under each heading; some may be empty.
    """
    measure = part.main_measure
    name = "Average precision, uncut" if measure == "AP" else measure_title(measure)
    yield Block(
        "Three settings",
        f"{name}; macro average over languages or pairs of languages. Rank distance and diagonal excess: "
        "lower is fairer.",
        (settings_of_parts([part], measure),),
    )
    yield from comparison_blocks(part)
    yield from bias_blocks(part)
    yield _matrix_block(part)
    yield languages_block(part, "By language of the query", _SETTING_NOTES)
    yield _pairs_block(part)
    yield transfer_block(part)
    note = "Macro averages, with the half width of the 95 % interval."
    yield Block("All measures", note, (macro_table(part, part.measures, "All measures", "measures"),))


def _matrix_block(part: Part) -> Block:
    records = part.of("multilingual", "AP")
    return Block(
        "Language matrix",
        "Row: language of the query. Column: language of the answer. AP in the pool of all languages when "
        "only the answer in that language counts; a bright diagonal (outlined) is a pull towards the query's "
        "own language.",
        maps=heat_maps(records, part.models),
        exported=(matrix_table("Language matrix", records, part.models, "language-matrix"),),
    )


def _pairs_block(part: Part) -> Block:
    measure = part.main_measure
    records = part.of("monolingual", measure) + part.of("cross_lingual", measure)
    title = "One language at a time"
    return Block(
        title,
        "Row: language of the query. Column: language of the whole collection. "
        f"{measure_title(measure)}; the diagonal is the monolingual setting.",
        maps=heat_maps(records, part.models),
        exported=(matrix_table(title, records, part.models, "language-pairs"),),
    )
