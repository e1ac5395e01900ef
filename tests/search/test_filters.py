from __future__ import annotations

import pytest

from isoglot.errors import SearchError
from isoglot.search import Condition, Filter, StoredDocument
from isoglot.search.documents import check_fields, digest_of

FIELDS = {"year": "integer", "price": "number", "author": "text", "open": "boolean"}


def test_what_users_write_becomes_conditions():
    given = Filter.of(language="deu", where=["year>=2000", "author=Ana", "author = O'Brien=x ", "price<3"])
    assert given.conditions == (
        Condition("language", "=", ("deu",)),
        Condition("year", ">=", ("2000",)),
        Condition("price", "<", ("3",)),
        Condition("author", "=", ("Ana", "O'Brien=x")),
    )
    assert given.check(FIELDS).conditions == (
        Condition("language", "=", ("de",)),
        Condition("year", ">=", (2000,)),
        Condition("price", "<", (3.0,)),
        Condition("author", "=", ("Ana", "O'Brien=x")),
    )


def test_filters_add_up():
    both = Filter.of(language=["de"]) & Filter.of(where="year=3")
    assert [condition.field for condition in both.conditions] == ["language", "year"]


@pytest.mark.parametrize(
    ("where", "rule"),
    [
        ("yeer=3", r"no field 'yeer'; did you mean 'year'\? there is language, modality, source, year"),
        ("year=old", "'year' is integer, got 'old'"),
        ("year=1.5", "'year' is integer, got '1.5'"),
        ("year=99999999999999999999", "'year' is integer"),
        ("price=nan", "'price' is number, got 'nan'"),
        ("open=perhaps", "'open' is boolean, got 'perhaps'"),
        ("open<true", "'open' has no order"),
        ("language>de", "'language' has no order"),
        ("language=klingonisch", "not a language tag"),
        ("source=", "'source' must not be empty"),
        ("modality=smell", "modality must be one of text, image, audio, video, got 'smell'"),
    ],
)
def test_conditions_that_no_document_could_fulfil_are_refused(where, rule):
    with pytest.raises(SearchError, match=rule):
        Filter.of(where=where).check(FIELDS)


@pytest.mark.parametrize("where", ["year", "=3", "year!3", "1=1", "a b=3", ""])
def test_what_is_no_condition_is_refused(where):
    with pytest.raises(SearchError, match="a condition must read field=value"):
        Filter.of(where=[where])


def test_all_problems_are_said_at_once():
    with pytest.raises(SearchError, match=r"(?s)'year' is integer.*no field 'nothing'"):
        Filter.of(where=["year=x", "nothing=1"]).check(FIELDS)
    with pytest.raises(SearchError, match=r"1000 for =\), got 1001"):
        Filter.of(fields={"year": list(range(1_001))}).check(FIELDS)


def test_a_document_without_a_value_fulfils_nothing_but_what_says_so():
    document = StoredDocument("a", text="x", language="pt-BR", fields={"year": 3, "open": False})
    assert Filter.of(language="pt", where=["year<4", "open=no"]).check(FIELDS).holds(document)
    assert not Filter.of(language="pt").holds(StoredDocument("a", text="x", language="ptx"))
    assert not Filter.of(language="p").conditions[0].or_missing
    assert not Filter.of(where="price<9").check(FIELDS).holds(document)
    assert not Filter((Condition("language", "=", ("en",)),)).holds(document)
    assert Filter((Condition("source", "=", ("web",), or_missing=True),)).holds(document)


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"1a": "text"}, "must be a letter, then letters"),
        ({"a;b": "text"}, "must be a letter, then letters"),
        ({"language": "text"}, "'language' is there in every document"),
        ({"a": "date"}, "kind of field 'a' must be one of text, integer, number, boolean, got 'date'"),
        ({"a": "text", "A": "text"}, "differs from another by case only"),
        ({f"a{number}": "text" for number in range(65)}, "takes 64 fields, got 65"),
    ],
)
def test_fields_that_no_store_takes_are_refused(fields, rule):
    with pytest.raises(SearchError, match=rule):
        check_fields(fields)


def test_a_digest_changes_with_all_that_is_kept_and_with_the_file():
    document = StoredDocument("a", text="x", fields={"year": 3, "open": False})
    same = StoredDocument("a", text="x", fields={"open": False, "year": 3}, digest="other")
    assert digest_of(document) == digest_of(same)
    others = [
        StoredDocument("a", text="y", fields={"year": 3, "open": False}),
        StoredDocument("a", text="x", fields={"year": 4, "open": False}),
        StoredDocument("a", text="x", title="x", fields={"year": 3, "open": False}),
        StoredDocument("a", text="x", language="de", fields={"year": 3, "open": False}),
    ]
    assert len({digest_of(each) for each in [document, *others]} | {digest_of(document, b"1")}) == 6
