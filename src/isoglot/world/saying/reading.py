"""Reading captions: the tables and templates that make captions, run backwards.

Every phrase of every thing is made once per form and kept with what it means. A caption is matched against
the wordings of its language; each match proposes things, and holds only if saying them gives the same
caption again, so that a wrong agreement is not understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

from isoglot.errors import ConfigError
from isoglot.world.saying.captions import Piece, Wording, realise, speaker, wordings
from isoglot.world.saying.lexicon import COUNTS, KINDS, MOVES
from isoglot.world.saying.phrases import Speaker
from isoglot.world.scenes import scene as values
from isoglot.world.scenes.meaning import CONVERSES, canonical
from isoglot.world.scenes.scene import MAX_COUNT, Melody, Motion, Relation, Scene, Thing, scene_problems

_NONE: tuple[tuple[Relation | None, Motion | None], ...] = ((None, None),)
KEYS: Mapping[str, tuple[tuple[Relation | None, Motion | None], ...]] = {
    "thing": _NONE,
    "beside": tuple((relation, None) for relation in CONVERSES),
    "inside": (("inside", None),),
    "larger_than": (("larger_than", None),),
    "moves": tuple((None, motion) for motion in MOVES),
    "moves_related": tuple(product(values.RELATIONS, MOVES)),
    "crosses": ((None, "crosses"),),
    "melody": _NONE,
}
"""Kind of caption -> its relations and motions."""


def read_caption(text: str, language: str) -> Scene | Melody:
    """What a caption says.

    Args:
        text: What `say` returned for some scene or melody; the case of its first letter is free.
        language: The language it is in, one of `SAID_LANGUAGES`.

    Returns:
        The scene or the melody in its canonical form, as `isoglot.world.scenes.meaning` has it: `left_of` and
        `above` instead of their converses, and what is implied is said.

    Raises:
        ConfigError: If the language has no such caption, or there is no such language.
    """
    speaks = speaker(language)
    text = unicodedata.normalize("NFC", text)
    caption = speaks.lexicon.capitalised(text)
    for pattern in _patterns(language):
        if pattern.ends.fullmatch(text) is None:
            continue
        for found in _proposals(pattern, text, language):
            if realise(pattern.wording, found, speaks) == caption:
                return canonical(found)
    raise ConfigError(f"no caption of {language!r} reads {text!r}")


@dataclass(frozen=True)
class _Pattern:
    """A wording as a pattern: texts before, between and after one phrase or two."""

    kind: str
    relation: Relation | None
    motion: Motion | None
    wording: Wording
    phrases: tuple[Piece, ...]
    ends: re.Pattern[str]
    before: re.Pattern[str]
    between: re.Pattern[str]
    after: re.Pattern[str]


@cache
def _patterns(language: str) -> tuple[_Pattern, ...]:
    return tuple(
        _pattern(kind, relation, motion, wording, language)
        for kind in KINDS
        for relation, motion in KEYS[kind]
        for wording in wordings(language, kind, relation, motion)
        if not wording.is_converse
    )


def _pattern(
    kind: str, relation: Relation | None, motion: Motion | None, wording: Wording, language: str
) -> _Pattern:
    texts, phrases = [""], []
    for piece in wording.pieces:
        if piece.is_phrase:
            phrases.append(piece)
            texts.append("")
        else:
            texts[-1] += _alternatives(piece, kind, language)
    before, between, after = texts[0], "".join(texts[1:-1]), texts[-1]
    return _Pattern(
        kind,
        relation,
        motion,
        wording,
        tuple(phrases),
        re.compile(f"(?i:{before}).+{between + '.+' if len(phrases) > 1 else ''}{after}", re.DOTALL),
        re.compile(f"(?i:{before})"),
        re.compile(f"(?=({between}))"),
        re.compile(rf"{after}\Z"),
    )


def _alternatives(piece: Piece, kind: str, language: str) -> str:
    if not piece.role:
        return re.escape(piece.name)
    forms = {speaker(language).word(piece.name, subject) for subject in _one_of_each(kind)}
    return f"(?:{'|'.join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)))})"


def _one_of_each(kind: str) -> Iterator[Thing | Melody]:
    """Something of every gender and count that a language may have."""
    for count in range(1, MAX_COUNT + 1):
        if kind == "melody":
            yield Melody(count, None, None, None, None)
        else:
            yield from (Thing(shape, None, None, None, count) for shape in (None, *values.SHAPES))


def _proposals(pattern: _Pattern, text: str, language: str) -> Iterator[Scene | Melody]:
    """What the caption could mean, if its agreement is right."""
    begin = pattern.before.match(text)
    assert begin is not None
    for end in pattern.after.finditer(text):
        for phrases in _cuts(pattern, text[begin.end() : end.start()]):
            meanings = (
                _lookup(phrase, piece, pattern.kind, language)
                for phrase, piece in zip(phrases, pattern.phrases, strict=True)
            )
            for subjects in product(*meanings):
                roles = (piece.role for piece in pattern.phrases)
                yield from _subject(pattern, dict(zip(roles, subjects, strict=True)))


def _cuts(pattern: _Pattern, inner: str) -> Iterator[tuple[str, ...]]:
    """The phrases between which the texts of a pattern could stand."""
    if len(pattern.phrases) == 1:
        yield (inner,)
        return
    for cut in pattern.between.finditer(inner):
        yield inner[: cut.start()], inner[cut.end(1) :]


def _subject(pattern: _Pattern, roles: Mapping[str, Thing | Melody]) -> Iterator[Scene | Melody]:
    """The scene or melody of some things, if they make one."""
    first, second = roles["first"], roles.get("second")
    if isinstance(first, Melody):
        yield first
        return
    assert not isinstance(second, Melody)
    if second is None or not scene_problems(first, second, pattern.relation, pattern.motion):
        yield Scene(first, second, pattern.relation, pattern.motion)


def _lookup(phrase: str, piece: Piece, kind: str, language: str) -> list[Thing | Melody]:
    """All that a phrase can mean; its first letter may have become a capital."""
    known = _meanings(language, piece.name, kind == "melody")
    exact = known.get(phrase)
    if exact is not None or not phrase:
        return exact or []
    small = speaker(language).lexicon.small(phrase[0])
    return known.get(small + phrase[1:], [])


@cache
def _meanings(language: str, form: str, of_tones: bool) -> dict[str, list[Thing | Melody]]:
    """Phrase -> what it means, for everything that a form can say."""
    meanings: dict[str, list[Thing | Melody]] = {}
    speaks: Speaker = speaker(language)
    for subject in all_melodies() if of_tones else all_things():
        meanings.setdefault(speaks.phrase(subject, form), []).append(subject)
    return meanings


@cache
def all_things() -> tuple[Thing, ...]:
    """Every thing that can be said, in a fixed order."""
    return tuple(
        Thing(shape, colour, size, texture, int(count))
        for shape, colour, size, texture, count in product(
            (None, *values.SHAPES),
            (None, *values.COLOURS),
            (None, *values.SIZES),
            (None, *values.TEXTURES),
            COUNTS,
        )
    )


@cache
def all_melodies() -> tuple[Melody, ...]:
    """Every melody that can be said, in a fixed order; one tone neither rises nor falls."""
    found = product(
        COUNTS,
        (None, *values.PITCHES),
        (None, *values.CONTOURS),
        (None, *values.TIMBRES),
        (None, *values.RHYTHMS),
    )
    return tuple(
        Melody(int(count), pitch, contour, timbre, rhythm)
        for count, pitch, contour, timbre, rhythm in found
        if count != "1" or contour in {None, "level"}
    )
