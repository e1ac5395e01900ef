"""The facts of the built-in world, in no language: what holds of which country, currency, language or city.

Current legal tender comes from CLDR. The tables in `facts/` hold the rest: `countries.tsv` (the 193 members
of the United Nations and Vatican City; regions by the UN's M49, dialling codes by ITU E.164, official
languages where there are one to four), `cities.tsv` (capitals and other large cities that CLDR names by their
time zone) and `languages.tsv` (the script of languages that are written in one). What is disputed, changed
lately or differs from one authority to the next is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

_WITHOUT_CURRENCY_FACT = {"BG"}
"""Countries whose money changes between releases of CLDR."""


class Entity(NamedTuple):
    """Something that facts are about, or a literal such as a code.

    Attributes:
        kind: `country`, `currency`, `language`, `city`, `region`, `continent`, `script`, `side` or `literal`.
        code: ISO 3166, ISO 4217, BCP 47, time zone, UN M49, ISO 15924; or the literal itself.
    """

    kind: str
    code: str


@dataclass(frozen=True)
class Fact:
    """One true statement.

    Attributes:
        relation: What kind of statement; names its wording in a lexicon.
        subject: What the statement is about, and what a question about it names.
        slots: Placeholder -> what fills it, the subject included. An enumeration has several.
    """

    relation: str
    subject: Entity
    slots: Mapping[str, tuple[Entity, ...]]

    @property
    def group_id(self) -> str:
        """The id of the group of all its questions and passages."""
        return f"{self.relation}/{self.subject.code}"

    @property
    def entities(self) -> frozenset[Entity]:
        """All named things in it."""
        return frozenset(e for filled in self.slots.values() for e in filled if e.kind != "literal")


def read_facts() -> list[Fact]:
    """All facts, in a fixed order, each `group_id` once."""
    facts = list(_country_facts())
    facts += _currency_facts(facts)
    facts += _language_facts()
    facts += _city_facts()
    return facts


def _fact(relation: str, subject: Entity, **answers: Iterable[Entity]) -> Fact:
    slots = {subject.kind: (subject,), **{slot: tuple(entities) for slot, entities in answers.items()}}
    return Fact(relation, subject, MappingProxyType(slots))


def _one(kind: str, code: str) -> tuple[Entity]:
    return (Entity(kind, code),)


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("isoglot.world") / "facts" / name).read_text(encoding="utf-8")
    header, *lines = (line.split("\t") for line in text.rstrip("\n").split("\n"))
    return (dict(zip(header, line, strict=True)) for line in lines)


def _country_facts() -> Iterator[Fact]:
    for row in _rows("countries.tsv"):
        code = row["code"]
        country = Entity("country", code)
        currency = _currency_of(code)
        if currency is not None:
            yield _fact("currency", country, currency=_one("currency", currency))
        languages = [Entity("language", tag) for tag in row["languages"].split()]
        if languages:
            relation = "official_language" if len(languages) == 1 else "official_languages"
            yield _fact(relation, country, languages=languages)
        if row["region"]:
            yield _fact("region", country, region=_one("region", row["region"]))
        if row["calling_code"]:
            yield _fact("calling_code", country, calling_code=_one("literal", row["calling_code"]))
        yield _fact("country_code", country, code=_one("literal", code))
        domain = ".uk" if code == "GB" else f".{code.lower()}"
        yield _fact("domain", country, domain=_one("literal", domain))
        yield _fact("driving_side", country, side=_one("side", row["drives_on"]))


def _currency_of(country: str) -> str | None:
    """The only current legal tender of a country; None if it has several, or none that is settled."""
    from babel.core import get_global

    tender = [
        code for code, _, end, legal in get_global("territory_currencies")[country] if end is None and legal
    ]
    return tender[0] if len(tender) == 1 and country not in _WITHOUT_CURRENCY_FACT else None


def _currency_facts(facts: Iterable[Fact]) -> list[Fact]:
    """The code of every currency that some country uses."""
    used = sorted({e for fact in facts for e in fact.entities if e.kind == "currency"})
    return [_fact("currency_code", e, code=_one("literal", e.code)) for e in used]


def _language_facts() -> Iterator[Fact]:
    for row in _rows("languages.tsv"):
        language = Entity("language", row["language"])
        yield _fact("language_code", language, code=_one("literal", language.code))
        if row["script"]:
            yield _fact("script", language, script=_one("script", row["script"]))


def _city_facts() -> Iterator[Fact]:
    for row in _rows("cities.tsv"):
        city = Entity("city", row["zone"])
        country = Entity("country", row["country"])
        if row["capital"] == "yes":
            yield _fact("capital", country, city=(city,))
        else:
            yield _fact("city_country", city, country=(country,))
        if row["continent"]:
            yield _fact("city_continent", city, continent=_one("continent", row["continent"]))
