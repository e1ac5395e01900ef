"""Captions: what a scene or a melody is called in a language, in several wordings."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from isoglot.errors import ConfigError
from isoglot.world.saying.lexicon import KINDS, Lexicon, read_lexicon
from isoglot.world.saying.phrases import Speaker
from isoglot.world.scenes.meaning import CONVERSES
from isoglot.world.scenes.scene import Melody, Scene, Thing

_TOKEN = re.compile(r"\{(first|second)\.(\w+)\}|\{(\w+):(first|second)\}")
_ROLES = ("first", "second")


class Piece(NamedTuple):
    """A part of a template.

    Attributes:
        role: "first" or "second", the thing it speaks of; "" for a text.
        name: A form, if it is a phrase; the key of a word that agrees with the thing; or the text itself.
        is_phrase: Whether it is a phrase.
    """

    role: str
    name: str
    is_phrase: bool


@dataclass(frozen=True)
class Wording:
    """One way of saying one kind of caption.

    Attributes:
        pieces: What stands one after another.
        is_converse: Whether it is said of the converse scene: "a square is right of a circle".
    """

    pieces: tuple[Piece, ...]
    is_converse: bool


def say(subject: Scene | Melody, language: str, *, paraphrase: int = 0) -> str:
    """A caption.

    Args:
        subject: A scene or a melody. Everything may be left unsaid but the counts, relations and motions.
        language: One of `SAID_LANGUAGES`.
        paraphrase: Which wording, from 0, below `num_paraphrases(language, kind_of(subject))`.

    Returns:
        The caption in Unicode normal form C. It begins with a capital where the script has them; phrases end
        without a full stop, sentences with one.

    Raises:
        ConfigError: If there is no such language or wording.
    """
    return realise(_wording_of(subject, language, paraphrase), subject, speaker(language))


def _wording_of(subject: Scene | Melody, language: str, paraphrase: int) -> Wording:
    relation, motion = (None, None) if isinstance(subject, Melody) else (subject.relation, subject.motion)
    found = wordings(language, kind_of(subject), relation, motion)
    if not 0 <= paraphrase < len(found):
        raise ConfigError(f"paraphrase must be in 0..{len(found) - 1} for this caption, got {paraphrase}")
    return found[paraphrase]


def realise(wording: Wording, subject: Scene | Melody, speaker_: Speaker) -> str:
    """A caption in a given wording.

    Args:
        wording: One of those of the subject's kind.
        subject: A scene or a melody.
        speaker_: Of the language.

    Returns:
        The caption.

    Raises:
        ConfigError: If the lexicon lacks something.
    """
    said = (subject,) if isinstance(subject, Melody) else subject.things
    if wording.is_converse:
        said = said[::-1]
    roles: dict[str, Thing | Melody] = dict(zip(_ROLES, said, strict=False))
    texts = []
    for role, name, is_phrase in wording.pieces:
        if not role:
            texts.append(name)
        elif is_phrase:
            texts.append(speaker_.phrase(roles[role], name))
        else:
            texts.append(speaker_.word(name, roles[role]))
    return speaker_.lexicon.capitalised(unicodedata.normalize("NFC", "".join(texts)))


def num_paraphrases(language: str, kind: str) -> int:
    """How many wordings a language has for a kind of caption.

    Args:
        language: One of `SAID_LANGUAGES`.
        kind: `thing`, `beside` (left_of, right_of, above, below), `inside`, `larger_than`, `moves`,
            `moves_related` (one of two things moves), `crosses` or `melody`: what `kind_of` returns.

    Returns:
        At least three. Those of `beside` are said once of the scene, and once of its converse.

    Raises:
        ConfigError: If there is no such language or kind.
    """
    if kind not in KINDS:
        raise ConfigError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    return len(read_lexicon(language).captions[kind]) * (2 if kind == "beside" else 1)


def kind_of(subject: Scene | Melody) -> str:
    """The kind of a caption, by which wordings are listed.

    Args:
        subject: A scene or a melody.

    Returns:
        One of `KINDS`.
    """
    if isinstance(subject, Melody):
        return "melody"
    if subject.motion == "crosses":
        return "crosses"
    if subject.motion is not None:
        return "moves" if subject.second is None else "moves_related"
    if subject.relation is None:
        return "thing"
    return "beside" if subject.relation in CONVERSES else subject.relation


@cache
def speaker(language: str) -> Speaker:
    """The speaker of a language, with all that it remembers.

    Args:
        language: One of `SAID_LANGUAGES`.

    Returns:
        The same speaker for the same language.
    """
    return Speaker(read_lexicon(language))


@cache
def wordings(language: str, kind: str, relation: str | None, motion: str | None) -> tuple[Wording, ...]:
    """All wordings of a kind of caption.

    Args:
        language: One of `SAID_LANGUAGES`.
        kind: One of `KINDS`.
        relation: The relation; None where there is none.
        motion: The motion; None where there is none.

    Returns:
        The wordings, by number of paraphrase.
    """
    return build_wordings(read_lexicon(language), kind, relation, motion)


def build_wordings(
    lexicon: Lexicon, kind: str, relation: str | None, motion: str | None
) -> tuple[Wording, ...]:
    """All wordings of a kind of caption in a lexicon.

    Args:
        lexicon: The language.
        kind: One of `KINDS`.
        relation: The relation; None where there is none.
        motion: The motion; None where there is none.

    Returns:
        The wordings in the order of the file; those of the converse after the others.
    """
    templates = lexicon.captions[kind]
    direct = tuple(_wording(lexicon, template, relation, motion) for template in templates)
    if kind != "beside":
        return direct
    other = next(b for a, b in CONVERSES.items() if a == relation)
    turned = (_wording(lexicon, template, other, motion) for template in templates)
    return direct + tuple(replace(wording, is_converse=True) for wording in turned)


def _wording(lexicon: Lexicon, template: str, relation: str | None, motion: str | None) -> Wording:
    place = lexicon.texts["place"].get(relation or "", "")
    template = template.replace("{place}", place)
    template = template.replace("{place_clause}", lexicon.texts["place_clause"].get(relation or "", ""))
    template = template.replace("{the_place}", place.replace("{second.", "{second.the_"))
    for section in ("motion", "motion_clause"):
        template = template.replace(f"{{{section}}}", lexicon.texts[section].get(motion or "", ""))
    pieces = []
    end = 0
    for match in _TOKEN.finditer(template):
        pieces.append(Piece("", template[end : match.start()], False))
        role, form, word, of = match.groups()
        pieces.append(Piece(role, form, True) if role else Piece(of, word, False))
        end = match.end()
    pieces.append(Piece("", template[end:], False))
    if "{" in "".join(piece.name for piece in pieces):
        raise ConfigError(f"{lexicon.file}: captions: cannot read the braces of {template!r}")
    return Wording(tuple(piece for piece in pieces if piece.name), False)
