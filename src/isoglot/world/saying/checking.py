"""Checks a lexicon: that it can say everything, and that it holds nothing that is never said.

A row of a table that no phrase needs is a mistake that nobody would see: an ending that is never given,
hidden by the row above it. So everything is said once, and what was not needed is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import product

from isoglot.errors import ConfigError
from isoglot.world.saying.captions import build_wordings, realise
from isoglot.world.saying.lexicon import KINDS, MOVES, Lexicon
from isoglot.world.saying.phrases import Speaker
from isoglot.world.saying.reading import KEYS, all_melodies, all_things
from isoglot.world.scenes.scene import (
    MAX_COUNT,
    SHAPES,
    Melody,
    Motion,
    Relation,
    Scene,
    Thing,
    scene_problems,
)

MIN_WORDINGS = 3


def check_lexicon(lexicon: Lexicon) -> None:
    """Says everything that a language can say.

    Args:
        lexicon: The language.

    Raises:
        ConfigError: If a word, a form or a row is missing; if a kind of caption has too few wordings;
            or if something is never needed: all such at once.
    """
    speaks = Speaker(lexicon)
    few = [kind for kind in KINDS if len(lexicon.captions[kind]) < MIN_WORDINGS]
    if few:
        raise ConfigError(f"{lexicon.file}: captions.{few[0]}: too few wordings; give {MIN_WORDINGS}")
    forms, words = _say_wordings(speaks)
    forms.add(lexicon.texts["tags"]["form"])
    _say_phrases(speaks, forms)
    problems = [*_unused(speaks), *_unused_keys(lexicon, forms, words)]
    if problems:
        raise ConfigError("\n".join(problems))


def _say_wordings(speaks: Speaker) -> tuple[set[str], set[str]]:
    """Says every noun and count in every wording; the forms and words that wordings ask for."""
    forms: set[str] = set()
    words: set[str] = set()
    for kind, keys in KEYS.items():
        # No relation is said otherwise because of a motion, so that one motion for each will do.
        for relation, motion in keys[:: len(MOVES)] if kind == "moves_related" else keys:
            for wording in build_wordings(speaks.lexicon, kind, relation, motion):
                forms |= {piece.name for piece in wording.pieces if piece.is_phrase}
                words |= {piece.name for piece in wording.pieces if piece.role and not piece.is_phrase}
                for subject in _subjects(kind, relation, motion):
                    realise(wording, subject, speaks)
    return forms, words


def _subjects(kind: str, relation: Relation | None, motion: Motion | None) -> Iterator[Scene | Melody]:
    """A scene with every noun and count in every place that it can have."""
    if kind == "melody":
        yield from (Melody(tones, None, None, None, None) for tones in range(1, MAX_COUNT + 1))
        return
    other = Thing(None, "red", None, None, 1)
    for shape, count in product((None, *SHAPES), range(1, MAX_COUNT + 1)):
        thing = Thing(shape, None, None, None, count)
        pairs = ((thing, other), (other, thing)) if kind not in {"thing", "moves"} else ((thing, None),)
        for first, second in pairs:
            if not scene_problems(first, second, relation, motion):
                yield Scene(first, second, relation, motion)


def _say_phrases(speaks: Speaker, forms: Iterable[str]) -> None:
    """Says every noun and count in every form with every other word, one at a time."""
    things = [thing for thing in all_things() if (thing.colour, thing.size, thing.texture).count(None) > 1]
    subjects: tuple[Thing | Melody, ...] = (*things, *all_melodies())
    for form in sorted(forms):
        for subject in subjects:
            speaks.phrase(subject, form)


def _unused(speaks: Speaker) -> Iterator[str]:
    """Rows, principal parts and rewritings that nothing needed."""
    lexicon = speaks.lexicon
    for tables in (lexicon.derive, lexicon.paradigms, lexicon.orders):
        for table in tables.values():
            yield from table.unused()
    for section in lexicon.words.values():
        for word in section.values():
            yield from word.unused()
    for number, (pattern, _) in enumerate(lexicon.rewrites):
        if number not in speaks.fired:
            yield f"{lexicon.file}: rewrite: {pattern!r} never changes anything; remove it"


def _unused_keys(lexicon: Lexicon, forms: set[str], words: set[str]) -> Iterator[str]:
    """Forms, words and derived features that nothing asks for."""
    ordered = {name for table in lexicon.orders.values() for _, text in table.rows for name in _names(text)}
    tables = [*lexicon.derive.values(), *lexicon.paradigms.values(), *lexicon.orders.values()]
    asked = {feature for table in tables for feature in table.features}
    given = {feature for form in lexicon.forms.values() for feature in form.features}
    for section, have, needed in (
        ("forms", lexicon.forms, forms),
        ("word", lexicon.words["word"], words | ordered),
        ("derive", lexicon.derive, asked),
        ("forms.*", given, asked),
    ):
        yield from (
            f"{lexicon.file}: {section}.{key} is never used; remove it" for key in have if key not in needed
        )

    templates = " ".join(template for templates in lexicon.captions.values() for template in templates)
    for section in ("place", "place_clause", "motion", "motion_clause"):
        if lexicon.texts[section] and not re.search(rf"\{{(the_)?{section}\}}", templates):
            yield f"{lexicon.file}: {section} is never used; remove it, or ask for it in a template"


def _names(text: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", text)
