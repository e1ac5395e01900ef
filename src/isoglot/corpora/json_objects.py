"""Large JSON objects, entry by entry, without holding more of them than one entry."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from isoglot.corpora.fields import json_decoder
from isoglot.corpora.sources import on_one_line
from isoglot.errors import CorpusError

MAX_ENTRY_CHARS = 16 << 20
"""The largest key or value; more is taken for damage, so that no file can fill the memory."""

_SPACE = " \t\n\r"
_AFTER_NUMBER = tuple(f"{_SPACE},}}")


@dataclass(frozen=True)
class Entry:
    """One entry of an object.

    Attributes:
        key: Its key.
        value: Its value.
        line: Line that its key stands in, from 1.
    """

    key: str
    value: Any
    line: int


def read_entries(blocks: Iterable[bytes], place: str) -> Iterator[Entry]:
    """The entries of a JSON object, in order; a key that comes twice comes twice here.

    Values are decoded one at a time by the standard library, so this costs little more time than
    `json.load`, and the memory of a block and an entry.

    Args:
        blocks: UTF-8 text in pieces; a byte order mark is dropped.
        place: The file, for reports.

    Yields:
        The entries.

    Raises:
        CorpusError: If the text is not UTF-8, not one object, or an entry is larger than `MAX_ENTRY_CHARS`;
            where it stops being one.
    """
    text = _Text(iter(blocks), place)
    text.take("{")
    if not text.peek("}"):
        while True:
            line = text.line
            key = text.value()
            if not isinstance(key, str):
                raise CorpusError(
                    text.report(f"an object's key must be a text in quotes, got {type(key).__name__}")
                )
            text.take(":")
            yield Entry(key, text.value(), line)
            if not text.peek(","):
                break
            text.take(",")
    text.take("}")
    text.end()


class _Text:
    """A text that arrives in blocks; what has been read of it is forgotten."""

    def __init__(self, blocks: Iterator[bytes], place: str) -> None:
        self.place = place
        self._blocks = blocks
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._decoder = json_decoder()
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False

    @property
    def line(self) -> int:
        """Line of what comes next that is not space."""
        self._skip_space()
        return self._line

    def take(self, mark: str) -> None:
        """Reads a mark that must come next."""
        if not self.peek(mark):
            found = repr(self._text[self._at]) if self._at < len(self._text) else "the end of the file"
            raise CorpusError(self.report(f"{mark!r} must come here, got {found}"))
        self._advance(self._at + 1)

    def peek(self, mark: str) -> bool:
        """Whether a mark comes next."""
        self._skip_space()
        return self._text.startswith(mark, self._at)

    def value(self) -> Any:
        """Reads a value, which must come next."""
        self._skip_space()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise CorpusError(self.report(error.msg)) from None
            except (ValueError, RecursionError) as error:
                raise CorpusError(self.report(on_one_line(error))) from None
            else:
                if self._may_go_on(value, end) and self._more():
                    continue
                self._advance(end)
                return value

    def _may_go_on(self, value: Any, end: int) -> bool:
        """Whether the next block may hold more digits of a number."""
        return isinstance(value, int | float) and self._text[end : end + 1] not in _AFTER_NUMBER

    def end(self) -> None:
        """Makes sure that nothing more comes."""
        self._skip_space()
        if self._at < len(self._text):
            raise CorpusError(self.report(f"the file must end here, got {self._text[self._at]!r}"))

    def report(self, what: str) -> str:
        """The report of what is wrong where reading stands."""
        return f"{self.place}:{self._line}: is not one JSON object ({what}); download it again"

    def _skip_space(self) -> None:
        while True:
            at = self._at
            while at < len(self._text) and self._text[at] in _SPACE:
                at += 1
            self._advance(at)
            if at < len(self._text) or not self._more():
                return

    def _advance(self, at: int) -> None:
        self._line += self._text.count("\n", self._at, at)
        self._at = at

    def _more(self) -> bool:
        """Appends the next block; False if there is none."""
        if self._ended:
            return False
        if len(self._text) - self._at > MAX_ENTRY_CHARS:
            raise CorpusError(self.report(f"an entry goes on for more than {MAX_ENTRY_CHARS:,} characters"))
        block = next(self._blocks, None)
        self._ended = block is None
        try:
            fresh = self._decode(block or b"", self._ended)
        except UnicodeDecodeError as error:
            line = self._line + self._text.count("\n", self._at) + error.object[: error.start].count(b"\n")
            bad = error.object[error.start : error.start + 1].hex()
            what = f"byte 0x{bad} is not UTF-8; save the file as UTF-8"
            raise CorpusError(f"{self.place}:{line}: {what}") from None
        self._text, self._at = self._text[self._at :] + fresh, 0
        return True
