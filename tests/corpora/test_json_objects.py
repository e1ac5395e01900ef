"""Large JSON objects, entry by entry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoglot.corpora import json_objects
from isoglot.corpora.json_objects import Entry, read_entries
from isoglot.errors import CorpusError

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def blocks(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def entries(text: str | bytes, size: int = 7) -> list[Entry]:
    data = text.encode() if isinstance(text, str) else text
    return list(read_entries(blocks(data, size), "file.json"))


@given(
    st.dictionaries(st.text(), VALUES),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_entries_are_those_of_the_whole(
    content: dict[str, Any], size: int, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(content, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = entries(text, size)
    assert {entry.key: entry.value for entry in found} == content
    assert len(found) == len(content)


def test_every_entry_has_its_line() -> None:
    text = '\ufeff\n{"a": [\n1,\n2], "b": {}\n,\n "c"\n:3}\n'
    assert [(entry.key, entry.line) for entry in entries(text)] == [("a", 2), ("b", 4), ("c", 6)]
    assert entries("{}") == []


@pytest.mark.parametrize("number", ["12345", "-1.25", "1e-3", "1.5E+10", "0"])
def test_a_number_is_read_to_its_end(number: str) -> None:
    for size in range(1, 9):
        assert [entry.value for entry in entries(f'{{"a": {number}, "b": {number}}}', size)] == [
            float(number)
        ] * 2


def test_a_key_that_comes_twice_comes_twice() -> None:
    assert [entry.value for entry in entries('{"a": [1], "a": [2]}')] == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"file\.json:1: is not one JSON object \('{' must come here, got the end of the file\)"),
        ("[1]", r"'{' must come here, got '\['"),
        ('{"a": 1', r"'}' must come here, got the end of the file"),
        ('{"a": 1,}', r"Expecting value|must be a text"),
        ('{"a": 1\n "b": 2}', r"file\.json:2: .*'}' must come here, got '\"'"),
        ('{"a" 1}', r"':' must come here, got '1'"),
        ("{3: 1}", "an object's key must be a text in quotes, got int"),
        ('{"a": 1}\n\nx', r"file\.json:3: .*the file must end here, got 'x'"),
        ('{"a": {"b": 1, "b": 2}}', "key 'b' is there twice"),
        ('{"a": [1, }', "Expecting value"),
        ('{"a": ' + "[" * 20_000, "recursion|Expecting value"),
        ('{"a": ' + "9" * 5_000 + "}", "4300"),
        (b'{\n"a": "\xff"}', r"file\.json:2: byte 0xff is not UTF-8; save the file as UTF-8"),
        (b'{"a": "\xc3', r"file\.json:1: byte 0xc3 is not UTF-8"),
    ],
)
def test_what_is_no_object_is_refused(text: str | bytes, message: str) -> None:
    for size in (1, 3, 1_000_000):
        with pytest.raises(CorpusError, match=message):
            entries(text, size)


def test_no_entry_can_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_objects, "MAX_ENTRY_CHARS", 100)
    assert entries('{"a": "' + "x" * 80 + '"}')[0].value == "x" * 80
    with pytest.raises(CorpusError, match="an entry goes on for more than 100 characters"):
        entries('{"a": "' + "x" * 300 + '"}')


def test_entries_are_given_before_the_text_has_ended() -> None:
    def endless() -> Any:
        yield b'{"first": [1],'
        raise AssertionError("read on without need")

    assert next(read_entries(endless(), "file.json")).key == "first"
