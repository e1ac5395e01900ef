"""The built-in corpora by their names in a configuration."""

from __future__ import annotations

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.errors import ConfigError
from isoglot.experiments.config import CorpusConfig
from isoglot.experiments.corpora import distinct_texts, read_configured


def test_texts_about_facts() -> None:
    corpus = read_configured(CorpusConfig(dataset="world-text", languages=("de", "en")))
    assert corpus.name == "world-text"
    assert corpus.languages == ("de", "en")


def test_scenes_as_texts() -> None:
    options = {"groups": 10, "modalities": ["text"], "unseen": ["sw"], "seed": 3}
    corpus = read_configured(CorpusConfig(dataset="world", languages=("en", "sw"), options=options))
    assert corpus.name == "world"
    assert corpus.queries["language"].to_pylist().count("en") == 10
    assert corpus.queries["language"].to_pylist().count("sw") == 2 + 1
    assert "seed=3" in corpus.info.description


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {},
            "output_dir must be given for image, video, audio.*name a folder that `isoglot data build world`",
        ),
        ({"grups": 3}, "option of world must be one of .*, got 'grups'; did you mean 'groups'"),
        ({"groups": "3", "modalities": "text"}, "groups must be a whole number, got '3'"),
    ],
)
def test_what_a_configuration_cannot_ask_of_scenes(options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_configured(CorpusConfig(dataset="world", options=options))


def test_pictures_have_no_texts() -> None:
    builder = CorpusBuilder(CorpusInfo("captions"))
    builder.add_query("q", "g", "en", "a caption")
    builder.add_document("d", "g", None, None, modality="image", path="d.png")
    builder.judge_group("train", "g")
    assert distinct_texts([builder.build()]) == ["a caption"]
