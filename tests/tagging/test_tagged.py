"""Tags as JSON and CSV."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from isoglot.errors import ConfigError
from isoglot.tagging import GivenTag, Tagged, TaggedItem

SPRING = GivenTag("spring-coil", "Feder", "Sprungfeder", "de", "de", 0.123456789, True)
OTHER = GivenTag("dog", 'a "dog", wet', None, "de", "en", -0.5, None)
FOUND = Tagged((TaggedItem("a, b.png", (SPRING, OTHER)), TaggedItem("nothing.png", ())))


def test_json_has_a_record_for_each_item(tmp_path: Path) -> None:
    FOUND.write(tmp_path / "deep" / "tags.json")
    assert json.loads((tmp_path / "deep" / "tags.json").read_text()) == [
        {
            "item": "a, b.png",
            "tags": [
                {
                    "tag_id": "spring-coil", "label": "Feder", "gloss": "Sprungfeder", "language": "de",
                    "label_language": "de", "score": 0.123457, "above_threshold": True,
                },
                {
                    "tag_id": "dog", "label": 'a "dog", wet', "gloss": None, "language": "de",
                    "label_language": "en", "score": -0.5, "above_threshold": None,
                },
            ],
        },
        {"item": "nothing.png", "tags": []},
    ]  # fmt: skip


def test_csv_has_a_row_for_each_item_and_tag(tmp_path: Path) -> None:
    FOUND.write(tmp_path / "tags.out", "csv")
    with (tmp_path / "tags.out").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert ",".join(header) == "item,tag_id,label,gloss,language,label_language,score,above_threshold"
    assert rows == [
        ["a, b.png", "spring-coil", "Feder", "Sprungfeder", "de", "de", "0.123457", "true"],
        ["a, b.png", "dog", 'a "dog", wet', "", "de", "en", "-0.5", ""],
    ]


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="format must be one of json, csv, got 'xml'"):
        FOUND.write(tmp_path / "tags.xml")
    with pytest.raises(ConfigError, match="got 'CSV'"):
        FOUND.write(tmp_path / "tags.csv", "CSV")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_text("before")
    broken = Tagged((TaggedItem("a", ("no tag",)),))  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="record"):
        broken.write(tmp_path / "tags.csv")
    assert (tmp_path / "tags.csv").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["tags.csv"]
