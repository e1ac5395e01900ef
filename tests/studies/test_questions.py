"""Questions: what an answer may ask for, checked against the study before any cell runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from isoglot.config import build_config
from isoglot.errors import ConfigError
from isoglot.studies.config import StudyConfig
from isoglot.studies.questions import ValueConfig, read_answer

ANSWER = {
    "arms": "scheme",
    "baseline": "monolingual",
    "sizes": "width",
    "values": [{"measure": "AP", "corpus": "a"}, {"measure": "loss"}],
}


def study(tmp_path: Any, **changes: Any) -> StudyConfig:
    (tmp_path / "corpus.json").write_text("{}")
    values = {
        "study": {"name": "s", "question": "q?", "answer": {**ANSWER, **changes}},
        "base": {},
        "axes": [
            {"name": "scheme", "key": "scheme.name", "values": ["monolingual", "hybrid"]},
            {"name": "width", "key": "encoder.dimension", "values": [8, 16]},
        ],
        "evaluate": {"corpora": [{"folder": str(tmp_path), "name": name} for name in "ab"]},
    }
    return build_config(values, StudyConfig, source="s.toml")


def test_a_whole_answer(tmp_path: Any) -> None:
    answer = read_answer(study(tmp_path))
    assert answer.x == "parameters"
    assert [value.name for value in answer.values] == ["a multilingual AP", "training loss"]


def test_measures_of_bias_are_always_there(tmp_path: Any) -> None:
    answer = read_answer(study(tmp_path, values=[{"measure": "rank_distance", "corpus": "a"}]))
    assert not answer.values[0].higher_is_better


def test_a_corpus_may_be_called_by_its_own_name(tmp_path: Any) -> None:
    config = study(tmp_path, values=[{"measure": "AP", "corpus": "its-own"}])
    unnamed = tuple(replace(each, name="") for each in config.evaluate.corpora[:1])
    answer = read_answer(replace(config, evaluate=replace(config.evaluate, corpora=unnamed)))
    assert answer.values[0].corpus == "its-own"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"arms": "schema"}, "arms: there is no axis 'schema'; there is scheme, width"),
        ({"sizes": "depth"}, "sizes: there is no axis 'depth'"),
        ({"sizes": ""}, "axis 'width' is neither arms nor sizes, and has 2 points"),
        ({"baseline": "mixed"}, "scheme has no 'mixed'; it has monolingual, hybrid"),
        ({"values": []}, "values: name one or more"),
        ({"values": [{"measure": "AP"}]}, "say which corpus, as there are 2"),
        ({"values": [{"measure": "AP", "corpus": "c"}]}, "nothing is measured on 'c'; there is a, b"),
        ({"values": [{"measure": "AP", "corpus": "a"}] * 2}, "values: 'a multilingual AP' twice"),
        ({"values": [{"measure": "R@7", "corpus": "a"}]}, "a is not measured by 'R@7', but by AP, RR"),
        ({"encoded": "c"}, "encoded: nothing is measured on 'c'"),
        ({"extrapolate": [0.0]}, "extrapolate: sizes must be > 0, got 0"),
        ({"x": "size"}, "x: must be one of"),
        ({"colour": 1}, "colour: unknown key"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Any, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_answer(study(tmp_path, **changes))


def test_values_know_what_is_good_and_what_can_be() -> None:
    assert ValueConfig("AP").higher_is_better
    assert not ValueConfig("rank_distance").higher_is_better
    assert not ValueConfig("loss").higher_is_better
    assert ValueConfig("nDCG@10").range == (0, 1)
    assert ValueConfig("spearman").range == (-1, 1)
    assert ValueConfig("rank_distance").range == (0, float("inf"))
    assert ValueConfig("AP", offset=0.9).range == (0.9, 0.9)
