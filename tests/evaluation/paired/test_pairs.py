from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, average_precision_score, f1_score

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, read_dataset
from isoglot.corpora.labelled import Task, label_pairs
from isoglot.errors import ConfigError, CorpusError, SearchError
from isoglot.evaluation import read_results
from isoglot.evaluation.paired.pairs import evaluate_pairs
from isoglot.evaluation.paired.scores import PairSentences, components, halves
from isoglot.evaluation.results import Results
from isoglot.retrieval.encode import Embeddings

LANGUAGES = ("de", "en", "fr")
Pairs = list[tuple[str, str, float]]


def corpus_of(
    num_groups: int,
    pairs: dict[str, Pairs],
    task: Task = "similarity",
    lacking: tuple[str, ...] = (),
    languages: tuple[str, ...] = LANGUAGES,
) -> ParallelCorpus:
    """Groups g0, g1, ... in some languages, with labelled pairs by split; some sentences may be lacking."""
    builder = CorpusBuilder(CorpusInfo("toy", symmetric=True))
    for number, language in product(range(num_groups), languages):
        name = f"g{number}.{language}"
        if name not in lacking:
            builder.add_sentence(name, f"g{number}", language, f"sentence {name}")
    corpus = builder.build()
    for split, labelled in pairs.items():
        corpus = label_pairs(corpus, split, task, labelled)
    return corpus


def vectors_by(corpus: ParallelCorpus, angle: Callable[[int, str], float]) -> Embeddings:
    """Vectors in the plane by number of the group and language; the cosine is that of the angle between."""
    ids = corpus.documents["doc_id"].to_pylist()
    parts = [name[1:].split(".") for name in ids]
    angles = np.array([angle(int(number), language) for number, language in parts])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    return Embeddings(ids, vectors, ids, vectors, name="plane")


def chained(num_pairs: int, labels: Callable[[int], float]) -> Pairs:
    """Pairs of groups 2 i and 2 i + 1, which share no sentence."""
    return [(f"g{2 * i}", f"g{2 * i + 1}", labels(i)) for i in range(num_pairs)]


