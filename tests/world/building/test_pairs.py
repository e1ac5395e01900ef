"""Labelled pairs: balanced, told apart by meaning alone, and apart in training and test."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from isoglot.corpora.labelled import CLASSES
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.evaluation import evaluate_pairs
from isoglot.world.building import build_world_corpus
from isoglot.world.building.groups import Group
from isoglot.world.building.pairs import _Collection, _paraphrases
from isoglot.world.saying import read_caption
from isoglot.world.scenes.entailment import judge
from isoglot.world.scenes.meaning import meaning_code, same_meaning
from isoglot.world.scenes.sampling import all_scenes
from isoglot.world.scenes.scene import Melody
from isoglot.world.scenes.similarity import similarity
from isoglot.world.scenes.splits import plan_splits

LANGUAGES = ("de", "en", "zh")


@pytest.fixture(scope="module")
def corpus() -> ParallelCorpus:
    return build_world_corpus(groups=60, task="pairs", languages=LANGUAGES, low_resource="zh:0.2")


@pytest.fixture(scope="module")
def meanings(corpus: ParallelCorpus) -> dict:
    """Code of a group -> what it says, read from its English text."""
    return {
        code: read_caption(row["text"], "en")
        for row, code in zip(corpus.documents.to_pylist(), corpus.document_groups.tolist(), strict=True)
        if row["language"] == "en"
    }


def said(corpus: ParallelCorpus, meanings: dict, split: str, task: str):
    pairs = corpus.labelled[split, task]
    codes = zip(pairs.first_groups.tolist(), pairs.second_groups.tolist(), pairs.labels.tolist(), strict=True)
    return [(meanings[first], meanings[second], label) for first, second, label in codes]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_labels_follow_from_what_is_said(corpus, meanings, split) -> None:
    paraphrases = said(corpus, meanings, split, "paraphrase")
    assert all(same_meaning(first, second) == bool(label) for first, second, label in paraphrases)
    entailment = said(corpus, meanings, split, "entailment")
    assert all(
        judge(first, second) == CLASSES["entailment"][int(label)] for first, second, label in entailment
    )
    graded = said(corpus, meanings, split, "similarity")
    assert all(similarity(first, second) == pytest.approx(label) for first, second, label in graded)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_classes_are_equally_many_and_similarities_spread(corpus, split) -> None:
    for task in ("paraphrase", "entailment"):
        counts = Counter(corpus.labelled[split, task].labels.tolist())
        assert len(counts) == len(CLASSES[task])
        assert len(set(counts.values())) == 1
    labels = corpus.labelled[split, "similarity"].labels
    assert labels.min() < 3 < 5 == labels.max()


def test_no_scene_of_test_is_left_out(corpus) -> None:
    sizes = {task: len(corpus.labelled["test", task]) for task in ("paraphrase", "entailment", "similarity")}
    assert sizes == {"paraphrase": 18, "entailment": 27, "similarity": 18}


def test_training_says_nothing_that_is_tested(corpus, meanings) -> None:
    codes: dict[str, set[str]] = {"train": set(), "dev": set(), "test": set()}
    for (split, _), pairs in corpus.labelled.items():
        for code in np.union1d(pairs.first_groups, pairs.second_groups).tolist():
            codes[split].add(meaning_code(meanings[code]))
    assert not codes["train"] & codes["test"]
    assert not codes["train"] & codes["dev"]
    assert not codes["dev"] & codes["test"]
    plan = plan_splits(seed=0)
    for (split, _), pairs in corpus.labelled.items():
        if split == "train":
            every = np.union1d(pairs.first_groups, pairs.second_groups).tolist()
            assert {plan.split_of(meanings[code]) for code in every} == {"train"}


def test_a_scene_without_a_near_miss_has_no_paraphrase_either() -> None:
    """So that both stay equally many: of this melody every near miss belongs to another split."""
    said = Melody(1, "low", "level", "bell", "slow")
    elsewhere = {meaning_code(melody): "train" for melody in all_scenes("melody")}
    group = Group(said, meaning_code(said), "test", "audio", has_medium=False)
    own = {group.code: "test"}
    for meanings, number in ((elsewhere | own, 0), (own, 2)):
        found = _Collection(plan_splits(seed=0), dict(meanings))
        assert len(_paraphrases(group, [group], found, 0)) == number


def test_wording_gives_no_label_away(corpus) -> None:
    names = dict(zip(corpus.document_groups.tolist(), corpus.documents["group_id"].to_pylist(), strict=True))
    for pairs in corpus.labelled.values():
        for first, second in zip(pairs.first_groups.tolist(), pairs.second_groups.tolist(), strict=True):
            assert names[first].rpartition("~")[2] != names[second].rpartition("~")[2]


def test_a_language_with_few_resources_lacks_sentences_in_training_only(corpus) -> None:
    tested: set[int] = set()
    for (split, _), pairs in corpus.labelled.items():
        if split != "train":
            tested |= set(np.union1d(pairs.first_groups, pairs.second_groups).tolist())
    present: dict[str, set[int]] = {language: set() for language in LANGUAGES}
    for language, code in zip(
        corpus.documents["language"].to_pylist(), corpus.document_groups.tolist(), strict=True
    ):
        present[language].add(code)
    assert tested <= present["zh"]
    assert present["de"] == present["en"]
    trained = present["en"] - tested
    assert 0.1 < len(present["zh"] - tested) / len(trained) < 0.3


def test_an_ideal_model_tells_paraphrases_from_near_misses(corpus, vectors_by) -> None:
    by_text = dict(
        zip(corpus.documents["group_id"].to_pylist(), corpus.documents["text"].to_pylist(), strict=True)
    )
    english = {
        row["group_id"]: row["text"] for row in corpus.documents.to_pylist() if row["language"] == "en"
    }
    assert set(english) == set(by_text)
    vectors = vectors_by(corpus, lambda group: meaning_code(read_caption(english[group], "en")))
    results = evaluate_pairs(vectors, corpus, task="paraphrase", num_resamples=2)
    values = {record.measure: record.value for record in results.records if record.setting == "multilingual"}
    assert values["AP"] == values["accuracy"] == values["F1"] == 1.0
    for task in ("entailment", "similarity"):
        assert evaluate_pairs(vectors, corpus, task=task, num_resamples=2).records
