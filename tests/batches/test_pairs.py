"""Which rows can stand together in a batch."""

import numpy as np
import pytest

from isoglot.batches import training_pairs
from isoglot.batches.drawing import PairSource
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError, CorpusError


def test_groups_of_the_split_and_their_rows(toy_corpus: ParallelCorpus) -> None:
    pairs = training_pairs(toy_corpus, "train")
    assert pairs.num_groups == 100
    assert pairs.languages == ("de", "en", "th")
    assert pairs.queries.num_rows == 300 - 20
    assert pairs.documents.num_rows == 300 - 25
    sizes = {
        name: len(groups) for name, groups in zip(pairs.languages, pairs.same_language_groups, strict=True)
    }
    assert sizes == {"de": 75, "en": 100, "th": 80}


def test_a_group_counts_for_a_language_only_with_an_answer_elsewhere() -> None:
    builder = CorpusBuilder(CorpusInfo("lopsided"))
    builder.add_query("q1", "g1", "en", "one")
    builder.add_document("d1", "g1", "en", "eins")
    builder.add_query("q2", "g2", "en", "two")
    builder.add_document("d2", "g2", "de", "zwei")
    builder.judge_group("train", "g1")
    builder.judge_group("train", "g2")
    pairs = training_pairs(builder.build())
    assert [groups.tolist() for groups in pairs.same_language_groups] == [[], [0]]
    assert [groups.tolist() for groups in pairs.cross_language_groups] == [[], [1]]


def test_explicit_judgements_are_shared_by_translations_and_exclude_grade_0() -> None:
    builder = CorpusBuilder(CorpusInfo("explicit"))
    for language in ("en", "de"):
        builder.add_query(f"q-{language}", "g", language, f"question {language}")
        builder.add_document(f"right-{language}", None, language, f"right {language}")
        builder.add_document(f"wrong-{language}", None, language, f"wrong {language}")
    builder.judge("train", "q-en", "right-en")
    builder.judge("train", "q-en", "wrong-en", 0)
    builder.judge("train", "q-de", "right-de", 2)
    pairs = training_pairs(builder.build())
    assert pairs.corpus.document_texts(np.sort(pairs.documents.rows_of_group(0))) == ["right en", "right de"]
    assert len(pairs.queries.rows_of_group(0)) == 2
    assert pairs.num_groups == 1


def test_documents_without_group_are_masked_alone() -> None:
    builder = CorpusBuilder(CorpusInfo("ungrouped"))
    builder.add_query("q", "g", "en", "question")
    builder.add_document("d1", None, "en", "one")
    builder.add_document("d2", None, "en", "two")
    builder.judge("train", "q", "d1")
    pairs = training_pairs(builder.build())
    assert len(set(pairs.document_mask_groups[np.arange(2)].tolist())) == 2


def test_choice_follows_the_weights(toy_corpus: ParallelCorpus) -> None:
    pairs = training_pairs(toy_corpus)
    group = pairs.same_language_groups[0][0]  # has a document in every language
    source = PairSource(pairs, seed=1, epoch=0)
    rows = source.answers(np.full(4000, group), np.array([0.0, 3.0, 1.0, 9.0]))[:, 0]
    share = np.bincount(pairs.document_languages[rows], minlength=3) / 4000
    assert share[0] == 0
    assert share[1] == pytest.approx(0.75, abs=0.03)


def test_unknown_split(toy_corpus: ParallelCorpus) -> None:
    with pytest.raises(CorpusError, match=r"'toy' has no split 'test'; it has train, dev"):
        training_pairs(toy_corpus, "test")


def test_a_split_without_pairs() -> None:
    builder = CorpusBuilder(CorpusInfo("bare"))
    builder.add_query("q", "g", "en", "question")
    builder.add_document("d", None, "en", "answer")
    builder.judge("train", "q", "d", 0)
    with pytest.raises(ConfigError, match="no query with a relevant document"):
        training_pairs(builder.build())
