"""Cards of a gallery: groups, labelled pairs and distractors, each in all its languages and media."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.corpora.labelled import CLASSES, Key, Task
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.records import MODALITIES, Modality
from isoglot.report.gallery.standing import NOT_JUDGED, splits_of_group, standings

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus
    from isoglot.report.gallery.choosing import Choice

MAX_ITEMS = 300
"""Queries, and documents, of a card; more are counted."""
Numbers = npt.NDArray[np.int64]
"""Row numbers."""
_LABELS: dict[Task, tuple[str, ...]] = {"paraphrase": ("no paraphrase", "paraphrase")}
"""Classes whose published names are numbers, in words."""


@dataclass(frozen=True)
class Item:
    """A query, a document, or both at once.

    Attributes:
        item_id: The query's or document's id.
        language: BCP 47 tag; None without language.
        modality: The medium.
        text: The text, of a text.
        title: Heading of a document.
        path: The file, of another medium.
        group: The document's group, where it is another one than that of the card.
        notes: What sets it apart from others of its side, such as `not relevant`.
    """

    item_id: str
    language: str | None
    modality: Modality
    text: str | None
    title: str | None
    path: str | None
    group: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def content(self) -> tuple[object, ...]:
        """What is the same where a text or medium stands on both sides."""
        return self.language, self.modality, self.text, self.title, self.path

    @property
    def is_relevant(self) -> bool:
        """Whether it is noted to be relevant to a query."""
        return any(note.startswith("relevant") for note in self.notes)


@dataclass(frozen=True)
class Side:
    """Items that stand together.

    Attributes:
        title: What they are.
        note: What is true of all of them.
        items: Medium by medium; what is relevant first, then language by language.
        num_more: How many more there are.
    """

    title: str
    note: str
    items: tuple[Item, ...]
    num_more: int = 0

    @property
    def media(self) -> tuple[Item, ...]:
        """Those that are no texts."""
        return tuple(item for item in self.items if item.modality != "text")

    @property
    def texts(self) -> tuple[Item, ...]:
        """Those that are texts."""
        return tuple(item for item in self.items if item.modality == "text")


@dataclass(frozen=True)
class Card:
    """What is shown together.

    Attributes:
        kind: `group`, `pair` or `distractors`.
        title: The group's id, or both ids of a pair; empty for distractors.
        splits: Splits that judge it.
        label: Task and label of a pair.
        sides: Queries and documents, or the two sentences of a pair.
    """

    kind: Literal["group", "pair", "distractors"]
    title: str
    splits: tuple[str, ...]
    label: tuple[str, str] | None
    sides: tuple[Side, ...]

    @property
    def media(self) -> tuple[str, ...]:
        """The media that it is in, text first."""
        there = {item.modality for side in self.sides for item in side.items}
        return tuple(name for name in MODALITIES if name in there)


def build_cards(corpus: ParallelCorpus, choice: Choice) -> tuple[Card, ...]:
    """The cards of what was chosen.

    Args:
        corpus: The corpus.
        choice: Groups, pairs and distractors.

    Returns:
        Groups, then pairs, then one card for all distractors, if there are any.
    """
    rows = _Rows(corpus)
    cards = [_group_card(rows, int(group)) for group in choice.groups]
    for key, numbers in choice.pairs.items():
        cards += [_pair_card(rows, key, int(number)) for number in numbers]
    if len(choice.distractors):
        items = _items(corpus.documents, choice.distractors)
        side = _side("Documents", items)
        cards.append(Card("distractors", "", (), None, (side,)))
    return tuple(cards)


def media_of(cards: Iterable[Card]) -> Counter[tuple[str, Modality]]:
    """How often each medium is on some cards, by path and modality, in order of appearance."""
    items = (item for card in cards for side in card.sides for item in side.media)
    return Counter((item.path, item.modality) for item in items if item.path is not None)


class _Rows:
    """Rows of a corpus by group."""

    def __init__(self, corpus: ParallelCorpus) -> None:
        self.corpus = corpus
        groups = corpus.query_groups, corpus.document_groups
        self._orders = [np.argsort(codes, kind="stable") for codes in groups]
        self._sorted = [codes[order] for codes, order in zip(groups, self._orders, strict=True)]

    def queries_of(self, group: int) -> Numbers:
        """Rows of the queries of a group, ascending."""
        return self._of(0, group)

    def documents_of(self, group: int) -> Numbers:
        """Rows of the documents of a group, ascending."""
        return self._of(1, group)

    def _of(self, side: int, group: int) -> Numbers:
        first, end = np.searchsorted(self._sorted[side], [group, group + 1])
        rows: Numbers = self._orders[side][first:end]
        return rows

    def items(self, queries: Numbers, documents: Numbers) -> tuple[list[Item], list[Item]]:
        """Queries and documents, each in the order of their rows as given."""
        return _items(self.corpus.queries, queries), _items(self.corpus.documents, documents)


def _items(table: pa.Table, rows: Numbers) -> list[Item]:
    return [_item(row) for row in table.take(pa.array(rows)).to_pylist()]


def _item(row: dict[str, Any]) -> Item:
    language = None if row["language"] == NO_LANGUAGE else row["language"]
    item_id = row["query_id"] if "query_id" in row else row["doc_id"]
    return Item(
        item_id, language, row["modality"], row["text"], row.get("title"), row["path"], row["group_id"]
    )


def _group_card(rows: _Rows, group: int) -> Card:
    corpus = rows.corpus
    asking, own = rows.queries_of(group), rows.documents_of(group)
    splits = splits_of_group(corpus, group, asking)
    found, num_asking = standings(corpus, group, asking, own)
    relevant = {row for row, standing in found.items() if standing.num_queries}
    rest = {*own.tolist(), *found} - relevant
    listed = np.array([*sorted(relevant), *sorted(rest)], np.int64)
    queries, documents = rows.items(asking[:MAX_ITEMS], listed[:MAX_ITEMS])
    name = next(item.group for item in (*queries, *documents) if item.group is not None)
    told = []
    for row, document in zip(listed.tolist(), documents, strict=False):
        note = found[row].words(num_asking) if row in found else NOT_JUDGED
        other = None if document.group == name else document.group
        told.append(replace(document, notes=(note,), group=other))
    sides = (
        _side("Queries", (replace(query, group=None) for query in queries), len(asking) - len(queries)),
        _side("Documents", told, len(listed) - len(told)),
    )
    return Card("group", name, splits, None, _merged(sides))


def _side(title: str, items: Iterable[Item], num_more: int = 0) -> Side:
    """A side in order; what is true of all of its items is said once."""
    known = sorted(items, key=_place)
    notes, groups = {item.notes for item in known}, {item.group for item in known}
    said: list[str] = []
    if len(notes) == 1 and not num_more:
        said += notes.pop()
        known = [replace(item, notes=()) for item in known]
    if len(groups) == 1 and None not in groups and not num_more:
        said.append(f"group {groups.pop()}")
        known = [replace(item, group=None) for item in known]
    return Side(title, ", ".join(said), tuple(known), num_more)


def _place(item: Item) -> tuple[int, bool, str, str]:
    return MODALITIES.index(item.modality), not item.is_relevant, item.language or "", item.item_id


def _merged(sides: tuple[Side, Side]) -> tuple[Side, ...]:
    """One side where everything stands on both, as in a symmetric corpus; else those that hold anything."""
    queries, documents = sides
    contents = [{item.content for item in side.items} for side in sides]
    if contents[0] == contents[1] and not (queries.num_more or documents.num_more):
        note = "relevant to each other" if documents.note == "relevant" else documents.note
        return (replace(documents, title="Queries and documents", note=note),)
    return tuple(side for side in sides if side.items)


def _pair_card(rows: _Rows, key: Key, number: int) -> Card:
    split, task = key
    pairs = rows.corpus.labelled[key]
    names, sides = [], []
    for title, groups in (("First", pairs.first_groups), ("Second", pairs.second_groups)):
        name, side = _sentence(rows, title, int(groups[number]))
        names.append(name)
        sides.append(side)
    label = label_words(task, float(pairs.labels[number]))
    return Card("pair", " · ".join(names), (split,), (task, label), tuple(sides))


def _sentence(rows: _Rows, title: str, group: int) -> tuple[str, Side]:
    """The id of a group, and all that says what it means, once."""
    asking, own = rows.queries_of(group), rows.documents_of(group)
    queries, documents = rows.items(asking[:MAX_ITEMS], own[:MAX_ITEMS])
    once = list({item.content: replace(item, group=None) for item in (*documents, *queries)}.values())
    name = next((item.group for item in (*queries, *documents) if item.group is not None), "")
    more = len(asking) + len(own) - len(queries) - len(documents)
    return name, _side(title, once, more)


def label_words(task: Task, label: float) -> str:
    """A label as it is read: the name of its class, or the number."""
    names = _LABELS.get(task, CLASSES[task])
    return names[int(label)] if names else f"{label:g}"
