"""What is tagged: files by their endings, folders, and what is in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.errors import CorpusError, MediaError
from isoglot.tagging.items import Item, find_items

from .conftest import paint

MEDIA = ("text", "image")


def test_a_folder_is_walked_and_other_kinds_are_counted(pictures: Path) -> None:
    found = find_items([pictures], MEDIA)
    assert [item.name for item in found.items] == [f"{pictures}/a.png", f"{pictures}/more/b.png"]
    assert {item.modality for item in found.items} == {"image"}
    assert found.num_passed == 1
    twice = find_items([pictures, pictures / "a.png"], MEDIA)
    assert twice.items == found.items


def test_what_is_in_memory_has_a_name(pictures: Path) -> None:
    picture = Image.new("RGB", (2, 2), "red")
    given = ["pictures", {"image": pictures / "a.png"}, picture, "pictures", {"image": picture}]
    found = find_items(given, MEDIA).items
    assert found[0] == Item("pictures", "text", "pictures")  # a text, though a folder is called so
    assert [(item.name, item.modality) for item in found[1:]] == [
        (f"{pictures}/a.png", "image"),
        ("item 3", "image"),
        ("pictures", "text"),
        ("item 5", "image"),
    ]
    assert found[4].content is picture


def test_one_text_or_path_may_be_alone(pictures: Path) -> None:
    assert find_items("red", MEDIA).items == (Item("red", "text", "red"),)
    assert find_items(pictures, MEDIA) == find_items([pictures], MEDIA)


def test_a_text_file_is_one_text(tmp_path: Path) -> None:
    (tmp_path / "a.TXT").write_text("\ufeff red\nand blue \n", encoding="utf-8")
    (item,) = find_items([tmp_path / "a.TXT"], MEDIA).items
    assert item == Item(str(tmp_path / "a.TXT"), "text", "red\nand blue")


def test_files_that_cannot_be_items_are_told_at_once(pictures: Path) -> None:
    clip = pictures / "clip.mp4"
    clip.write_bytes(b"")
    (pictures / "empty.txt").write_text(" \n", encoding="utf-8")
    (pictures / "bytes.txt").write_bytes(b"a\n\xff")
    given = [pictures / name for name in ("no.png", "notes.doc", "clip.mp4", "empty.txt", "bytes.txt")]
    with pytest.raises(CorpusError, match=r"no\.png: there is no such file or folder") as raised:
        find_items(given, MEDIA)
    told = raised.value.problems
    assert len(told) == 5
    assert "notes.doc: its ending must be one of .txt .jpg" in told[1]
    assert "clip.mp4: is video, and the model encodes text, image; leave it out" in told[2]
    assert "empty.txt: is empty; fill it or leave it out" in told[3]
    assert "bytes.txt:2: byte 0xff" in told[4]


def test_bad_files_are_left_out_if_asked(pictures: Path) -> None:
    (pictures / "bad.jpg").write_bytes(b"no picture")
    (pictures / "empty.txt").write_text("", encoding="utf-8")
    found = find_items([pictures], MEDIA, skip_bad=True)
    assert [Path(item.name).name for item in found.items] == ["a.png", "b.png"]
    assert [Path(problem.split(":")[0]).name for problem in found.skipped] == ["empty.txt", "bad.jpg"]


def test_nothing_to_tag_is_an_error_that_says_why(tmp_path: Path) -> None:
    paint(tmp_path / "a.png", (0, 0, 0))
    with pytest.raises(
        CorpusError, match=r"nothing to tag, and 1 files of other kinds were passed over; .* end in \.txt$"
    ):
        find_items([tmp_path], ["text"])
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"nothing to tag; .*\n.*a\.png: is empty"):
        find_items([tmp_path], ["image"], skip_bad=True)


def test_several_media_together_are_no_item() -> None:
    with pytest.raises(MediaError, match=r"item 2 is of medium 'image\+text'"):
        find_items(["a", {"image": "a.png", "text": "a"}], MEDIA)
    with pytest.raises(MediaError, match="item 1 is of medium 'message'"):
        find_items([[np.zeros(3)]], MEDIA)
