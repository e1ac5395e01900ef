"""The parallel corpus: judgements, selections, unions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, Judgements, ParallelCorpus, concatenate
from isoglot.errors import CorpusError


def build(name: str = "toy", *, explicit: bool = False) -> ParallelCorpus:
    """Three groups in en, de and pt-BR; group 2 lacks its German document; one distractor."""
    builder = CorpusBuilder(CorpusInfo(name))
    for group in range(3):
        for language in ("en", "de", "pt-BR"):
            builder.add_query(f"q{group}.{language}", f"g{group}", language, f"query {group} {language}")
            if (group, language) != (2, "de"):
                builder.add_document(
                    f"d{group}.{language}", f"g{group}", language, f"document {group} {language}"
                )
                if explicit:
                    builder.judge("test", f"q{group}.en", f"d{group}.{language}")
        if not explicit:
            builder.judge_group("test" if group else "dev", f"g{group}")
    builder.add_document("x", None, "en", "distractor", title="Title")
    return builder.build()


def test_judgements_of_a_split_by_groups() -> None:
    corpus = build()
    judged = corpus.judgements("test")
    assert [corpus.query(row).query_id for row in judged.query_rows] == [
        "q1.en", "q1.de", "q1.pt-BR", "q2.en", "q2.de", "q2.pt-BR",
    ]  # fmt: skip
    assert np.diff(judged.indptr).tolist() == [3, 3, 3, 2, 2, 2]
    first = [corpus.document(row).doc_id for row in judged.document_rows[:3]]
    assert first == ["d1.en", "d1.de", "d1.pt-BR"]
    assert set(judged.grades.tolist()) == {1}


def test_relevant_keeps_the_place_of_a_query_without_any() -> None:
    judged = Judgements.from_pairs(
        np.array([4, 2, 4], np.int32), np.array([1, 0, 0], np.int32), np.array([2, 0, 0], np.int32)
    )
    assert judged.query_rows.tolist() == [2, 4]
    assert judged.document_rows.tolist() == [0, 0, 1]
    relevant = judged.relevant()
    assert relevant.indptr.tolist() == [0, 0, 1]
    assert relevant.document_rows.tolist() == [1]


def test_select_languages_takes_varieties_along() -> None:
    corpus = build().select(["pt", "deu"])
    assert corpus.languages == ("de", "pt-BR")
    assert corpus.documents.num_rows == 5
    assert np.diff(corpus.judgements("test").indptr).tolist() == [2, 2, 1, 1]
    with pytest.raises(CorpusError, match="no text in language 'cy'; there is de, en, pt-BR"):
        build().select(["cy"])


def test_select_of_explicit_judgements() -> None:
    corpus = build(explicit=True).select(["en"])
    assert np.diff(corpus.judgements("test").indptr).tolist() == [1, 1, 1]
    with pytest.raises(CorpusError, match="has no judged query in this selection"):
        build(explicit=True).select(["de"])


def captioned() -> ParallelCorpus:
    """Two groups, each a text in en and de on both sides, and a picture on both sides."""
    builder = CorpusBuilder(CorpusInfo("captioned"))
    for group in range(2):
        name = f"g{group}"
        for language in ("en", "de"):
            builder.add_query(f"q{group}.{language}", name, language, f"caption {group} {language}")
            builder.add_document(f"d{group}.{language}", name, language, f"text {group} {language}")
        builder.add_query(f"q{group}.png", name, "zxx", None, modality="image", path="a.png")
        builder.add_document(f"d{group}.png", name, None, None, modality="image", path="b.png")
        builder.judge_group("train" if group else "test", name)
    return builder.build()


def ids(corpus: ParallelCorpus) -> tuple[list[str], list[str]]:
    return corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist()


def test_select_one_direction_between_media() -> None:
    corpus = captioned()
    texts, pictures = ["q0.en", "q0.de", "q1.en", "q1.de"], ["d0.png", "d1.png"]
    to_pictures = corpus.select(query_modalities=["text"], document_modalities=["image"])
    assert ids(to_pictures) == (texts, pictures)
    assert len(to_pictures.judgements("train")) == 2
    either = corpus.select(query_modalities=["image"], document_modalities=["text", "image"])
    assert ids(either)[0] == ["q0.png", "q1.png"]
    assert either.documents.num_rows == 6
    assert ids(corpus.select(document_modalities=["image"]))[1] == pictures


def test_select_captions_in_one_language_and_texts_in_all() -> None:
    corpus = captioned()
    english = corpus.select(
        query_languages=["en"], query_modalities=["text"], document_modalities=["image"], splits=["train"]
    )
    assert ids(english) == (["q0.en", "q1.en"], ["d0.png", "d1.png"])
    assert list(english.splits) == ["train"]
    # What has no language stays on either side, and is in no language that one could ask for.
    assert ids(corpus.select(query_languages=["deu"])) == (
        ["q0.de", "q0.png", "q1.de", "q1.png"],
        ids(corpus)[1],
    )
    assert ids(corpus.select(["en"], document_languages=["en"])) == (
        ["q0.en", "q0.png", "q1.en", "q1.png"],
        ["d0.en", "d0.png", "d1.en", "d1.png"],
    )
    assert corpus.select() is corpus


def test_select_refuses_what_one_side_has_not() -> None:
    with pytest.raises(CorpusError, match="no documents of medium 'video'; there is image, text"):
        captioned().select(document_modalities=["text", "video"])
    english = captioned().select(query_languages=["en"], query_modalities=["text"])
    with pytest.raises(CorpusError, match=r"no text in language 'de'; there is en$"):
        english.select(query_languages=["de"])
    with pytest.raises(CorpusError, match="no queries of medium 'image'; there is text"):
        english.select(query_modalities=["image"])


def test_select_groups_drops_distractors() -> None:
    corpus = build().select_groups(np.array([2], np.int32))
    assert (corpus.queries.num_rows, corpus.documents.num_rows) == (3, 2)


def test_a_title_stands_above_its_text() -> None:
    corpus = build()
    assert corpus.document_texts(np.array([8, 0], np.int32)) == ["Title\ndistractor", "document 0 en"]


def test_texts_of_other_media_are_refused() -> None:
    builder = CorpusBuilder(CorpusInfo("photos"))
    builder.add_query("q", "g", "en", "a dog")
    builder.add_document("d", "g", None, None, modality="image", path="a.jpg")
    corpus = builder.build()
    assert corpus.modalities == ("image", "text")
    assert corpus.document_languages[1].tolist() == [-1]
    with pytest.raises(CorpusError, match="doc_id 'd' has no text"):
        corpus.document_texts(np.array([0], np.int32))


def test_unknown_split() -> None:
    with pytest.raises(CorpusError, match="corpus 'toy' has no split 'train'; it has dev, test"):
        build().judgements("train")


def test_concatenate_keeps_ids_groups_and_splits_apart() -> None:
    first, second = build("one"), build("two").select(["en"])
    both = concatenate("both", [first, second])
    assert both.queries.num_rows == first.queries.num_rows + second.queries.num_rows
    assert both.num_groups == first.num_groups + second.num_groups
    assert both.query(0).query_id == "one/q0.en"
    judged = both.judgements("test")
    assert len(judged) == len(first.judgements("test")) + len(second.judgements("test"))
    for position, row in enumerate(judged.query_rows):
        documents = judged.document_rows[judged.indptr[position] : judged.indptr[position + 1]]
        assert {both.document(document).group_id for document in documents} == {both.query(row).group_id}
    assert {column.num_chunks for column in both.documents.columns} == {1}


def test_concatenate_moves_explicit_judgements_with_their_rows() -> None:
    parts = [build("one", explicit=True), build("two", explicit=True)]
    both = concatenate("both", parts)
    judged = both.judgements("test")
    pairs = [
        (both.query(int(query)).query_id, both.document(int(document)).doc_id)
        for query, document in zip(judged.pair_query_rows, judged.document_rows, strict=True)
    ]
    expected = [
        (
            f"{part.name}/{part.query(int(query)).query_id}",
            f"{part.name}/{part.document(int(document)).doc_id}",
        )
        for part in parts
        for own in [part.judgements("test")]
        for query, document in zip(own.pair_query_rows, own.document_rows, strict=True)
    ]
    assert len(pairs) == 16
    assert pairs == expected


def test_concatenate_keeps_checksums_only_if_every_part_has_them() -> None:
    read = replace(build("read"), checksums={"queries.parquet": "abc"})
    other = replace(build("other"), checksums={"queries.parquet": "def"})
    assert concatenate("both", [read, other]).checksums == {
        "read/queries.parquet": "abc",
        "other/queries.parquet": "def",
    }
    assert concatenate("both", [read, build("made")]).checksums == {}


def test_concatenate_refuses_what_would_collide() -> None:
    with pytest.raises(CorpusError, match="with distinct names"):
        concatenate("both", [build(), build()])
    with pytest.raises(CorpusError, match="is by groups in one corpus and explicit in another"):
        concatenate("both", [build("one"), build("two", explicit=True)])


def test_repr_says_what_there_is() -> None:
    assert repr(build()) == (
        "ParallelCorpus('toy', 9 queries, 9 documents, 3 groups, languages de en pt-BR, splits dev test)"
    )
