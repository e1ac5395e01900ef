"""Sentences out of paragraphs, and components of what belongs together."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoglot.corpora.components import connected_components
from isoglot.corpora.passages import sentence_spans


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "no." Then left.', ['He said "no."', "Then left."]),
        ("Dr. Who met J. Smith in No. 5. It rained.", ["Dr. Who met J. Smith in No. 5.", "It rained."]),
        ("It grew 3.5 percent. 4 people saw it.", ["It grew 3.5 percent. 4 people saw it."]),
        ("你好。再见！真的吗？是", ["你好。", "再见！", "真的吗？", "是"]),
        ("यह है। वह था।", ["यह है।", "वह था।"]),
        ("ما هذا؟ هذا بيت.", ["ما هذا؟", "هذا بيت."]),
        ("line one\nline two", ["line one", "line two"]),
        ("สวัสดี ครับ", ["สวัสดี ครับ"]),
        ("   ", []),
    ],
)
def test_sentences(text: str, sentences: list[str]) -> None:
    assert split(text) == sentences


@given(st.text(alphabet="aB1 .!?。\n\"'", max_size=60))
def test_sentences_hold_everything_but_white_space(text: str) -> None:
    spans = sentence_spans(text)
    assert "".join("".join(split(text)).split()) == "".join(text.split())
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert all(sentence == sentence.strip() and sentence for sentence in split(text))


def test_components_are_named_by_what_came_first() -> None:
    links = [("a", "1"), ("b", "2"), ("c", "3"), ("b", "1"), ("d", "3")]
    assert connected_components(links) == {
        "a": "a", "1": "a", "b": "a", "2": "a", "c": "c", "3": "c", "d": "c",
    }  # fmt: skip
    assert connected_components([]) == {}


@given(st.lists(st.tuples(st.integers(0, 9).map(str), st.integers(10, 19).map(str)), max_size=20))
def test_components_are_closed_under_links(links: list[tuple[str, str]]) -> None:
    components = connected_components(links)
    assert all(components[first] == components[second] for first, second in links)
    # As many components as a search over the graph finds.
    left, count = set(components), 0
    while left:
        count += 1
        reached = {left.pop()}
        while True:
            more = {item for link in links if reached & set(link) for item in link} - reached
            if not more:
                break
            reached |= more
        left -= reached
    assert len(set(components.values())) == count
