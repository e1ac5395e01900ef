"""Tatoeba accuracy and bitext mining against whole similarity matrices, and on published sentences."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora import read_dataset
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError, CorpusError, SearchError
from isoglot.evaluation.bitext.evaluator import evaluate_bitext
from isoglot.evaluation.per_query import KEY_COLUMNS
from isoglot.evaluation.trec import Run
from isoglot.retrieval import Embeddings

LANGUAGES = ("de", "en", "th")


def build_sentences(
    num_groups: int = 60, languages: tuple[str, ...] = LANGUAGES, num_alone: int = 0
) -> ParallelCorpus:
    """Sentences in the splits dev and test by turns; some have no translation."""
    builder = CorpusBuilder(CorpusInfo("sentences", symmetric=True))
    for group in range(num_groups):
        for language in languages:
            builder.add_sentence(f"s{group}.{language}", f"g{group}", language, f"{language}{group}")
        builder.judge_group("dev" if group % 2 else "test", f"g{group}")
    for number in range(num_alone):
        for language in languages:
            name = f"alone{number}.{language}"
            builder.add_sentence(name, name, language, f"{language} alone {number}")
            builder.judge_group("dev" if number % 2 else "test", name)
    return builder.build()


def embed_sentences(corpus: ParallelCorpus, *, noise: float = 1.0, seed: int = 0) -> Embeddings:
    """One vector per sentence, near to those of its group."""
    rng = np.random.default_rng(seed)
    meanings = rng.standard_normal((corpus.num_groups, 16))
    vectors = meanings[corpus.query_groups] + noise * rng.standard_normal((corpus.queries.num_rows, 16))
    ids = corpus.queries["query_id"].to_pylist()
    of_id = dict(zip(ids, vectors.astype(np.float32), strict=True))
    doc_ids = corpus.documents["doc_id"].to_pylist()
    return Embeddings(ids, vectors.astype(np.float32), doc_ids, np.stack([of_id[name] for name in doc_ids]))


class Matrix:
    """Similarities of the sentences of two languages in a split, and which translate each other."""

    def __init__(self, corpus, vectors, split, query_language, document_language):
        groups = corpus.splits[split].groups
        tags = np.array(corpus.queries["language"].to_pylist())
        codes = corpus.query_groups
        sides = [
            np.flatnonzero((tags == tag) & np.isin(codes, groups))
            for tag in (query_language, document_language)
        ]
        unit = vectors.query_embeddings / np.linalg.norm(vectors.query_embeddings, axis=1, keepdims=True)
        self.similarities = unit[sides[0]] @ unit[sides[1]].T
        self.right = codes[sides[0]][:, None] == codes[sides[1]][None, :]

    def margins(self, k):
        near = np.sort(self.similarities, axis=1)[:, ::-1][:, :k].mean(axis=1)
        near_there = np.sort(self.similarities, axis=0)[::-1][:k].mean(axis=0)
        return self.similarities / ((near[:, None] + near_there[None, :]) / 2)

    def best_of_nearest(self, k):
        """(n,) best candidate by margin among the k nearest, and its margin."""
        margins = self.margins(k)
        cut = np.sort(self.similarities, axis=1)[:, -k][:, None]
        margins = np.where(self.similarities >= cut, margins, -np.inf)
        return margins.argmax(axis=1), margins.max(axis=1)

    def hits(self, columns):
        return self.right[np.arange(len(columns)), columns]


@pytest.fixture(scope="module")
def sentences():
    return build_sentences(num_alone=40)


@pytest.fixture(scope="module")
def vectors(sentences):
    return embed_sentences(sentences)


def test_accuracies_are_those_of_the_whole_matrix():
    corpus = build_sentences()
    vectors = embed_sentences(corpus)
    results = evaluate_bitext(vectors, corpus, pivot=None, num_resamples=10)
    for query in LANGUAGES:
        for document in set(LANGUAGES) - {query}:
            matrix = Matrix(corpus, vectors, "test", query, document)
            nearest = matrix.similarities.argmax(axis=1)
            wanted = {"query_language": query, "document_language": document}
            found = results.value("cross_lingual", "tatoeba_accuracy", **wanted)
            assert 0 < found < 1
            assert found == pytest.approx(matrix.hits(nearest).mean())
            found = results.value("cross_lingual", "margin_accuracy", **wanted)
            assert found == pytest.approx(matrix.hits(matrix.best_of_nearest(4)[0]).mean())


def test_sentences_without_translation_do_not_count_for_accuracy(sentences, vectors):
    """Tatoeba: a pair of languages has its own lines, whatever else a corpus holds."""
    results = evaluate_bitext(vectors, sentences, num_resamples=10)
    matrix = Matrix(sentences, vectors, "test", "de", "en")
    aligned = matrix.right.any(axis=1)
    small = matrix.similarities[np.ix_(aligned, matrix.right.any(axis=0))]
    record = results.select(query_language="de", document_language="en", measure="tatoeba_accuracy")[0]
    assert record.num_queries == 30 == aligned.sum() < len(aligned)
    assert record.value == pytest.approx((small.argmax(axis=1) == np.arange(30)).mean())


def test_random_vectors_find_one_translation_in_n(sentences):
    corpus = build_sentences(2_000, ("de", "en"))
    results = evaluate_bitext(embed_sentences(corpus, noise=1e6), corpus, num_resamples=10)
    # Two hits are expected of 1,000 sentences each way.
    assert results.value("cross_lingual", "tatoeba_accuracy") <= 5 / 1_000
    few = build_sentences(8, ("de", "en"))
    found = [
        evaluate_bitext(embed_sentences(few, noise=1e6, seed=seed), few, num_resamples=2).value(
            "cross_lingual", "tatoeba_accuracy"
        )
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(1 / 4, abs=0.06)


def test_mining_takes_pairs_from_the_threshold_of_the_other_split_on(sentences, vectors):
    results = evaluate_bitext(
        vectors, sentences, calibration_split="dev", pairing="forward", num_resamples=10
    )
    dev, test = (Matrix(sentences, vectors, split, "th", "en") for split in ("dev", "test"))
    columns, margins = dev.best_of_nearest(4)
    right, num_relevant = dev.hits(columns), dev.right.sum()
    by_cut = {
        cut: 2 * right[margins >= cut].sum() / ((margins >= cut).sum() + num_relevant) for cut in margins
    }
    threshold = {
        (row["query_language"], row["document_language"]): row["threshold"]
        for row in results.config[0]["thresholds"]
    }["th", "en"]
    assert by_cut[margins[margins >= threshold].min()] == pytest.approx(max(by_cut.values()))
    columns, margins = test.best_of_nearest(4)
    taken = margins >= threshold
    hits = test.hits(columns)[taken].sum()
    assert 0 < hits < taken.sum() < len(taken)
    expected = {
        "mining_precision": hits / taken.sum(),
        "mining_recall": hits / 30,
        "mining_F1": 2 * hits / (taken.sum() + 30),
    }
    for measure, value in expected.items():
        record = results.select(measure=measure, query_language="th", document_language="en")[0]
        assert record.value == pytest.approx(value)
        assert record.num_queries == 50


@pytest.mark.parametrize("pairing", ["forward", "mutual", "max"])
def test_the_oracle_is_there_if_asked_for_and_is_never_worse(sentences, vectors, pairing):
    results = evaluate_bitext(
        vectors, sentences, calibration_split="dev", pairing=pairing, oracle=True, num_resamples=10
    )
    calibrated = results.select(measure="mining_F1")
    for record in calibrated:
        wanted = {"query_language": record.query_language, "document_language": record.document_language}
        assert results.value("cross_lingual", "mining_F1_oracle", **wanted) >= record.value - 1e-9
    assert len(calibrated) == 4 + 3 + 3 + 1
    alone = evaluate_bitext(vectors, sentences, oracle=True, num_resamples=10)
    assert {r.measure for r in alone.records} == {"tatoeba_accuracy", "margin_accuracy", "mining_F1_oracle"}
    without = evaluate_bitext(vectors, sentences, num_resamples=10)
    assert {r.measure for r in without.records} == {"tatoeba_accuracy", "margin_accuracy"}


def test_means_stand_beside_what_they_are_means_of(sentences, vectors):
    results = evaluate_bitext(vectors, sentences, num_resamples=10)
    values = {(r.query_language, r.document_language): r for r in results.select(measure="tatoeba_accuracy")}
    pairs = {("de", "en"), ("en", "de"), ("th", "en"), ("en", "th")}
    # Towards the pivot is what XTREME reports. A mean over one pair is that pair's value.
    assert set(values) >= pairs | {("*", "en"), ("en", "*"), ("*", "*")}
    towards = [values["de", "en"].value, values["th", "en"].value]
    assert values["*", "en"].value == pytest.approx(np.mean(towards))
    assert values["*", "*"].value == pytest.approx(np.mean([values[pair].value for pair in pairs]))
    assert values["*", "*"].num_queries == 120
    assert {r.setting for r in results.records} == {"cross_lingual"}


def test_intervals_are_of_groups_and_hold_the_value(sentences, vectors):
    results = evaluate_bitext(vectors, sentences, calibration_split="dev", seed=1)
    for record in results.records:
        assert 0 <= record.low <= record.value <= record.high <= 1
    accuracy = results.select(measure="tatoeba_accuracy", query_language="de")[0]
    spread = 2 * 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / accuracy.num_queries)
    assert accuracy.high - accuracy.low == pytest.approx(spread, rel=0.25)


def test_hits_are_kept_sentence_by_sentence(sentences, vectors):
    results = evaluate_bitext(vectors, sentences, num_resamples=10)
    table = results.per_query
    assert table.column_names == [*KEY_COLUMNS, "tatoeba_accuracy", "margin_accuracy"]
    rows = [row for row in table.to_pylist() if row["query_language"] == "de"]
    assert {row["document_language"] for row in rows} == {"en"}
    assert len(rows) == 30
    mean = np.mean([row["tatoeba_accuracy"] for row in rows])
    assert mean == pytest.approx(results.select(query_language="de", document_language="en")[0].value)


def test_sides_of_a_pair_are_encoded_as_query_and_as_document(sentences, vectors):
    rolled = Embeddings(
        vectors.query_ids, vectors.query_embeddings, vectors.doc_ids, -vectors.document_embeddings
    )
    assert evaluate_bitext(rolled, sentences, num_resamples=2).value("cross_lingual", "tatoeba_accuracy") == 0


def test_a_group_with_several_sentences_is_found_by_any_of_them():
    builder = CorpusBuilder(CorpusInfo("several", symmetric=True))
    for name, language in (("a1", "de"), ("a2", "en"), ("a3", "en"), ("b1", "de"), ("b2", "en")):
        builder.add_sentence(name, name[0], language, name)
    builder.judge_group("test", "a")
    builder.judge_group("test", "b")
    ids = ["a1", "a2", "a3", "b1", "b2"]
    points = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0.1], [0, 0, 1], [1, 1, 0]], np.float32)
    results = evaluate_bitext(Embeddings(ids, points, ids, points), builder.build(), num_resamples=5)
    values = {
        (r.query_language, r.document_language): (r.value, r.num_queries)
        for r in results.select(measure="tatoeba_accuracy")
    }
    assert values["de", "en"] == (0.5, 2)
    assert values["en", "de"] == (pytest.approx(1 / 3), 3)


def test_ties_go_to_the_last_id():
    builder = CorpusBuilder(CorpusInfo("ties", symmetric=True))
    for group in "ab":
        for language in ("de", "en"):
            builder.add_sentence(f"{group}.{language}", group, language, f"{group} {language}")
        builder.judge_group("test", group)
    corpus = builder.build()
    ids = corpus.queries["query_id"].to_pylist()
    same = np.ones((4, 2), np.float32)
    table = evaluate_bitext(Embeddings(ids, same, ids, same), corpus, num_resamples=5).per_query.to_pylist()
    assert {row["query_id"]: row["tatoeba_accuracy"] for row in table} == {
        "a.de": 0,
        "a.en": 0,
        "b.de": 1,
        "b.en": 1,
    }


def test_pairs_that_share_no_group_are_left_out_and_named():
    builder = CorpusBuilder(CorpusInfo("apart", symmetric=True))
    for group, languages in (("a", ("de", "en")), ("b", ("fr", "en")), ("c", ("de", "en"))):
        for language in languages:
            builder.add_sentence(f"{group}.{language}", group, language, f"{group} {language}")
        builder.judge_group("dev" if group == "c" else "test", group)
    corpus = builder.build()
    vectors = embed_sentences(corpus)
    results = evaluate_bitext(vectors, corpus, pivot=None, calibration_split="dev", num_resamples=5)
    assert results.config[0]["left_out"] == [
        {"query_language": "de", "document_language": "fr"},
        {"query_language": "fr", "document_language": "de"},
    ]
    assert {r.query_language for r in results.select(measure="mining_F1")} == {"de", "en", "*"}
    with pytest.raises(CorpusError, match=r"no translation between two of de, fr, one of them 'fr'"):
        evaluate_bitext(vectors, corpus, languages=["de"], pivot="fr")


def test_languages_and_pivot_choose_the_pairs(sentences, vectors):
    results = evaluate_bitext(vectors, sentences, languages=["de"], pivot="th", num_resamples=5)
    assert {(r.query_language, r.document_language) for r in results.records} >= {("de", "th"), ("th", "de")}
    assert "en" not in {r.query_language for r in results.records}
    assert results.config[0]["languages"] == ["de", "th"]
    assert results.config[0]["num_queries"] == 100
    with pytest.raises(CorpusError, match="no text in language 'fr'"):
        evaluate_bitext(vectors, sentences, pivot="fr")


def test_all_wrong_options_are_reported_at_once(sentences, vectors):
    with pytest.raises(ConfigError, match=r"(?s)margin must be .*'cosine'.*pairing.*neighbours must be >= 1"):
        evaluate_bitext(vectors, sentences, margin="cosine", pairing="both", neighbours=0)
    with pytest.raises(ConfigError, match="'test', which is measured; choose thresholds on another split"):
        evaluate_bitext(vectors, sentences, calibration_split="test")
    with pytest.raises(CorpusError, match="no split 'train'"):
        evaluate_bitext(vectors, sentences, split="train")


def test_a_corpus_of_questions_and_answers_is_no_bitext(tiny, vectors):
    with pytest.raises(CorpusError, match="'tiny' is no corpus of parallel sentences"):
        evaluate_bitext(vectors, tiny)


def test_a_run_is_refused_and_a_missing_vector_named(sentences, vectors):
    with pytest.raises(SearchError, match="a run has no vectors"):
        evaluate_bitext(Run.from_scores({"q": {"d": 1.0}}), sentences)
    short = Embeddings(
        vectors.query_ids[1:], vectors.query_embeddings[1:], vectors.doc_ids, vectors.document_embeddings
    )
    with pytest.raises(SearchError, match=f"no vector for query '{vectors.query_ids[0]}'"):
        evaluate_bitext(short, sentences)


def test_vectors_are_read_from_a_file_and_named(sentences, vectors, tmp_path):
    vectors.write(tmp_path / "mine.npz")
    results = evaluate_bitext(tmp_path / "mine.npz", sentences, num_resamples=5)
    assert results.models == ("mine",)
    assert evaluate_bitext(vectors, sentences, name="other", num_resamples=5).models == ("other",)
    results.write(tmp_path / "out")
    assert (tmp_path / "out" / "results.json").is_file()


def test_importing_it_does_not_import_torch():
    code = "import sys, isoglot.evaluation.bitext.evaluator; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _trigrams(texts: list[str], width: int = 512) -> np.ndarray:
    """Counts of characters in threes, hashed: enough to find names and loan words."""
    vectors = np.zeros((len(texts), width), np.float32)
    for row, text in enumerate(texts):
        padded = f" {text.lower()} "
        for start in range(len(padded) - 2):
            vectors[
                row, sum(ord(c) * p for c, p in zip(padded[start:], (1, 31, 961), strict=False)) % width
            ] += 1
    return vectors


def test_tatoeba_as_published_line_by_line(shared_data: Path) -> None:
    """LASER's protocol: the 1,000 lines of a pair with their own English side."""
    folder = shared_data / "tatoeba-laser"
    corpus = read_dataset("tatoeba", folder, languages=["de", "en"], duplicates="keep")
    with tarfile.open(folder / "tatoeba-v1.tar.xz") as archive:
        lines = {
            side: io.TextIOWrapper(archive.extractfile(name), "utf-8").read().rstrip("\n").split("\n")
            for name in archive.getnames()
            for side in ("deu", "eng")
            if name.endswith(f"tatoeba.deu-eng.{side}")
        }
    german, english = (_trigrams([line.strip() for line in lines[side]]) for side in ("deu", "eng"))
    for side in (german, english):
        side /= np.linalg.norm(side, axis=1, keepdims=True)
    similarities = german @ english.T
    expected = (similarities.argmax(axis=1) == np.arange(1_000)).mean()
    is_german = np.array(corpus.queries["language"].to_pylist()) == "de"
    pair = corpus.select_groups(np.unique(corpus.query_groups[is_german]))
    texts = _trigrams(pair.query_texts(np.arange(pair.queries.num_rows, dtype=np.int32)))
    ids = pair.queries["query_id"].to_pylist()
    results = evaluate_bitext(Embeddings(ids, texts, ids, texts), pair, num_resamples=10)
    record = results.select(query_language="de", document_language="en", measure="tatoeba_accuracy")[0]
    assert record.num_queries == 1_000
    assert record.value == pytest.approx(expected, abs=0.003)  # Ties go by id here, by line there.
    assert 0.05 < record.value < 0.6
