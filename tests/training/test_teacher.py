from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus
from isoglot.corpora.negatives import HardNegatives, add_negatives
from isoglot.errors import ConfigError, CorpusError, SearchError
from isoglot.training import group_vectors
from isoglot.training.group_vectors import groups_of_split, principal_axes
from isoglot.training.teacher import TeacherVectors


class Teacher:
    """Draws a vector for each text, another on either side; stands for a sentence-transformers model."""

    modalities = ("text",)

    def __init__(self, width: int = 6, similarity: str = "cosine") -> None:
        self.width, self.similarity_fn_name = width, similarity
        self.seen: list[str] = []

    def __getitem__(self, number: int) -> Teacher:
        return self

    def vector(self, side: str, text: str) -> np.ndarray:
        rng = np.random.default_rng(list(f"{side} {text}".encode()))
        return rng.normal(size=self.width).astype(np.float32)

    def _encode(self, side: str, texts: list[str]) -> np.ndarray:
        self.seen += [f"{side} {text}" for text in texts]
        return np.stack([self.vector(side, text) for text in texts])

    def encode_query(self, texts: list[str], **options: Any) -> np.ndarray:
        return self._encode("query", texts)

    def encode_document(self, texts: list[str], **options: Any) -> np.ndarray:
        return self._encode("document", texts)


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def build(teacher: Any, corpus: ParallelCorpus, split: str = "train", **options: Any) -> TeacherVectors:
    return TeacherVectors.build(teacher, corpus, split, **options)


def small_corpus() -> ParallelCorpus:
    """Groups a (English twice), b (no English), c (dev) and the passage of a hard negative, n."""
    builder = CorpusBuilder(CorpusInfo("small"))
    texts = {"a": ("en", "en", "de"), "b": ("de", "th"), "c": ("en-GB", "de"), "n": ("en",)}
    for group, languages in texts.items():
        for number, language in enumerate(languages):
            if group != "n":
                builder.add_query(f"q{group}{number}", group, language, f"question {group} {number}")
            builder.add_document(f"d{group}{number}", group, language, f"passage {group} {number}")
    builder.add_document("far", None, "en", "distractor")
    builder.add_document("photo", "a", None, None, modality="image", path="a.png")
    builder.judge_group("train", "a")
    builder.judge_group("train", "b")
    builder.judge_group("dev", "c")
    return builder.build()


def codes(corpus: ParallelCorpus, *names: str) -> torch.Tensor:
    by_name = dict(zip(corpus.documents["group_id"].to_pylist(), corpus.document_groups, strict=True))
    return torch.tensor([int(by_name[name]) for name in names])


def test_every_version_of_a_group_goes_where_its_original_is() -> None:
    corpus, teacher = small_corpus(), Teacher()
    vectors = build(teacher, corpus)
    groups = codes(corpus, "b", "a", "c", "a")
    for side, word in (("query", "question"), ("document", "passage")):
        found, known = vectors.lookup(side, groups)
        assert known.tolist() == [False, True, False, True]
        mean = unit(sum(unit(teacher.vector(side, f"{word} a {number}")) for number in (0, 1)))
        np.testing.assert_allclose(found[1], mean, rtol=1e-6)
        np.testing.assert_array_equal(found[1], found[3])
        assert (found[0] == 0).all()
    assert sorted(teacher.seen) == sorted(
        f"{side} {word} a {number}" for side, word in (("query", "question"), ("document", "passage"))
        for number in (0, 1)
    )  # fmt: skip


def test_queries_and_documents_of_a_group_are_told_apart() -> None:
    corpus = small_corpus()
    vectors = build(Teacher(), corpus)
    group = codes(corpus, "a")
    assert (vectors.lookup("query", group)[0] != vectors.lookup("document", group)[0]).all()


def test_varieties_of_the_source_language_count() -> None:
    corpus = small_corpus()
    vectors = build(Teacher(), corpus, "dev")
    assert vectors.lookup("query", codes(corpus, "c", "a"))[1].tolist() == [True, False]


def test_codes_that_the_corpus_does_not_have_are_unknown() -> None:
    vectors = build(Teacher(), small_corpus())
    found, known = vectors.lookup("document", torch.tensor([10**12, -1, 10_000]))
    assert not known.any()
    assert found.shape == (3, 6)
    assert (found == 0).all()


