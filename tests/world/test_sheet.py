"""The review sheet in the documentation."""

from __future__ import annotations

from pathlib import Path

from isoglot.world import LANGUAGES, build_text_corpus
from isoglot.world.sheet import FACTS, main, review_sheet

SHEET = Path(__file__).parents[2] / "docs" / "world.md"


def test_the_sheet_in_the_documentation_is_current():
    assert SHEET.read_text(encoding="utf-8") == review_sheet(build_text_corpus())


def test_shows_twenty_facts_of_every_kind_in_every_language():
    text = SHEET.read_text(encoding="utf-8")
    assert len(FACTS) == len(set(FACTS)) == 20
    for fact in FACTS:
        part = text.split(f"### {fact}\n")[1].split("###")[0]
        assert all(f"\n| {language} | " in part for language in LANGUAGES), fact


def test_is_written_where_it_is_asked_for(tmp_path):
    main(str(tmp_path / "sheet.md"))
    assert (tmp_path / "sheet.md").read_text(encoding="utf-8") == SHEET.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.md"]
