"""The built-in corpora by their names in a configuration."""

from __future__ import annotations

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo
from isoglot.corpora.judgements import Split
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.experiments.config import CorpusConfig
from isoglot.experiments.corpora import distinct_texts, read_configured, share_of_split


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


def test_a_share_of_a_split_is_part_of_a_larger_one(toy_corpus: ParallelCorpus) -> None:
    split = toy_corpus.split("train")
    shares = {share: share_of_split(toy_corpus, split, share) for share in (0.1, 0.5, 1.0)}
    assert shares[1.0] is split
    assert split.groups is not None
    small, half = shares[0.1].groups, shares[0.5].groups
    assert small is not None
    assert half is not None
    assert (len(small), len(half)) == (10, 50)
    assert set(small.tolist()) < set(half.tolist()) < set(split.groups.tolist())
    least = share_of_split(toy_corpus, split, 1e-9).groups
    assert least is not None
    assert len(least) == 1


def test_a_share_of_judged_queries_keeps_translations_together(toy_corpus: ParallelCorpus) -> None:
    split = Split(judgements=toy_corpus.judgements("train"))
    judged = share_of_split(toy_corpus, split, 0.25).judgements
    assert judged is not None
    groups = set(toy_corpus.query_groups[judged.query_rows].tolist())
    assert len(groups) == 25
    rows = toy_corpus.judgements("train").query_rows
    assert set(judged.query_rows.tolist()) == {
        row for row in rows.tolist() if toy_corpus.query_groups[row] in groups
    }
    assert set(toy_corpus.document_groups[judged.document_rows].tolist()) == groups


def test_a_share_of_nothing_is_refused() -> None:
    assert CorpusConfig(dataset="world-text", share=0.0).problems() == ["share must be > 0 and <= 1, got 0.0"]