def test_of_all_languages_the_mean_is_taken() -> None:
    corpus, teacher = small_corpus(), Teacher()
    vectors = build(teacher, corpus, language=None)
    found, known = vectors.lookup("query", codes(corpus, "b"))
    assert known.all()
    mean = unit(sum(unit(teacher.vector("query", f"question b {number}")) for number in (0, 1)))
    np.testing.assert_allclose(found[0], mean, rtol=1e-6)


def test_a_teacher_that_compares_by_dot_keeps_its_lengths() -> None:
    corpus, teacher = small_corpus(), Teacher(similarity="dot")
    found, _ = build(teacher, corpus).lookup("document", codes(corpus, "a"))
    plain = (teacher.vector("document", "passage a 0") + teacher.vector("document", "passage a 1")) / 2
    np.testing.assert_allclose(found[0], plain, rtol=1e-6)


def test_hard_negatives_are_known_too() -> None:
    corpus = small_corpus()
    ids = corpus.documents["doc_id"].to_pylist()
    queries = np.flatnonzero([name == "qa0" for name in corpus.queries["query_id"].to_pylist()])
    rows = np.array([ids.index("dn0"), ids.index("far")], np.int32)
    negatives = HardNegatives.from_pairs(
        corpus.queries.num_rows, np.repeat(queries, 2).astype(np.int32), rows, np.ones(2, np.float32)
    )
    group = codes(corpus, "n")
    assert not build(Teacher(), corpus).lookup("document", group)[1].any()
    mined = build(Teacher(), add_negatives(corpus, "train", negatives))
    assert mined.lookup("document", group)[1].all()
    assert not mined.lookup("query", group)[1].any()


def test_groups_of_a_judged_split_are_those_of_relevant_documents(toy_corpus: ParallelCorpus) -> None:
    builder = CorpusBuilder(CorpusInfo("judged"))
    for name in ("x", "y", "z"):
        builder.add_query(f"q{name}", f"q{name}", "en", f"question {name}")
        builder.add_document(f"d{name}", f"d{name}", "en", f"passage {name}")
    builder.judge("train", "qx", "dy", where="here")
    builder.judge("train", "qx", "dz", 0, where="here")
    corpus = builder.build()
    names = {int(code): name for name, code in zip(corpus.documents["group_id"].to_pylist(),
                                                   corpus.document_groups, strict=True)}  # fmt: skip
    queries, documents = groups_of_split(corpus, "train")
    assert [names[code] for code in documents.tolist()] == ["dy"]
    assert queries.tolist() == [corpus.query_groups[corpus.queries["query_id"].to_pylist().index("qx")]]
    queries, documents = groups_of_split(toy_corpus, "train")
    assert len(queries) == len(documents) == 100


