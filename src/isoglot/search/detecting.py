"""Guessing the language of a text that names none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError, SearchError

_LETTER = re.compile(r"[^\W\d_]")
_MOST_CHARS = 1_000
"""What is looked at of a text; more says nothing new."""


def guess_language(text: str, among: Iterable[str] | None = None) -> str | None:
    """The language that a text seems to be in.

    Args:
        text: Any text. Of short ones, such as queries of a word or two, the guess is often wrong.
        among: Tags that it can be, which helps with short texts; a variety stands for its language too. None
            is every language that the guesser knows, about 140.

    Returns:
        BCP 47 tag, without script or region; None for a text without a letter, or if it can be none of those.

    Raises:
        SearchError: If the package for it is not installed.
    """
    start = text[:_MOST_CHARS]
    if not _LETTER.search(start):
        return None
    try:
        from py3langid import classify, rank
    except ModuleNotFoundError as error:
        raise SearchError(
            "guessing languages needs py3langid; install it with pip install 'isoglot[search]', or name the "
            "language of every document"
        ) from error
    if among is None:
        return _tag(str(classify(start)[0]))
    possible = {tag.split("-")[0] for tag in among}
    return next((tag for code, _ in rank(start) if (tag := _tag(str(code))) in possible), None)


@cache
def _tag(code: str) -> str | None:
    try:
        return normalize_language(code)
    except CorpusError:
        return None
