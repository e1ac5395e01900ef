"""Choosing rows of one side of a corpus by language and by medium."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import NO_LANGUAGE, match_languages
from isoglot.errors import CorpusError

Coded = tuple[tuple[str, ...], npt.NDArray[np.int16]]
"""Distinct tags, and of each row the index of its own among them; -1 for none."""


def choose_rows(
    side: str,
    columns: tuple[Coded, Coded],
    wanted: tuple[Iterable[str] | None, Iterable[str] | None],
    *,
    among: Iterable[str] | None,
) -> Rows:
    """Rows in some languages and media.

    What has no language stays, whatever is wanted: a picture, as a query too (its tag is `NO_LANGUAGE`).

    Args:
        side: What the rows are, for errors: `queries` or `documents`.
        columns: Languages and media of the rows.
        wanted: Languages, by tags in any spelling that name their varieties too, and media; None for all.
        among: Languages as the corpus spells them, which the rows need not have; None for all.

    Returns:
        Row numbers, ascending.

    Raises:
        CorpusError: If no row has a wanted language or medium.
    """
    (languages, modalities), (tags, media) = columns, wanted
    keep = np.ones(len(languages[1]), bool)
    if among is not None:
        keep &= _in_languages(languages, among)
    if tags is not None:
        keep &= _in_languages(languages, match_languages(tags, _present(languages) - {NO_LANGUAGE}))
    if media is not None:
        present, kept = _present(modalities), set(media)
        if missing := sorted(kept - present):
            raise CorpusError(f"no {side} of medium {missing[0]!r}; there is {', '.join(sorted(present))}")
        keep &= _tagged(modalities, kept)
    return np.flatnonzero(keep).astype(np.int32)


def _in_languages(languages: Coded, wanted: Iterable[str]) -> npt.NDArray[np.bool_]:
    return _tagged(languages, {*wanted, NO_LANGUAGE}) | (languages[1] < 0)


def _tagged(column: Coded, wanted: set[str]) -> npt.NDArray[np.bool_]:
    names, codes = column
    chosen: npt.NDArray[np.bool_] = np.isin(
        codes, [code for code, name in enumerate(names) if name in wanted]
    )
    return chosen


def _present(column: Coded) -> set[str]:
    """The tags that some row has."""
    names, codes = column
    return {names[code] for code in np.unique(codes).tolist() if code >= 0}
