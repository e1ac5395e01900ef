"""Contents of rows: each once, medium by medium, and no file missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isoglot.errors import CorpusError
from isoglot.retrieval.contents import contents_of


def test_texts_and_pictures_come_apart_and_each_once(coloured):
    rows = np.array([2, 0, 1, 5, 2], np.int32)  # Picture, text, text, picture, picture.
    text, image = contents_of(coloured, "document", rows)
    assert (text.modality, text.positions.tolist()) == ("text", [1, 2])
    assert [text.distinct[number] for number in text.numbers] == ["red", "rot"]
    assert (image.modality, image.positions.tolist()) == ("image", [0, 3, 4])
    files = [image.distinct[number].rsplit("/", 1)[-1] for number in image.numbers]
    assert files == ["red.png", "green.png", "red.png"]
    assert len(image.distinct) == 2


def test_missing_files_are_all_named(coloured, tmp_path):
    rows = np.array([2, 5], np.int32)
    with pytest.raises(CorpusError, match=r"red\.png: no such file, for query 'q-red' \(image\)") as raised:
        list(contents_of(replace(coloured, media_root=str(tmp_path)), "query", rows))
    assert len(raised.value.problems) == 2
    with pytest.raises(CorpusError, match=r"media/red\.png: no such file, for document 'd-red'"):
        list(contents_of(replace(coloured, media_root=None), "document", rows))
