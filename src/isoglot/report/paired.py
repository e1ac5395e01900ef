"""What a report shows of tasks without a ranking: pairs of texts, translations found, tags of items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from isoglot.evaluation.placement import ALL, SETTINGS
from isoglot.evaluation.results import Result
from isoglot.report.averages import macro_table, transfer_block
from isoglot.report.blocks import Block
from isoglot.report.comparisons import comparison_blocks
from isoglot.report.languages import languages_block, matrix_table
from isoglot.report.parts import Part, Task
from isoglot.report.pictures import heat_maps
from isoglot.report.values import measure_title


@dataclass(frozen=True)
class _Words:
    """How a task is spoken of.

    Attributes:
        title: Its heading.
        note: What its averages are over.
        asked: Whose language a row of the map is; the heading of the pictures.
        searched: Whose language a column is.
        notes: Setting -> how to read its picture.
    """

    title: str
    note: str
    asked: str
    searched: str
    notes: Mapping[str, str]


_HALF = "with the half width of the 95 % interval"
_NO_NOTES: dict[str, str] = dict.fromkeys(SETTINGS, "")
_WORDS: Mapping[Task, _Words] = {
    "pairs": _Words(
        "Pairs of texts",
        "Macro averages over languages (monolingual: both texts in one language) and over pairs of languages "
        f"(cross-lingual), or over all pairs in one pool (multilingual), {_HALF}.",
        "first text",
        "second",
        {
            "monolingual": "Both texts of a pair are in this language.",
            "cross_lingual": "The first text of a pair is in this language, the second in another; a mean.",
            "multilingual": "The first text of a pair is in this language, the second in any.",
        },
    ),
    "bitext": _Words(
        "Translations found",
        f"Macro averages over ordered pairs of languages, {_HALF}. Accuracy: sentences whose best match is "
        "their translation. Mining: pairs taken out of two heaps of sentences.",
        "sentence that looks for its translation",
        "sentences searched",
        _NO_NOTES | {"cross_lingual": "Mean over the languages that are searched."},
    ),
    "tagging": _Words(
        "Tags",
        f"Macro averages over languages (monolingual: item and tag in one language) or pairs, {_HALF}. "
        "Thresholds and probes come from one language and are used on the others.",
        "item",
        "tags",
        _NO_NOTES,
    ),
}


def paired_blocks(part: Part) -> Iterator[Block]:
    """Everything on a part in which texts were judged, matched or tagged.

    Args:
        part: The part.

    Yields:
        What goes under each heading; some may be empty.
    """
    words = _WORDS[part.task]
    table = macro_table(part, part.measures, words.title, part.task)
    yield Block(words.title, words.note, (table,))
    yield from comparison_blocks(part)
    yield _by_language(part, words)
    yield _by_pair(part, words)
    yield transfer_block(part)


def _by_language(part: Part, words: _Words) -> Block:
    """By the language of the item; of items without language, such as photographs, by that of their tags."""
    if any(record.query_language != ALL for record in part.records):
        return languages_block(part, f"By language of the {words.asked}", words.notes)
    turned = replace(part, records=tuple(_turned(record) for record in part.records))
    return languages_block(turned, f"By language of the {words.searched}", _NO_NOTES)


def _turned(record: Result) -> Result:
    return replace(record, query_language=record.document_language, document_language=ALL)


def _by_pair(part: Part, words: _Words) -> Block:
    title = "Language by language"
    records = [record for setting in SETTINGS for record in part.of(setting, part.main_measure)]
    return Block(
        title,
        f"Row: language of the {words.asked}. Column: language of the {words.searched}. "
        f"{measure_title(part.main_measure)}; the diagonal (outlined) is the monolingual setting.",
        maps=heat_maps(records, part.models),
        exported=(matrix_table(title, records, part.models, "language-pairs"),),
    )
