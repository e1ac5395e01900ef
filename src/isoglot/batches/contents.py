"""What stands in the rows of a table: each distinct text or file once, and where each row's is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows

if TYPE_CHECKING:
    from isoglot.batches.subwords import Features

Preprocess = Callable[..., "Features"]
"""Makes model input of contents of one medium; takes options of its processor by name."""


def distinct_contents(
    contents: Sequence[str], rows: Rows, num_rows: int, *, key: Callable[[str], Any] | None = None
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Each content once.

    Args:
        contents: (n,) text or file of each row.
        rows: (n,) these rows.
        num_rows: Rows of the whole table.
        key: By what they are sorted; None keeps the order in which they come.

    Returns:
        The contents, and (num_rows,) which of them each row has; -1 where a row is not among these.
    """
    distinct = list(dict.fromkeys(contents))
    if key is not None:
        distinct.sort(key=key)
    place = {content: number for number, content in enumerate(distinct)}
    places = np.full(num_rows, -1, np.int64)
    places[rows] = [place[content] for content in contents]
    return distinct, places
