"""The measurement of tags on photographs, on texts in place of photographs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.metrics import f1_score

from .conftest import ColourModel
from .test_calibrating import judged_corpus

SCRIPT = Path(__file__).parents[2] / "configs" / "photographs" / "tags.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("photograph_tags", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["photograph_tags"] = module
    spec.loader.exec_module(module)
    return module


def test_f1_is_that_of_scikit_learn(script: ModuleType) -> None:
    rng = np.random.default_rng(0)
    given, right = rng.random((2, 30, 5)) < 0.4
    right[:, 2] = False
    kept = [0, 1, 3, 4]
    micro, macro = (
        f1_score(right[:, kept], given[:, kept], average=average, zero_division=0.0)
        for average in ("micro", "macro")
    )
    assert script.f1s(given, right) == (pytest.approx(micro), pytest.approx(macro))


def test_the_most_frequent_tags_go_to_everybody(script: ModuleType) -> None:
    corpus = judged_corpus(blue=10)
    given = script.most_frequent(corpus, "dev", "dev")
    assert given.shape == (60, 3)
    assert (given == given[0]).all()
    right = script.judged_tags(corpus, "dev", script.vocabulary_of(corpus))[2]
    tried = []
    for tags in ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]):
        some = np.zeros_like(given)
        some[:, tags] = True
        tried.append(script.f1s(some, right)[0])
    assert script.f1s(given, right)[0] == pytest.approx(max(tried))


def test_calibrated_thresholds_do_no_worse_where_they_were_chosen(script: ModuleType) -> None:
    found = {line[0]: line[1:] for line in script.lines(ColourModel(), judged_corpus(), ["en"], "dev", "dev")}
    assert found.keys() == {"all together", "en"}
    for cells in found.values():
        untuned, one, per_tag = ([float(value) for value in cell.split(" / ")] for cell in cells)
        assert one[0] >= untuned[0]
        assert per_tag[1] >= one[1]
    given, right = script.decisions(ColourModel(), judged_corpus(), "dev", "de", 0.5)
    assert given.shape == right.shape == (60, 2)  # blue has no German name
