"""Indexes the documents of a table with the tests' model: a process for tests to kill.

python indexing_run.py TABLE STORE BATCH_SIZE SECONDS_A_BATCH
"""

from __future__ import annotations

import sys
import time

import numpy as np

from isoglot.retrieval.adapters import Adapter
from isoglot.search import SearchModel, index


def encode(side, modality, contents, *, batch_size, progress):
    """(n, 4) vectors that depend on the texts alone; says when it is asked."""
    sys.stdout.write("encoding\n")
    sys.stdout.flush()
    time.sleep(float(sys.argv[4]))
    return np.array([[text.count(letter) for letter in "aeio"] for text in contents], np.float32)


if __name__ == "__main__":
    adapter = Adapter(encode, "cosine", 32, ("text",), lambda: "f", lambda side, modality: "")
    report = index(
        SearchModel("letters", "f", adapter), [sys.argv[1]], sys.argv[2], batch_size=int(sys.argv[3])
    )
    sys.stdout.write(f"{report.num_added} {report.num_unchanged}\n")
