"""The page of a gallery: HTML that asks nobody for anything, and works as it was opened, from a disk too."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import langcodes

from isoglot.records import MODALITIES, Modality
from isoglot.report.html import NUM_COLOURS
from isoglot.report.values import language_name

if TYPE_CHECKING:
    from isoglot.corpora.parallel import CorpusInfo
    from isoglot.report.gallery.cards import Card
    from isoglot.report.gallery.counts import Counts
    from isoglot.report.gallery.media import Medium

MARK = '<meta name="generator" content="isoglot data show">'
"""Tells a page that this module made from any other."""
NUM_OPEN = 24
"""Texts of a side that are seen at once; more lie behind a line that opens them."""
LONG_TEXT = 280
"""Characters of a text that is shown in full without being asked for."""


@dataclass(frozen=True)
class Page:
    """Everything that a page shows.

    Attributes:
        info: What the corpus says of itself.
        counts: What it holds.
        cards: What of it is shown.
        totals: Kind of card -> how many groups, pairs or distractors there were to choose from.
        seed: Seed of the choice.
        media: Path and modality -> the medium.
    """

    info: CorpusInfo
    counts: Counts
    cards: tuple[Card, ...]
    totals: Mapping[str, int]
    seed: int
    media: Mapping[tuple[str, Modality], Medium]

    def of_kind(self, kind: str) -> tuple[Card, ...]:
        """The cards of a kind."""
        return tuple(card for card in self.cards if card.kind == kind)

    @property
    def num_shown(self) -> dict[str, int]:
        """Kind of card -> how many groups, pairs or distractors are shown."""
        apart = sum(len(side.items) for card in self.of_kind("distractors") for side in card.sides)
        return {"group": len(self.of_kind("group")), "pair": len(self.of_kind("pair")), "distractors": apart}

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the texts and sounds that are shown, sorted."""
        items = (item for card in self.cards for side in card.sides for item in side.items)
        return tuple(sorted({item.language for item in items if item.language is not None}))

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits of the cards, in the order of the corpus."""
        there = {name for card in self.cards for name in card.splits}
        return tuple(name for name in self.counts.splits if name in there)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Media of the cards, text first."""
        there = {name for card in self.cards for name in card.media}
        return tuple(name for name in MODALITIES if name in there)


def render_page(page: Page, *, embedded: bool) -> str:
    """The page as text.

    Args:
        page: What it shows.
        embedded: Whether media are in the page itself, or lie beside it.

    Returns:
        HTML, with everything that comes from the corpus escaped.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("isoglot.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(own_name=own_name, language_name=language_name, direction=direction)
    environment.globals.update(
        num_colours=NUM_COLOURS, mark=MARK, num_open=NUM_OPEN, long_text=LONG_TEXT, embedded=embedded
    )
    return environment.get_template("gallery.html.jinja").render(page=page)


@cache
def own_name(tag: str) -> str:
    """What a language calls itself (CLDR); its English name, or the tag, where that is not known."""
    try:
        return langcodes.Language.get(tag).autonym()
    except ValueError:
        return tag


def direction(text: str) -> Literal["ltr", "rtl", "auto"]:
    """The direction in which most letters of a text run; `auto` for a text without letters, or a draw.

    The first letter does not decide, as it does in HTML: an Arabic sentence may begin with a name in Latin.
    """
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    to_the_left = sum(kind in ("R", "AL") for kind in kinds)
    to_the_right = kinds.count("L")
    if to_the_left == to_the_right:
        return "auto"
    return "rtl" if to_the_left > to_the_right else "ltr"
