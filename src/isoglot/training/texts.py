"""Texts of one language to fit something on: from a list, a file of lines, or a corpus."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import match_languages
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.corpora.sources import decode_line, open_bytes
from isoglot.errors import CorpusError
from isoglot.training.group_vectors import groups_of_split

Texts = ParallelCorpus | Path | str | Iterable[str]
"""A corpus, the path of a file with one text a line, or texts."""

Fold = Literal["fit", "choose", "report"]
"""What a text is for: fitting, choosing among what was fitted, or saying how good the choice is."""

_ROWS_AT_ONCE = 65_536


def read_texts(texts: Texts, *, language: str = "en", split: str | None = "train") -> Iterator[str]:
    """Each distinct text once, in order, without white space around it; empty ones are passed over.

    Args:
        texts: Where they come from; a file may be compressed (`.gz`, `.xz`).
        language: Of a corpus, the language of the queries and documents to read, varieties included.
        split: Of a corpus, the split whose groups are read, so that none of another is seen; None reads all.

    Yields:
        The texts. What is held beside the one in hand is a digest of each, some 100 bytes.

    Raises:
        CorpusError: If a file is missing or holds a line that is not UTF-8 (all such lines at once), or the
            corpus has no such language or split.
    """
    if isinstance(texts, ParallelCorpus):
        found = _of_corpus(texts, language, split)
    else:
        found = _of_file(Path(texts)) if isinstance(texts, str | Path) else iter(texts)
    seen: set[bytes] = set()
    for text in map(str.strip, found):
        key = _digest(text)
        if text and key not in seen:
            seen.add(key)
            yield text


def fold_of(text: str, held_out: float) -> Fold:
    """What a text is for, told by the text alone, so that it is the same in every run and every order.

    Args:
        text: The text.
        held_out: Share of all texts that is not for fitting, half of it to choose and half to report; between
            0 and 1.

    Returns:
        Its fold.
    """
    place = int.from_bytes(_digest(text)[:8], "big") / 2**64
    if place >= held_out:
        return "fit"
    return "choose" if place < held_out / 2 else "report"


def in_chunks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """The texts, so many at a time; the last chunk may be smaller."""
    iterator = iter(texts)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _of_file(path: Path) -> Iterator[str]:
    problems: list[str] = []
    try:
        with open_bytes(path) as lines:
            for number, line in enumerate(lines, start=1):
                text = decode_line(line, f"{path}:{number}", problems)
                if text is not None and not problems:
                    yield text.removeprefix("\ufeff")
    except OSError as error:
        raise CorpusError(
            f"{path}: cannot be read ({error.strerror or error}); give a file of texts"
        ) from error
    if problems:
        raise CorpusError(problems)


def _of_corpus(corpus: ParallelCorpus, language: str, split: str | None) -> Iterator[str]:
    wanted = match_languages([language], corpus.languages)
    chosen = (None, None) if split is None else groups_of_split(corpus, split)
    sides = (
        (corpus.query_languages, corpus.query_modalities, corpus.query_groups, corpus.query_texts),
        (
            corpus.document_languages,
            corpus.document_modalities,
            corpus.document_groups,
            corpus.document_texts,
        ),
    )
    for (languages, media, codes, texts_of), groups in zip(sides, chosen, strict=True):
        kept = np.isin(languages[1], [code for code, name in enumerate(languages[0]) if name in wanted])
        kept &= np.isin(media[1], [code for code, name in enumerate(media[0]) if name == "text"])
        if groups is not None:
            kept &= np.isin(codes, groups)
        rows: Rows = np.flatnonzero(kept).astype(np.int32)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            yield from texts_of(rows[start : start + _ROWS_AT_ONCE])
