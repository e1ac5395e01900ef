"""The facts themselves, before any language."""

from __future__ import annotations

from collections import Counter, defaultdict

from isoglot.world.facts import Entity, Fact, read_facts

BY_GROUP = {fact.group_id: fact for fact in read_facts()}


def _answers(group: str, slot: str) -> list[str]:
    return [entity.code for entity in BY_GROUP[group].slots[slot]]


def test_group_ids_are_unique_words():
    facts = read_facts()
    assert len(BY_GROUP) == len(facts)
    assert not any(character.isspace() for group in BY_GROUP for character in group)


def test_facts_that_anybody_can_check():
    assert _answers("currency/JP", "currency") == ["JPY"]
    assert _answers("currency/HR", "currency") == ["EUR"]
    assert _answers("official_languages/BE", "languages") == ["nl", "fr", "de"]
    assert _answers("capital/FR", "city") == ["Europe/Paris"]
    assert _answers("region/BR", "region") == ["005"]
    assert _answers("domain/GB", "domain") == [".uk"]
    assert _answers("calling_code/DE", "calling_code") == ["+49"]
    assert _answers("calling_code/BB", "calling_code") == ["+1 246"]
    assert _answers("driving_side/JP", "side") == ["left"]
    assert _answers("driving_side/US", "side") == ["right"]
    assert _answers("script/bg", "script") == ["Cyrl"]
    assert _answers("city_country/Australia/Sydney", "country") == ["AU"]
    assert _answers("city_continent/Asia/Omsk", "continent") == ["142"]


def test_what_is_disputed_or_has_several_answers_is_left_out():
    assert not {"capital/IL", "capital/BO", "currency/PA", "currency/BG", "calling_code/DO"} & BY_GROUP.keys()
    countries = {e.code for fact in BY_GROUP.values() for e in fact.entities if e.kind == "country"}
    assert not {"TW", "PS", "XK", "EH", "HK"} & countries
    assert len(countries) == 194


def test_every_country_has_near_misses_on_both_sides():
    about: dict[Entity, set[str]] = defaultdict(set)
    for fact in BY_GROUP.values():
        for entity in fact.entities:
            if entity.kind == "country":
                about[entity].add(fact.relation)
    assert min(map(len, about.values())) >= 3
    assert min(Counter(fact.relation for fact in BY_GROUP.values()).values()) > 30


def test_entities_leave_literals_out():
    fact = Fact("x", Entity("city", "a"), {"city": (Entity("city", "a"),), "code": (Entity("literal", "b"),)})
    assert fact.entities == {Entity("city", "a")}


def test_cities_lie_on_the_continent_of_their_country():
    parts = {
        "002": "011 014 015 017 018",
        "003": "013 021",
        "005": "005",
        "009": "053 054 057 061",
        "142": "030 034 035 143 145",
        "150": "039 151 154 155",
    }
    continent_of = {region: continent for continent, regions in parts.items() for region in regions.split()}
    checked = 0
    for fact in list(BY_GROUP.values()):
        if fact.relation in ("capital", "city_country"):
            country, city = fact.slots["country"][0].code, fact.slots["city"][0].code
            # Russia spans two continents, and M49 has no one region for Australia and New Zealand in CLDR.
            if f"city_continent/{city}" in BY_GROUP and country not in ("RU", "AU", "NZ"):
                region = _answers(f"region/{country}", "region")[0]
                assert _answers(f"city_continent/{city}", "continent") == [continent_of[region]], city
                checked += 1
    assert checked > 150
