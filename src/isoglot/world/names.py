"""Names of things in a language: from the CLDR data in Babel, unless the language's lexicon knows better."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from isoglot.world.facts import Entity
from isoglot.world.grammar import GRAMMARS, Forms
from isoglot.world.lexicons import Lexicon, read_lexicon

if TYPE_CHECKING:
    from babel.core import Locale

_SOFT_HYPHEN = "\N{SOFT HYPHEN}"


class Names:
    """The names of countries, currencies, cities, ... in one language, in every form that its wording needs.

    Attributes:
        lexicon: What the project knows of the language.
        grammar: The language's rules.
    """

    def __init__(self, language: str) -> None:
        """Reads the lexicon; CLDR's data is loaded when it is first needed.

        Args:
            language: One of `LANGUAGES`.
        """
        self.lexicon: Lexicon = read_lexicon(language)
        self.grammar = GRAMMARS[language]
        self._known: dict[Entity, Forms | None] = {}

    def forms(self, entity: Entity) -> Forms | None:
        """Every form of an entity's name; None if the language has no usable name for it."""
        if entity not in self._known:
            self._known[entity] = self._inflect(entity)
        return self._known[entity]

    def joined(self, entities: tuple[Entity, ...]) -> Forms | None:
        """The forms of an enumeration, such as a country's official languages; None if one lacks a name."""
        names = [self.forms(entity) for entity in entities]
        known = [name for name in names if name is not None]
        return self.grammar.join(known, self.lexicon) if len(known) == len(names) else None

    def _inflect(self, entity: Entity) -> Forms | None:
        if entity.kind == "literal":
            return {"": entity.code}
        name = self.name(entity)
        if name is None:
            return None
        rule = self.grammar.rules.get(entity.kind)
        forms = {"": name} if rule is None else rule(entity.code, name, self.lexicon)
        extra = self.lexicon.forms.get(entity.kind, {})
        return {**forms, **{form: table[entity.code] for form, table in extra.items()}}

    def name(self, entity: Entity) -> str | None:
        """The dictionary form of a name, or None if there is none or it is not fit to use."""
        if entity.code in self.lexicon.without.get(entity.kind, ()):
            return None
        own = self.lexicon.names.get(entity.kind, {}).get(entity.code)
        return own if own is not None else self._published(entity)

    def _published(self, entity: Entity) -> str | None:
        match entity.kind:
            case "country" | "region" | "continent":
                return _text(self._locale.territories, entity.code)
            case "language":
                return _text(self._locale.languages, entity.code)
            case "script":
                return _text(self._locale.scripts, entity.code)
            case "currency":
                return self._currency(entity.code)
            case "city":
                return self._city(entity.code)
        return None

    def _currency(self, code: str) -> str | None:
        """The name in running text: as after the number one, where CLDR writes titles with capitals."""
        from babel.numbers import get_currency_name

        name = _text(self._locale.currencies, code)
        if name is None or not self.lexicon.counted_currencies:
            return name
        return str(get_currency_name(code, count=1, locale=self._locale))

    def _city(self, zone: str) -> str | None:
        """The exemplar city of a time zone; CLDR leaves out those that are spelled as in English."""
        city: str | None = self._locale.time_zones.get(zone, {}).get("city")
        if city is not None:
            return city.replace(_SOFT_HYPHEN, "")
        if self.lexicon.language != "en":
            return _names("en").name(Entity("city", zone))
        return zone.rpartition("/")[2].replace("_", " ")

    @cached_property
    def _locale(self) -> Locale:
        return _locale(self.lexicon.language)


def _text(names: Mapping[str, Any], code: str) -> str | None:
    name = names.get(code)
    return str(name) if name is not None else None


@cache
def _names(language: str) -> Names:
    return Names(language)


def _locale(language: str) -> Locale:
    from babel.core import Locale

    return Locale.parse(language)
