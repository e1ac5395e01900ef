"""Phrases: what a thing, or some tones, are called in a form of a language, with everything agreeing."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from isoglot.errors import ConfigError
from isoglot.world.saying.lexicon import Form, Lexicon
from isoglot.world.saying.tables import PLACEHOLDER, Features, Word
from isoglot.world.scenes.scene import Melody, Thing

_NOUN = {"thing": "shape", "melody": "tone"}


@dataclass(frozen=True)
class Speaker:
    """Makes phrases in one language, remembering the forms of words that it has looked up.

    Attributes:
        lexicon: The language.
        fired: The numbers of the rewritings that ever changed something.
    """

    lexicon: Lexicon
    fired: set[int] = field(default_factory=set)
    _orders: dict[tuple[str, ...], tuple[tuple[str, dict[str | None, str] | str], ...]] = field(
        default_factory=dict
    )
    _patterns: dict[str, re.Pattern[str]] = field(default_factory=dict)

    def phrase(self, subject: Thing | Melody, form: str) -> str:
        """What something is called.

        Args:
            subject: A thing, or some tones.
            form: A form of the language, by its name in the lexicon.

        Returns:
            The phrase, in Unicode normal form C, with single spaces.

        Raises:
            ConfigError: If the lexicon lacks the form, or a form of a word.
        """
        kind = "thing" if isinstance(subject, Thing) else "melody"
        said = values_of(subject)
        order = self._order(kind, said[_NOUN[kind]] or "any", said["count"] or "", form)
        text = "".join(words if isinstance(words, str) else words[said[slot]] for slot, words in order)
        return self._finish(text, self.lexicon.forms[form])

    def word(self, name: str, subject: Thing | Melody) -> str:
        """A word of a template that agrees with a thing.

        Args:
            name: Its name in the section `word` of the lexicon.
            subject: What it agrees with.

        Returns:
            Its form.

        Raises:
            ConfigError: If the lexicon lacks the word, or a form of it.
        """
        kind = "thing" if isinstance(subject, Thing) else "melody"
        said = values_of(subject)
        return self._word(name).form(
            self.features(kind, said[_NOUN[kind]] or "any", said["count"] or "", None)
        )

    def features(self, kind: str, noun: str, count: str, form: str | None) -> Features:
        """All features of a phrase.

        Args:
            kind: `thing` or `melody`.
            noun: The key of its noun.
            count: How many, as a text.
            form: The form; None for what agrees with the phrase from outside.

        Returns:
            Name -> value: those of the noun and of the form, the count, and what is derived from them.

        Raises:
            ConfigError: If the lexicon lacks something.
        """
        lexicon = self.lexicon
        if form is not None and form not in lexicon.forms:
            raise ConfigError(f"{lexicon.file}: a template asks for the form {form!r}, which 'forms' lacks")
        features = {"kind": kind, "noun": noun, "count": count, **lexicon.words[_NOUN[kind]][noun].inherent}
        features |= lexicon.forms[form].features if form is not None else {}
        for name, table in lexicon.derive.items():
            if all(needed in features for needed in table.features):
                features[name] = table(features)
        return features

    def _order(
        self, kind: str, noun: str, count: str, form: str
    ) -> tuple[tuple[str, dict[str | None, str] | str], ...]:
        """The slots and texts of a phrase in their order, with all that could fill each slot."""
        key = (kind, noun, count, form)
        if key not in self._orders:
            features = self.features(*key)
            pieces = PLACEHOLDER.split(self.lexicon.orders[kind](features))
            texts = [("", text) for text in pieces[::2]]
            slots = [(name, self._fillers(kind, name, noun, count, features)) for name in pieces[1::2]]
            mixed = [texts[0]]
            for slot, text in zip(slots, texts[1:], strict=True):
                mixed += [slot, text]
            self._orders[key] = tuple(mixed)
        return self._orders[key]

    def _fillers(
        self, kind: str, slot: str, noun: str, count: str, features: Features
    ) -> dict[str | None, str] | str:
        """Value -> its word here; one text for what does not depend on a value."""
        words = self.lexicon.words
        if slot not in words or slot == "word":
            return self._word(slot).form(features)
        if slot == _NOUN[kind]:
            return words[slot][noun].form(features)
        if slot == "count":
            return words[slot][count].form(features)
        return {None: "", **{key: word.form(features) for key, word in words[slot].items()}}

    def _word(self, name: str) -> Word:
        try:
            return self.lexicon.words["word"][name]
        except KeyError:
            raise ConfigError(
                f"{self.lexicon.file}: a template or an order asks for word.{name}; add it"
            ) from None

    def _finish(self, text: str, form: Form) -> str:
        text = form.before + " ".join(text.split()) + form.after
        for number, (pattern, replacement) in enumerate(self.lexicon.rewrites):
            compiled = self._patterns.get(pattern)
            if compiled is None:
                compiled = self._patterns[pattern] = re.compile(pattern)
            changed, times = compiled.subn(replacement, text)
            if times:
                text = changed
                self.fired.add(number)
        return unicodedata.normalize("NFC", text)


def values_of(subject: Thing | Melody) -> dict[str, str | None]:
    """What is said of something, by slot of a phrase.

    Args:
        subject: A thing, or some tones.

    Returns:
        Slot -> key in the lexicon; None where nothing is said.
    """
    if isinstance(subject, Thing):
        return {
            "shape": subject.shape,
            "colour": subject.colour,
            "size": subject.size,
            "texture": subject.texture,
            "count": str(subject.count),
        }
    return {
        "tone": "tone",
        "pitch": subject.pitch,
        "contour": subject.contour,
        "timbre": subject.timbre,
        "rhythm": subject.rhythm,
        "count": str(subject.tones),
    }
