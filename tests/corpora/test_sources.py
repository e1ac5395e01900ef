"""Files, archives and lines as they are found."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from isoglot.corpora.sources import decode_lines, decode_text, read_members
from isoglot.errors import CorpusError


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\n\r\nb\r\n", ["a", "", "b"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        ("a\u2028b\x85c\x0bd\x0ce\n".encode(), ["a\u2028b\x85c\x0bd\x0ce"]),
        (b"a\rb\n", ["a\rb"]),
        (b"\n\n", ["", ""]),
    ],
)
def test_lines_end_at_newlines_alone(data: bytes, lines: list[str]) -> None:
    problems: list[str] = []
    assert decode_lines(data, "file", problems) == lines
    assert problems == []


def test_every_line_that_is_not_utf8_is_reported() -> None:
    problems: list[str] = []
    assert decode_lines(b"good\nb\xe9d\nfine\n\xff\n", "file", problems) == ["good", "", "fine", ""]
    assert problems == [
        "file:2: byte 0xe9 at column 2 is not UTF-8; save the file as UTF-8",
        "file:4: byte 0xff at column 1 is not UTF-8; save the file as UTF-8",
    ]
    with pytest.raises(CorpusError, match="file:2: byte 0xe9") as caught:
        decode_text(b"good\nb\xe9d\nfine\n\xff\n", "file")
    assert list(caught.value.problems) == problems


def test_members_come_in_order_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.txt", "sub/a.txt", "c.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    members = read_members(tmp_path, r"(?P<name>[ab])\.txt", "<name>.txt")
    assert [member.match["name"] for member in members] == ["b", "a"]
    assert members[1].at(3) == f"{tmp_path}/sub/a.txt:3"
    assert members[1].data == b"sub/a.txt"


def test_the_same_part_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(tmp_path / "a.txt", arcname="data/a.txt")
    with pytest.raises(
        CorpusError, match=r"all\.tar/data/a\.txt: holds the same part as .*/a\.txt; leave one"
    ):
        read_members(tmp_path, r"(?P<name>a)\.txt", "a.txt")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.xz", "a.txt.gz", "a.txt.xz"])
def test_what_is_no_archive_is_damaged(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"not an archive")
    with pytest.raises(CorpusError, match=rf"{name}: is damaged .*download it again"):
        read_members(tmp_path, r"a\.txt", "a.txt")


def test_a_member_that_is_cut_off(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        item = tarfile.TarInfo("a.txt")
        item.size = 5000
        archive.addfile(item, io.BytesIO(b"x" * 5000))
    (tmp_path / "all.tar").write_bytes(buffer.getvalue()[:3000])
    with pytest.raises(CorpusError, match=r"all\.tar.* is damaged"):
        read_members(tmp_path, r"a\.txt", "a.txt")


def test_links_in_archives_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        item = tarfile.TarInfo("a.txt")
        item.type = tarfile.SYMTYPE
        item.linkname = "/etc/passwd"
        archive.addfile(item)
    with pytest.raises(CorpusError, match=r"holds no file a\.txt"):
        read_members(tmp_path, r"a\.txt", "a.txt")