def apart(similarity: Callable[[int, str], float]) -> Callable[[int, str], float]:
    """Angles at which the pair i of `chained` has a similarity, its second sentence being in a language."""

    def angle(number: int, language: str) -> float:
        return float(np.arccos(similarity(number // 2, language))) if number % 2 else 0.0

    return angle


def value(results: Results, setting: str, measure: str, first: str = "*", second: str = "*") -> float:
    (record,) = results.select(
        setting=setting, measure=measure, query_language=first, document_language=second
    )
    return record.value


def test_perfect_and_reversed_similarity_in_all_settings() -> None:
    corpus = corpus_of(20, {"test": chained(10, float)})
    good = evaluate_pairs(vectors_by(corpus, apart(lambda i, _: i / 10)), corpus, num_resamples=50)
    bad = evaluate_pairs(vectors_by(corpus, apart(lambda i, _: -i / 10)), corpus, num_resamples=50)
    for setting in ("monolingual", "cross_lingual", "multilingual"):
        assert value(good, setting, "spearman") == pytest.approx(1)
        assert value(bad, setting, "spearman") == pytest.approx(-1)
        assert value(good, setting, "pearson") == pytest.approx(1, abs=1e-6)
    assert value(good, "monolingual", "spearman_transfer_gap") == pytest.approx(0, abs=1e-9)
    by_language = good.select(measure="spearman", setting="cross_lingual")
    assert len(by_language) == 6 + 3 + 3 + 1
    assert {record.num_queries for record in by_language} == {10, 20, 60}
    assert all(-1 <= record.low <= record.high <= 1 for record in good.records if record.low is not None)
    assert good.config[0]["task"] == "similarity"
    assert {record.query_modality for record in good.records} == {"text"}


def test_scales_that_differ_by_language_show_in_the_pool_alone() -> None:
    corpus = corpus_of(40, {"test": chained(20, float)})
    shift = {"de": 0.0, "en": 0.4, "fr": -0.4}
    biased = evaluate_pairs(
        vectors_by(corpus, apart(lambda i, language: i / 50 + shift[language])), corpus, num_resamples=50
    )
    assert value(biased, "monolingual", "spearman") == pytest.approx(1)
    assert value(biased, "cross_lingual", "spearman") == pytest.approx(1)
    labels = np.tile(np.arange(20), 9)
    scores = np.concatenate([np.arange(20) / 50 + shift[b] for _, b in product(LANGUAGES, LANGUAGES)])
    wanted = stats.spearmanr(np.round(scores, 5), labels).statistic
    assert value(biased, "multilingual", "spearman") == pytest.approx(wanted, abs=1e-6)
    assert wanted < 0.6


def test_random_vectors_have_no_correlation_in_expectation() -> None:
    corpus = corpus_of(60, {"test": chained(30, float)})
    ids = corpus.documents["doc_id"].to_pylist()
    found = []
    for seed in range(40):
        vectors = np.random.default_rng(seed).normal(size=(len(ids), 8)).astype(np.float32)
        results = evaluate_pairs(Embeddings(ids, vectors, ids, vectors), corpus, num_resamples=2)
        found.append([value(results, setting, "spearman") for setting in ("monolingual", "multilingual")])
    assert np.abs(np.mean(found, axis=0)).max() < 4 / np.sqrt(40 * 30)


def test_each_direction_of_a_pair_of_languages_is_its_own() -> None:
    corpus = corpus_of(6, {"test": chained(3, float)}, languages=("de", "en"))

    def angle(number: int, language: str) -> float:
        place = {("en", 0): 0.0, ("de", 1): 1.0, ("en", 1): 1.5, ("de", 0): -1.0}[language, number % 2]
        sign = -1 if (language, number % 2) == ("de", 1) else 1
        return place + sign * (number // 2) / 10 * (number % 2)

    results = evaluate_pairs(vectors_by(corpus, angle), corpus, num_resamples=20)
    assert value(results, "cross_lingual", "spearman", "en", "de") == pytest.approx(1)
    assert value(results, "cross_lingual", "spearman", "de", "en") == pytest.approx(-1)
    assert value(results, "cross_lingual", "spearman", "de", "*") == pytest.approx(-1)
    assert value(results, "cross_lingual", "spearman", "*", "de") == pytest.approx(1)
    assert value(results, "cross_lingual", "spearman") == pytest.approx(0)


def classified(task: Task, labels: Callable[[int], float]) -> tuple[ParallelCorpus, Embeddings, np.ndarray]:
    """60 pairs in dev and 60 in test, with noisy similarities that are lower in French."""
    dev, test = chained(120, labels)[:60], chained(120, labels)[60:]
    corpus = corpus_of(240, {"dev": dev, "test": test}, task)
    rng = np.random.default_rng(0)
    noise = rng.normal(scale=0.25, size=(120, 3))
    positive = {"paraphrase": 1.0, "entailment": 0.0}[task]

    def similarity(i: int, language: str) -> float:
        signal = 0.3 * (labels(i) == positive) - 0.3 * (language == "fr")
        return float(np.clip(signal + noise[i, LANGUAGES.index(language)], -0.99, 0.99))

    table = np.array([[similarity(i, language) for language in LANGUAGES] for i in range(120)])
    return corpus, vectors_by(corpus, apart(similarity)), table


@pytest.mark.parametrize(("task", "classes"), [("paraphrase", 2), ("entailment", 3)])
def test_thresholds_of_the_source_language_serve_all(task: Task, classes: int) -> None:
    labels = np.array([i * 7 % 11 % classes for i in range(120)], float)
    corpus, vectors, table = classified(task, lambda i: float(labels[i]))
    results = evaluate_pairs(vectors, corpus, num_resamples=20)
    positive = labels == (1 if task == "paraphrase" else 0)
    thresholds = results.config[0]["thresholds"]
    english = table[:60, 1]
    candidates = np.append(english, 2.0)
    for measure, score in (("accuracy", accuracy_score), ("F1", f1_score)):
        best = max(score(positive[:60], english >= candidate) for candidate in candidates)
        assert score(positive[:60], english >= thresholds[measure]) == pytest.approx(best)
        for number, language in enumerate(LANGUAGES):
            wanted = score(positive[60:], table[60:, number] >= thresholds[measure])
            for first in LANGUAGES:
                setting = "monolingual" if first == language else "cross_lingual"
                assert value(results, setting, measure, first, language) == pytest.approx(wanted)
        pooled = score(np.tile(positive[60:], 9), np.tile(table[60:].T.ravel(), 3) >= thresholds[measure])
        assert value(results, "multilingual", measure) == pytest.approx(pooled)
    french = average_precision_score(positive[60:], table[60:, 2])
    assert value(results, "monolingual", "AP", "fr", "fr") == pytest.approx(french)
    assert value(results, "multilingual", "AP") < value(results, "monolingual", "AP")
    gap = value(results, "monolingual", "accuracy_transfer_gap")
    own = [value(results, "monolingual", "accuracy", language, language) for language in LANGUAGES]
    assert gap == pytest.approx(own[1] - (own[0] + own[2]) / 2)


def test_a_split_that_calibrates_and_is_measured_is_parted_by_sentences() -> None:
    corpus, vectors, _ = classified("paraphrase", lambda i: float(i % 2))
    results = evaluate_pairs(vectors, corpus, split="dev", num_resamples=20)
    config = results.config[0]
    assert config["parted"] is True
    assert (config["num_pairs"], config["num_calibration_pairs"]) == (30, 30)
    again = evaluate_pairs(vectors, corpus, split="dev", num_resamples=20)
    assert again.records == results.records
    other = evaluate_pairs(vectors, corpus, split="dev", num_resamples=20, seed=1)
    assert other.config[0]["thresholds"] != config["thresholds"]
    whole = evaluate_pairs(vectors, corpus, split="dev", measures=["AP"], num_resamples=20)
    assert (whole.config[0]["parted"], whole.config[0]["num_pairs"]) == (False, 60)
    assert {record.measure for record in whole.records} == {"AP", "AP_transfer_gap"}


def test_halves_share_no_sentence_even_where_duplicates_are_kept() -> None:
    builder = CorpusBuilder(CorpusInfo("toy", symmetric=True))
    for number in range(30):
        builder.add_sentence(f"p{number}", f"p{number}", "en", f"premise {number // 3}")
        builder.add_sentence(f"h{number}", f"h{number}", "en", f"hypothesis {number}")
    corpus = label_pairs(builder.build(), "dev", "entailment", [(f"p{n}", f"h{n}", n % 3) for n in range(30)])
    sentences = PairSentences.of(corpus, corpus.labelled["dev", "entailment"], ["en"])
    clusters = components(corpus, sentences)
    assert clusters.tolist() == [number // 3 for number in range(30)]
    chosen = halves(clusters, seed=0)
    assert chosen.sum() == 15
    assert not set(clusters[chosen]) & set(clusters[~chosen])
    with pytest.raises(CorpusError, match="cannot be parted, as all share sentences"):
        halves(np.zeros(5, np.int64), seed=0)


def test_a_pair_of_one_group_and_a_group_of_several_texts() -> None:
    builder = CorpusBuilder(CorpusInfo("toy", symmetric=True))
    for name, group in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")):
        for language in ("en", "de"):
            builder.add_sentence(f"{name}.{language}", group, language, f"{name} {language}")
    pairs = [("x", "x", 5.0), ("x", "y", 2.0), ("x", "z", 1.0), ("x", "y", 3.0)]
    corpus = label_pairs(builder.build(), "test", "similarity", pairs)
    ids = corpus.documents["doc_id"].to_pylist()
    plane = {"a": 0.0, "b": 2.0, "c": 0.5, "d": 1.0}
    angles = np.array([plane[name[0]] for name in ids])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    results = evaluate_pairs(Embeddings(ids, vectors, ids, vectors), corpus, num_resamples=20)
    wanted = stats.spearmanr([1, np.cos(0.5), np.cos(1), np.cos(0.5)], [5, 2, 1, 3]).statistic
    assert value(results, "monolingual", "spearman", "en", "en") == pytest.approx(wanted)
    assert value(results, "cross_lingual", "spearman") == pytest.approx(wanted)
    (record,) = results.select(setting="monolingual", measure="spearman", query_language="en")
    assert record.num_queries == 4


def test_missing_sentences_leave_out_pairs_and_pairs_of_languages() -> None:
    corpus = corpus_of(20, {"test": chained(10, float)}, lacking=("g1.de", "g4.fr"))
    vectors = vectors_by(corpus, apart(lambda i, _: i / 10))
    results = evaluate_pairs(vectors, corpus, num_resamples=20)
    counts = {
        (record.query_language, record.document_language): record.num_queries
        for record in results.select(measure="spearman", setting="cross_lingual")
    }
    assert (counts["en", "de"], counts["de", "en"], counts["fr", "en"], counts["fr", "de"]) == (9, 10, 9, 8)
    firsts_alone = tuple(f"g{2 * i + 1}.fr" for i in range(10))
    corpus = corpus_of(20, {"test": chained(10, float)}, lacking=firsts_alone)
    results = evaluate_pairs(vectors_by(corpus, apart(lambda i, _: i / 10)), corpus, num_resamples=20)
    left = results.config[0]["left_out"]
    assert [(pair["query_language"], pair["document_language"]) for pair in left] == [
        ("de", "fr"), ("en", "fr"), ("fr", "fr"),
    ]  # fmt: skip
    corpus = corpus_of(20, {"test": chained(10, float)}, lacking=tuple(f"g{n}.fr" for n in range(1, 20)))
    with pytest.raises(
        CorpusError, match="different labels have a sentence in fr; leave these languages out"
    ):
        evaluate_pairs(vectors_by(corpus, apart(lambda i, _: i / 10)), corpus, num_resamples=20)


def test_pairs_that_are_equally_similar_are_tied_whatever_the_order_of_sums() -> None:
    corpus = corpus_of(400, {"test": chained(200, lambda i: float(i % 2))}, "paraphrase", languages=("en",))
    ids = corpus.documents["doc_id"].to_pylist()
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(200, 96)), 2, axis=0).astype(np.float32)
    vectors[1::2] *= rng.uniform(0.5, 2, size=(200, 1)).astype(np.float32)
    order = [int(name[1:].split(".")[0]) for name in ids]
    model = Embeddings(ids, vectors[order], ids, vectors[order])
    results = evaluate_pairs(model, corpus, measures=["AP"], num_resamples=20)
    assert value(results, "monolingual", "AP", "en", "en") == 0.5


class Counting:
    """A model that notes what it encodes."""

    similarity_fn_name = "dot"

    def __init__(self) -> None:
        self.documents: list[str] = []
        self.queries: list[str] = []

    def _vectors(self, texts: list[str]) -> np.ndarray:
        numbers = np.array([float(text.split()[1][1:].split(".")[0]) for text in texts], np.float32)
        return np.stack([np.ones_like(numbers), numbers], axis=1)

    def encode_document(self, texts: list[str], **_: object) -> np.ndarray:
        self.documents += texts
        return self._vectors(texts)

    def encode_query(self, texts: list[str], **_: object) -> np.ndarray:
        self.queries += texts
        return self._vectors(texts)

    def __getitem__(self, _: int) -> object:
        return self


def test_each_sentence_is_encoded_once_as_a_document() -> None:
    pairs = [("g0", "g1", 0.0), ("g0", "g2", 1.0), ("g2", "g0", 1.0), ("g1", "g2", 3.0)]
    corpus = corpus_of(5, {"test": pairs})
    model = Counting()
    results = evaluate_pairs(model, corpus, languages=["en", "de"], num_resamples=20)
    assert sorted(model.documents) == [f"sentence g{n}.{tag}" for n in range(3) for tag in ("de", "en")]
    assert set(model.queries) <= {text.replace("fr", "en") for text in model.documents}
    assert len(model.queries) == 1
    dots = [1, 1, 1, 3]
    wanted = stats.spearmanr(dots, [0, 1, 1, 3]).statistic
    assert value(results, "monolingual", "spearman") == pytest.approx(wanted)


def probed() -> tuple[ParallelCorpus, Embeddings]:
    """Entailment that the sum of a pair's vectors tells, in English; German vectors are turned round."""
    rng = np.random.default_rng(0)
    labels = [int(n) for n in rng.integers(0, 3, 200)]
    pairs = chained(200, lambda i: labels[i])
    corpus = corpus_of(400, {"dev": pairs[:100], "test": pairs[100:]}, "entailment")
    ids = corpus.documents["doc_id"].to_pylist()
    centre = np.eye(3)[[labels[int(name[1:].split(".")[0]) // 2] for name in ids]]
    vectors = (3 * centre + rng.normal(size=(len(ids), 3))).astype(np.float32)
    german = np.array([name.endswith("de") for name in ids])
    vectors[german] = vectors[german][:, ::-1]
    return corpus, Embeddings(ids, vectors, ids, vectors, "dot")


def test_a_probe_learnt_in_english_serves_french_and_not_german() -> None:
    corpus, vectors = probed()
    results = evaluate_pairs(vectors, corpus, probe=True, num_resamples=50)
    assert value(results, "monolingual", "accuracy_probe", "en", "en") > 0.9
    assert value(results, "monolingual", "accuracy_probe", "fr", "fr") > 0.9
    assert value(results, "cross_lingual", "accuracy_probe", "en", "fr") > 0.9
    assert value(results, "monolingual", "accuracy_probe", "de", "de") < 0.6
    assert value(results, "monolingual", "macro_F1_probe", "en", "en") > 0.9
    probe = results.config[0]["probe"]
    assert (probe["split"], probe["num_pairs"]) == ("dev", 100)
    assert probe["cross_validated_accuracy"] > 0.8
    parted = evaluate_pairs(vectors, corpus, measures=["accuracy_probe"], probe_split="test", num_resamples=9)
    assert parted.config[0]["num_pairs"] + parted.config[0]["probe"]["num_pairs"] == 100
    assert "thresholds" not in parted.config[0]


def test_results_can_be_written_and_read(tmp_path: Path) -> None:
    corpus = corpus_of(20, {"test": chained(10, float)})
    results = evaluate_pairs(vectors_by(corpus, apart(lambda i, _: i / 10)), corpus, num_resamples=20)
    results.write(tmp_path)
    back = read_results(tmp_path)
    assert set(back.records) == set(results.records)
    assert back.config[0]["measures"] == ["spearman", "pearson"]


def expect_refusal(corpus: ParallelCorpus, error: type[Exception], match: str, **options: object) -> None:
    vectors = vectors_by(corpus, apart(lambda i, _: i / 1000))
    with pytest.raises(error, match=match):
        evaluate_pairs(vectors, corpus, **options)  # type: ignore[arg-type]


def test_what_cannot_be_measured_is_refused() -> None:
    graded = corpus_of(20, {"test": chained(10, float)})
    expect_refusal(graded, CorpusError, "split 'dev' of 'toy' has no labelled pairs", split="dev")
    expect_refusal(graded, CorpusError, "klingon|'tlh'", languages=["tlh"])
    expect_refusal(
        graded, ConfigError, r"unknown measure 'spearmn' .* did you mean 'spearman'", measures=["spearmn"]
    )
    expect_refusal(
        graded, ConfigError, "no measure given; name at least one of spearman, pearson", measures=[]
    )
    expect_refusal(graded, ConfigError, "probe must be False for similarity", probe=True)
    expect_refusal(graded, ConfigError, "num_resamples must be >= 1, got 0", num_resamples=0)
    alike = corpus_of(20, {"test": chained(10, lambda _: 3)})
    expect_refusal(alike, CorpusError, "the 10 labelled pairs of split 'test' of 'toy' all have the label 3")
    two = {"test": chained(10, lambda i: i % 2), "dev": chained(9, lambda i: i % 2)}
    pairs = corpus_of(20, two, "paraphrase")
    expect_refusal(pairs, CorpusError, "there are pairs in test", calibration_split="train")
    expect_refusal(pairs, CorpusError, "'it'", source_language="it")
    expect_refusal(pairs, CorpusError, "10 pairs of each class or more to learn from, got 5, 4", probe=True)
    same = corpus_of(20, two | {"dev": chained(9, lambda _: 1)}, "paraphrase")
    expect_refusal(same, CorpusError, "got 9 pairs with all labels alike; name another calibration_split")
    lacking = corpus_of(20, two, "paraphrase", lacking=tuple(f"g{2 * n}.en" for n in range(10)))
    expect_refusal(lacking, CorpusError, "no labelled pair of split 'dev' .* both sentences in 'en'")
    same_pair = [("g0", "g1", i % 2) for i in range(40)]
    few = corpus_of(40, {"test": chained(20, lambda i: i % 2), "dev": same_pair}, "paraphrase")
    expect_refusal(few, CorpusError, "10 clusters of pairs that share no sentence, got 1", probe=True)


def test_a_missing_vector_is_named() -> None:
    corpus = corpus_of(20, {"test": chained(10, float)})
    full = vectors_by(corpus, apart(lambda i, _: i / 10))
    part = Embeddings(full.query_ids, full.query_embeddings, full.doc_ids[:-1], full.document_embeddings[:-1])
    with pytest.raises(SearchError, match=r"no vector for document 'g19\.fr'"):
        evaluate_pairs(part, corpus)


def random_vectors(corpus: ParallelCorpus, groups: np.ndarray) -> Embeddings:
    """Vectors for the sentences of some groups."""
    mask = pa.array(np.isin(corpus.document_groups, groups))
    ids = pc.filter(corpus.documents["doc_id"], mask).to_pylist()
    vectors = np.random.default_rng(0).normal(size=(len(ids), 16)).astype(np.float32)
    return Embeddings(ids, vectors, ids, vectors)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "split", "count"), [("paws-x", "dev", 49), ("xnli", "dev", 225), ("stsb-multi-mt", "test", 121)]
)
def test_the_generalised_setting_has_all_ordered_pairs(
    name: str, split: str, count: int, shared_data: Path
) -> None:
    corpus = read_dataset(name, shared_data / name, splits=[split])
    ((_, pairs),) = corpus.labelled.items()
    vectors = random_vectors(corpus, np.union1d(pairs.first_groups, pairs.second_groups))
    results = evaluate_pairs(
        vectors, corpus, split=split, measures=["spearman" if name == "stsb-multi-mt" else "AP"]
    )
    cells = [
        record
        for record in results.records
        if "*" not in (record.query_language, record.document_language) and "_gap" not in record.measure
    ]
    assert len(cells) == count
    own = [record for record in cells if record.query_language == record.document_language]
    assert len(own) ** 2 == count
    assert all(record.setting == "monolingual" for record in own)
    if name != "paws-x":  # which lacks some translations
        assert {record.num_queries for record in cells} == {len(pairs)}
    (pool,) = results.select(setting="multilingual")
    assert pool.num_queries == sum(record.num_queries for record in cells)
    chance = 0.0 if name == "stsb-multi-mt" else {"paws-x": 863 / 2_000, "xnli": 1 / 3}[name]
    assert pool.value == pytest.approx(chance, abs=0.05)
