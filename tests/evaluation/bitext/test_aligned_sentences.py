"""Bitexts of two languages, and what is a candidate in them."""

import numpy as np

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo
from isoglot.evaluation.bitext.aligned_sentences import AlignedSentences, Bitext


def _rows(*numbers):
    return np.array(numbers, np.int32)


def test_a_sentence_left_alone_translates_nothing():
    # Sentence 0 translates the last candidate, next to which sentence 1 without a candidate must not count.
    bitext = Bitext(_rows(0, 1), _rows(0, 1), np.array([0 * 2 + 1]))
    assert bitext.are_translations(np.array([1, -1])).tolist() == [True, False]
    assert bitext.are_translations(np.array([0, 1])).tolist() == [False, False]
    assert bitext.has_translation.tolist() == [True, False]


def test_the_aligned_part_has_new_numbers():
    bitext = Bitext(_rows(3, 5, 8), _rows(1, 4, 6, 9), np.array([1 * 4 + 3, 2 * 4 + 0, 2 * 4 + 3]))
    aligned = bitext.aligned()
    assert aligned.query_rows.tolist() == [5, 8]
    assert aligned.document_rows.tolist() == [1, 9]
    assert aligned.pairs.tolist() == [0 * 2 + 1, 1 * 2 + 0, 1 * 2 + 1]


def test_candidates_are_of_the_split_or_of_no_group():
    builder = CorpusBuilder(CorpusInfo("sentences", symmetric=True))
    for group, split in (("a", "test"), ("b", "dev"), ("c", "test")):
        for language in ("de", "en"):
            builder.add_sentence(f"{group}.{language}", group, language, f"{group} {language}")
        builder.judge_group(split, group)
    builder.add_document("alone.en", None, "en", "alone")
    corpus = builder.build()
    bitext = AlignedSentences(corpus, "test").between("de", "en")
    named = [corpus.queries["query_id"][int(row)].as_py() for row in bitext.query_rows]
    assert named == ["a.de", "c.de"]
    named = [corpus.documents["doc_id"][int(row)].as_py() for row in bitext.document_rows]
    assert named == ["a.en", "c.en", "alone.en"]
    assert bitext.pairs.tolist() == [0 * 3 + 0, 1 * 3 + 1]
    assert not len(AlignedSentences(corpus, "test").between("fr", "en").query_rows)