@pytest.mark.parametrize("rows_at_once", [1, 2, 7, 10_000])
def test_slabs_and_files_do_not_change_what_is_known(
    toy_corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    whole = build(Teacher(), toy_corpus, language=None)
    monkeypatch.setattr(group_vectors, "_ROWS_AT_ONCE", rows_at_once)
    mapped = build(Teacher(), toy_corpus, language=None, folder=tmp_path / "teacher")
    for side in ("queries", "documents"):
        parts = getattr(whole, side), getattr(mapped, side)
        np.testing.assert_array_equal(parts[0].groups, parts[1].groups)
        np.testing.assert_allclose(parts[0].vectors, parts[1].vectors, rtol=1e-6)
        assert isinstance(parts[1].vectors, np.memmap)
    assert sorted(path.name for path in (tmp_path / "teacher").iterdir()) == ["document.npy", "query.npy"]


def test_a_narrow_student_gets_the_axes_that_matter(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    """Vectors that lie in a plane, up to a little noise, keep their products in two dimensions."""

    class Flat(Teacher):
        def vector(self, side: str, text: str) -> np.ndarray:
            drawn = super().vector(side, text)
            plane = np.array([[1, 2, 0, 2, 0, 1], [0, 1, 1, 0, 3, 0]], np.float32)
            return drawn[:2] @ plane + 1e-4 * drawn

    full = build(Flat(), toy_corpus)
    narrow = build(Flat(), toy_corpus, width=2, folder=tmp_path)
    assert narrow.dimension == 2
    assert narrow.description["width"] == 6
    assert narrow.description["student_width"] == 2
    products = [found.queries.vectors @ found.documents.vectors.T for found in (full, narrow)]
    np.testing.assert_allclose(products[0], products[1], atol=2e-3)


@pytest.mark.parametrize(("similarity", "same"), [("cosine", True), ("dot", False)])
def test_narrow_vectors_have_length_1_if_the_wide_ones_have(
    toy_corpus: ParallelCorpus, similarity: str, same: bool
) -> None:
    lengths = np.linalg.norm(
        build(Teacher(similarity=similarity), toy_corpus, width=3).queries.vectors, axis=1
    )
    assert np.allclose(lengths, 1, rtol=1e-5) == same


def test_principal_axes_agree_with_a_decomposition_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    parts = [(rng.normal(size=(n, 5)) * [5, 4, 3, 2, 1]).astype(np.float32) for n in (20, 30)]
    axes = principal_axes(parts, 3)
    _, _, right = np.linalg.svd(np.concatenate(parts), full_matrices=False)
    np.testing.assert_allclose(np.abs(np.diag(axes.T @ right[:3].T)), 1, rtol=1e-5)
    assert (np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], 0) > 0).all()
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-6)


@pytest.mark.parametrize("width", [0, 7])
def test_a_student_that_is_too_wide_is_refused(toy_corpus: ParallelCorpus, width: int) -> None:
    with pytest.raises(ConfigError, match=f"between 1 and the teacher's, 6, got {width}; give the student"):
        build(Teacher(), toy_corpus, width=width)


def test_the_width_of_the_student_is_checked(toy_corpus: ParallelCorpus) -> None:
    vectors = build(Teacher(), toy_corpus)
    vectors.check_width(6)
    with pytest.raises(
        ConfigError, match="student's embeddings have width 8, the teacher's vectors 6; build"
    ):
        vectors.check_width(8)


def test_what_cannot_be_taught_is_refused() -> None:
    corpus = small_corpus()
    with pytest.raises(CorpusError, match="no text in language 'fr'; there is de, en, en-GB, th"):
        build(Teacher(), corpus, language="fr")
    with pytest.raises(ConfigError, match="no group of split 'dev' of 'small' has a text in th; choose"):
        build(Teacher(), corpus, "dev", language="th")
    with pytest.raises(CorpusError, match="has no split 'test'"):
        build(Teacher(), corpus, "test")

    class Broken(Teacher):
        def vector(self, side: str, text: str) -> np.ndarray:
            return np.full(6, np.nan, np.float32)

    with pytest.raises(SearchError, match=r"teacher's vectors of 2 query texts, of shape \(2, 6\), are not"):
        build(Broken(), corpus)


def test_one_side_may_be_unknown() -> None:
    corpus = small_corpus()
    only_photos = np.flatnonzero(
        corpus.document_modalities[1] == corpus.document_modalities[0].index("image")
    )
    photos = corpus.take(np.arange(corpus.queries.num_rows, dtype=np.int32), only_photos.astype(np.int32))
    vectors = build(Teacher(), photos)
    group = codes(corpus, "a")
    assert vectors.lookup("query", group)[1].all()
    found, known = vectors.lookup("document", group)
    assert found.shape == (1, 6)
    assert not known.any()


def test_texts_are_encoded_once(tmp_path: Path, toy_corpus: ParallelCorpus) -> None:
    class Known(Teacher):
        def state_dict(self) -> dict[str, torch.Tensor]:
            return {}

    def identified(teacher: Teacher) -> Any:
        from isoglot.retrieval.adapters import adapt

        return replace(adapt(teacher), identify=lambda: "known")

    first, second = Known(), Known()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("isoglot.training.text_vectors.adapt", identified)
        one = build(first, toy_corpus, cache=tmp_path)
        two = build(second, toy_corpus, cache=tmp_path)
    assert len(first.seen) == 200
    assert second.seen == []
    np.testing.assert_array_equal(one.documents.vectors, two.documents.vectors)
    assert two.description["fingerprint"] == "known"
