"""Neighbour tables: what is read, and what is refused with its line."""

import gzip
import json
from pathlib import Path

import pytest

from isoglot.errors import CorpusError
from isoglot.robustness.synonyms import NeighbourTable, read_neighbours, write_neighbours


def test_the_published_form_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.json.gz"
    path.write_bytes(
        gzip.compress(json.dumps({"film": ["movie", "cinema"], "an": [], "Film": ["x"]}).encode())
    )
    table = read_neighbours(path, "eng")
    assert table.language == "en"
    assert table.neighbours == {"film": ("movie", "cinema"), "Film": ("x",)}
    assert table.num_links == 3


def test_lines_of_cells_are_read(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("Hund\tKöter\tVierbeiner\nein\n", encoding="utf-8")
    assert read_neighbours(path, "de").neighbours == {"Hund": ("Köter", "Vierbeiner")}


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = NeighbourTable("de", {"Hund": ("Köter", "Vierbeiner"), "köter": ("Hund",)})
    write_neighbours(table, tmp_path / "made" / "de.tsv")
    assert read_neighbours(tmp_path / "made" / "de.tsv", "de").neighbours == table.neighbours


def test_the_published_table_is_what_it_is_said_to_be(shared_data: Path) -> None:
    path = shared_data / "robust-xlt-synonyms" / "counterfitted_neighbors.json.xz"
    table = read_neighbours(path, "en")
    assert len(table.neighbours) == 25_591
    assert table.num_links == 109_104
    assert max(map(len, table.neighbours.values())) == 8
    assert table.neighbours["by"] == ("per", "para")


def test_all_problems_come_at_once_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "table.tsv"
    path.write_text("a\tb\na\tc\nd\td\ne\tf\tf\ng h\ti\nj\t\n\tk\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="own neighbour") as caught:
        read_neighbours(path, "en")
    said = [problem.removeprefix(f"{path}:") for problem in caught.value.problems]
    assert [problem[:2] for problem in said] == ["2:", "3:", "4:", "5:", "6:", "7:"]
    assert "first at" in said[0]
    assert "'f' twice" in said[2]
    assert "without space, got 'g h'" in said[3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.json", '{"a": "b"}', r"t.json:1: the neighbours of 'a' must be a list of words, got str"),
        ("t.json", '{"a": ["b"],\n "c": [1]}', r"t.json:2: a word must be a text without space, got 1"),
        ("t.json", '{"a": ["b"]', r"t.json:1: is not one JSON object"),
        ("t.json", '{"a": []}', r"t.json: no word has a neighbour"),
        ("t.txt", "a\tb", r"t.txt: holds no file of neighbours"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(CorpusError, match=said):
        read_neighbours(tmp_path / name, "en")


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="name the file itself"):
        read_neighbours(tmp_path, "en")
