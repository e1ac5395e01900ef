"""The one rule for documents of equal score, followed wherever this project ranks anything.

Documents are ranked by score, highest first, and those of equal score by `doc_id` in *descending* order of
its UTF-8 bytes. That is trec_eval's rule, so that a run ranked here and the same run read by trec_eval have
the same values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


def tie_ranks(doc_ids: pa.ChunkedArray | pa.Array | Sequence[str]) -> npt.NDArray[np.int32]:
    """(N,) place of each document, from 0, among documents of equal score; the lower stands higher."""
    ids = doc_ids if isinstance(doc_ids, pa.Array | pa.ChunkedArray) else pa.array(doc_ids, pa.large_string())
    order = pc.sort_indices(ids, sort_keys=[("", "descending")]).to_numpy()
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return places
