"""Files are there whole, or as they were before."""

from __future__ import annotations

import pytest

from isoglot.files import whole_file, write_json


def test_a_failed_write_leaves_what_was_there_and_nothing_else(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": "é"})
    before = (tmp_path / "a.json").read_bytes()
    with pytest.raises(TypeError, match="bytes-like object"), whole_file(tmp_path / "a.json") as file:
        file.writelines([b"half", "text"])
    assert (tmp_path / "a.json").read_bytes() == before == '{\n "a": "é",\n "b": 1\n}\n'.encode()
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_reader_keeps_the_old_file_while_a_new_one_is_written(tmp_path):
    write_json(tmp_path / "a.json", 1)
    with (tmp_path / "a.json").open() as reader:
        write_json(tmp_path / "a.json", 2)
        assert reader.read() == "1\n"
    assert (tmp_path / "a.json").read_text() == "2\n"


def test_json_has_no_nan(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert not list(tmp_path.iterdir())
