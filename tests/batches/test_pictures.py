"""Rows without language: a picture counts as any language, and one side of a batch is of one medium."""

import numpy as np
import pytest

from isoglot.batches import CrossLingual, Hybrid, Monolingual, PairBatchSampler, Pooled, training_pairs
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError

LANGUAGES = ("en", "de", "th")


@pytest.fixture(scope="module")
def captioned() -> ParallelCorpus:
    """40 groups: a caption in each language and a picture, on both sides; German lacks every fourth."""
    builder = CorpusBuilder(CorpusInfo("captioned"))
    for group in range(40):
        name = f"g{group}"
        for language in LANGUAGES:
            if language != "de" or group % 4:
                builder.add_query(f"q-{name}-{language}", name, language, f"{language} {group}")
                builder.add_document(f"d-{name}-{language}", name, language, f"{language} {group} !")
        builder.add_query(f"q-{name}", name, NO_LANGUAGE, None, modality="image", path=f"{group}.png")
        builder.add_document(f"d-{name}", name, None, None, modality="image", path=f"{group}.png")
        builder.judge_group("train", name)
    return builder.build()


def codes(sampler: PairBatchSampler) -> list[tuple[list[int], list[int]]]:
    return [
        (
            sampler.pairs.query_languages[share.batch.query_rows].tolist(),
            sampler.pairs.document_languages[share.batch.document_rows[:, 0]].tolist(),
        )
        for share in sampler
    ]


def test_no_language_is_no_tag(captioned: ParallelCorpus) -> None:
    pairs = training_pairs(captioned, query_modality="image", document_modality="text")
    assert pairs.languages == ("de", "en", "th")
    assert pairs.query_modality == "image"
    assert pairs.queries.num_rows == 40
    assert pairs.documents.num_rows == 110


@pytest.mark.parametrize("of_text", ["query", "document"])
def test_captions_of_a_monolingual_batch_are_in_one_language(captioned: ParallelCorpus, of_text: str) -> None:
    media = (
        {"query": "text", "document": "image"}
        if of_text == "query"
        else {"query": "image", "document": "text"}
    )
    pairs = training_pairs(
        captioned,
        query_modality=media["query"],
        document_modality=media["document"],  # type: ignore[arg-type]
    )
    seen = set()
    for queries, documents in codes(PairBatchSampler(pairs, Monolingual(), 8, 60)):
        captions, pictures = (queries, documents) if of_text == "query" else (documents, queries)
        assert set(pictures) == {-1}
        assert len(set(captions)) == 1
        seen |= set(captions)
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("of_text", ["query", "document"])
def test_captions_of_a_cross_lingual_batch_are_mixed(captioned: ParallelCorpus, of_text: str) -> None:
    media = ("text", "image") if of_text == "query" else ("image", "text")
    pairs = training_pairs(captioned, query_modality=media[0], document_modality=media[1])  # type: ignore[arg-type]
    drawn = codes(PairBatchSampler(pairs, CrossLingual(), 30, 40))
    captions = [queries if of_text == "query" else documents for queries, documents in drawn]
    assert all(set(batch) == {0, 1, 2} for batch in captions)
    share = np.bincount(np.concatenate(captions), minlength=3) / 1200
    expected = [1 / 3] * 3 if of_text == "query" else [0.75 / 3, 0.375, 0.375]
    assert share == pytest.approx(expected, abs=0.06)


def test_hybrid_batches_of_captions_and_pictures_follow_alpha(captioned: ParallelCorpus) -> None:
    pairs = training_pairs(captioned, query_modality="text", document_modality="image")
    kinds = [share.batch.kind for share in PairBatchSampler(pairs, Hybrid(0.3), 4, 1000)]
    assert kinds.count("monolingual") / 1000 == pytest.approx(0.3, abs=0.05)


def test_captions_of_captions_leave_pictures_out(captioned: ParallelCorpus) -> None:
    pairs = training_pairs(captioned, query_modality="text", document_modality="text")
    for queries, documents in codes(PairBatchSampler(pairs, Monolingual(), 8, 30)):
        assert len({*queries, *documents}) == 1
        assert -1 not in queries


def test_pictures_of_pictures_are_a_language_of_their_own(captioned: ParallelCorpus) -> None:
    pairs = training_pairs(captioned, query_modality="image", document_modality="image")
    assert {
        code for queries, _ in codes(PairBatchSampler(pairs, Monolingual(), 8, 5)) for code in queries
    } == {-1}
    with pytest.raises(ConfigError, match="no pair in two different languages"):
        PairBatchSampler(pairs, CrossLingual(), 8, 5)


def test_pictures_are_answered_in_several_languages_at_once(captioned: ParallelCorpus) -> None:
    pairs = training_pairs(captioned, query_modality="image", document_modality="text")
    for share in PairBatchSampler(pairs, Pooled(3), 6, 10):
        answers = pairs.document_languages[share.batch.document_rows]
        assert (np.sort(answers, axis=1) == [0, 1, 2]).all()


def test_a_picture_in_another_language_is_passed_over_for_one_in_none() -> None:
    builder = CorpusBuilder(CorpusInfo("lettered"))
    for group in range(6):
        name = f"g{group}"
        builder.add_query(f"q{name}", name, "en", f"sign {group}")
        builder.add_document(f"th{name}", name, "th", None, modality="image", path=f"th{group}.png")
        builder.add_document(f"d{name}", name, None, None, modality="image", path=f"{group}.png")
        builder.judge_group("train", name)
    sampler = PairBatchSampler(training_pairs(builder.build()), Monolingual(), 4, 10)
    assert {code for _, documents in codes(sampler) for code in documents} == {-1}


def test_a_symmetric_corpus_is_so_between_texts_alone() -> None:
    builder = CorpusBuilder(CorpusInfo("symmetric", symmetric=True))
    for group in range(4):
        for side in (builder.add_query, builder.add_document):
            side(f"{group}", f"g{group}", "en", f"text {group}")
        builder.add_document(f"p{group}", f"g{group}", None, None, modality="image", path=f"{group}.png")
        builder.judge_group("train", f"g{group}")
    corpus = builder.build()
    pairs = training_pairs(corpus, query_modality="text", document_modality="image")
    assert len(list(PairBatchSampler(pairs, Monolingual(), 4, 3))) == 3
    with pytest.raises(ConfigError, match="use the cross_lingual scheme"):
        PairBatchSampler(training_pairs(corpus, document_modality="text"), Monolingual(), 4, 3)


def test_a_side_of_several_media_is_refused(captioned: ParallelCorpus) -> None:
    with pytest.raises(ConfigError, match=r"has image, text among its queries.*choose one by query_modality"):
        training_pairs(captioned)
    with pytest.raises(ConfigError, match=r"among its documents.*document_modality"):
        training_pairs(captioned, query_modality="text")


def test_a_medium_that_is_not_there(captioned: ParallelCorpus) -> None:
    with pytest.raises(ConfigError, match="no audio query with a relevant video document"):
        training_pairs(captioned, query_modality="audio", document_modality="video")
