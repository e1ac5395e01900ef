"""Examples with pictures: in the page themselves, marked right or wrong in words, everything escaped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from isoglot.evaluation.examples import Example, Placed
from isoglot.evaluation.results import Results
from isoglot.evaluation.thumbnails import PREFIX
from isoglot.report.html import render_html
from isoglot.report.sections import build_sections

PICTURE = PREFIX + "/9j/4AAQ"
EVIL = '"><script>alert(1)</script>'


def placed(rank: int, *, relevant: bool = False, picture: str | None = PICTURE) -> Placed:
    return Placed(rank, f"d{rank}", None, "image", f"image/{rank}{EVIL}.png", relevant, picture)


@pytest.fixture(scope="module")
def shown(build_results) -> Results:
    measured = build_results(("labse",), ("ar", "de"), ("photographs",))
    top = tuple(placed(rank, relevant=rank == 2) for rank in range(1, 6))
    first = Example("labse", "photographs", "test", "q1", "ar", "دائرة حمراء", top[1], top, "typical")
    far = replace(first, query_id="q2", best=placed(1234, relevant=True), top=(*top[:1], *top[2:]))
    worst = replace(far, query_id="q3", chosen="worst", query_modality="image", query_picture=PICTURE)
    return replace(measured, examples=(first, far, worst))


def test_pictures_stand_in_the_page_and_are_marked_in_words(shown: Results, read_page) -> None:
    text = render_html(shown)
    parsed = read_page(text)
    images = [found for tag, found in parsed.tags if tag == "img"]
    # Five first, four first and the answer, and of the worst the query, the answer and the four above it.
    assert len(images) == 5 + (4 + 1) + (1 + 1 + 4)
    assert {found["src"] for found in images} == {PICTURE}
    assert all(found["alt"].startswith("image ") for found in images)
    words = " ".join(" ".join(parsed.text).split())
    assert words.count("✓ right") == 1
    assert words.count("✗ wrong") == 4 + 4
    assert words.count("Rank 1,234 Right answer") == 2
    assert "Typical and worst queries" in words
    assert "drawn at random" in words
    assert text.count("<script") == 1


def test_a_picture_that_could_not_be_read_is_named(shown: Results, read_page) -> None:
    first = shown.examples[0]
    blind = replace(first, top=tuple(replace(found, picture=None) for found in first.top))
    parsed = read_page(render_html(replace(shown, examples=(blind,))))
    assert not [tag for tag, _ in parsed.tags if tag == "img"]
    assert sum(tag == "code" for tag, _ in parsed.tags) == 5


def test_the_exported_table_says_how_each_was_chosen(shown: Results) -> None:
    (section,) = build_sections(shown)
    (table,) = section.worst.exported
    by_query = {row[1].text: row[9].text for row in table.rows}
    assert by_query == {"q1": "typical", "q2": "typical", "q3": "worst"}
    ranks = [row[4].value for row in table.rows if row[1].text == "q1"]
    assert ranks == [1, 2, 3, 4, 5]  # the answer is among the first and not told twice
    assert [row[4].value for row in table.rows if row[1].text == "q2"] == [1, 3, 4, 5, 1234]
