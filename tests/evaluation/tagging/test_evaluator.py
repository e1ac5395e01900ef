"""Tagging in three languages: texts that hold words, tags that are those words."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import build_static_encoder
from isoglot.errors import ConfigError, CorpusError, SearchError
from isoglot.evaluation.per_query import KEY_COLUMNS
from isoglot.evaluation.tagging.evaluator import evaluate_tagging
from isoglot.evaluation.trec import Run
from isoglot.retrieval import Embeddings

LANGUAGES = ("de", "en", "th")
NUM_TAGS = 6
SIZES = {"train": 60, "dev": 60, "test": 90}


def build_tagged(
    sizes: dict[str, int] = SIZES, *, languages: tuple[str, ...] = LANGUAGES, num_tags: int = NUM_TAGS
) -> ParallelCorpus:
    """Texts of four words out of 40; the words 0, 1, 2, ... are tags. Items are translated word by word."""
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("tagged"))
    for tag in range(num_tags):
        for language in languages:
            builder.add_document(f"t{tag}.{language}", f"tag{tag}", language, f"{language}{tag}")
    for split, size in sizes.items():
        for number in range(size):
            words = rng.choice(40, 4, replace=False).tolist()
            words[0] = rng.integers(0, num_tags + 2)  # Mostly a tag.
            for language in languages:
                query_id = f"{split}{number}.{language}"
                text = " ".join(f"{language}{word}" for word in words)
                builder.add_query(query_id, f"{split}{number}", language, text)
                for tag in range(num_tags):
                    builder.judge(split, query_id, f"t{tag}.{language}", int(tag in words))
    return builder.build()


def embed_words(
    corpus: ParallelCorpus, *, noise: float = 0.4, pull: float = 0.0, seed: int = 0
) -> Embeddings:
    """A text is the sum of its words' vectors, which translations share; `pull` adds a part by language."""
    rng = np.random.default_rng(seed)
    words = rng.standard_normal((50, 12))
    of_language = {language: rng.standard_normal(12) for language in LANGUAGES}

    def embed(table):
        rows = []
        for text in table["text"].to_pylist():
            numbers = [int("".join(c for c in word if c.isdigit())) for word in text.split()]
            language = text[:2]
            rows.append(words[numbers].mean(axis=0) + pull * of_language[language])
        return (np.array(rows) + noise * rng.standard_normal((len(rows), 12))).astype(np.float32)

    return Embeddings(
        corpus.queries["query_id"].to_pylist(),
        embed(corpus.queries),
        corpus.documents["doc_id"].to_pylist(),
        embed(corpus.documents),
    )


class Direct:
    """Scores and labels of a split, item language and tag language, from ids alone."""

    def __init__(self, corpus, vectors, split, item_language, tag_language=None):
        names = corpus.queries["query_id"].to_pylist()
        items = [name for name in names if name.startswith(split) and name.endswith(f".{item_language}")]
        texts = dict(zip(names, corpus.queries["text"].to_pylist(), strict=True))
        self.labels = np.array(
            [[f"{item_language}{tag}" in texts[name].split() for tag in range(NUM_TAGS)] for name in items]
        )
        query = dict(zip(vectors.query_ids, self._unit(vectors.query_embeddings), strict=True))
        document = dict(zip(vectors.doc_ids, self._unit(vectors.document_embeddings), strict=True))
        self.items = np.stack([query[name] for name in items])
        if tag_language:
            tags = np.stack([document[f"t{tag}.{tag_language}"] for tag in range(NUM_TAGS)])
            self.scores = self.items @ tags.T

    @staticmethod
    def _unit(vectors):
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def best_threshold(self):
        cuts = np.unique(self.scores)
        values = [
            f1_score(self.labels, self.scores >= cut, average="micro", zero_division=0.0) for cut in cuts
        ]
        return cuts[int(np.argmax(values))], max(values)


@pytest.fixture(scope="module")
def tagged():
    return build_tagged()


@pytest.fixture(scope="module")
def vectors(tagged):
    return embed_words(tagged, pull=0.3)


@pytest.fixture(scope="module")
def results(tagged, vectors):
    return evaluate_tagging(vectors, tagged, num_resamples=50)


def _value(results, measure, item_language, tag_language):
    setting = "monolingual" if item_language == tag_language != "*" else "cross_lingual"
    found = results.select(
        setting=setting, measure=measure, query_language=item_language, document_language=tag_language
    )
    assert len(found) == 1
    return found[0].value


def test_zero_shot_values_are_those_of_scikit_learn(tagged, vectors, results):
    threshold = results.config[0]["threshold"]
    for item_language in LANGUAGES:
        for tag_language in LANGUAGES:
            direct = Direct(tagged, vectors, "test", item_language, tag_language)
            by_tag = [
                average_precision_score(direct.labels[:, t], direct.scores[:, t]) for t in range(NUM_TAGS)
            ]
            found = _value(results, "mAP", item_language, tag_language)
            assert found == pytest.approx(np.mean(by_tag), abs=1e-6)
            has_tag = direct.labels.any(axis=1)
            by_item = [
                average_precision_score(direct.labels[i], direct.scores[i]) for i in np.flatnonzero(has_tag)
            ]
            found = _value(results, "AP", item_language, tag_language)
            assert found == pytest.approx(np.mean(by_item), abs=1e-6)
            for average in ("micro", "macro"):
                expected = f1_score(
                    direct.labels, direct.scores >= threshold, average=average, zero_division=0.0
                )
                assert _value(results, f"{average}_F1", item_language, tag_language) == pytest.approx(
                    expected
                )


def test_the_threshold_is_the_source_language_s_best_on_the_calibration_split(tagged, vectors, results):
    direct = Direct(tagged, vectors, "dev", "en", "en")
    _, best = direct.best_threshold()
    taken = direct.scores >= results.config[0]["threshold"]
    assert f1_score(direct.labels, taken, average="micro") == pytest.approx(best)
    german = evaluate_tagging(vectors, tagged, source_language="de", probe=False, num_resamples=2)
    assert german.config[0]["threshold"] != results.config[0]["threshold"]


def test_the_probe_is_that_of_scikit_learn_on_the_source_language(tagged, vectors, results):
    train, dev = (Direct(tagged, vectors, split, "en") for split in ("train", "dev"))
    scale = 1 / np.sqrt(np.mean(train.items.astype(np.float64) ** 2))
    fitted = [
        LogisticRegression(max_iter=1_000).fit(scale * train.items.astype(np.float64), train.labels[:, tag])
        for tag in range(NUM_TAGS)
    ]

    def log_odds(direct):
        vectors = scale * direct.items.astype(np.float64)
        return np.stack([probe.decision_function(vectors) for probe in fitted], axis=1)

    dev.scores, threshold = log_odds(dev), results.config[0]["probe_threshold"]
    decided = f1_score(dev.labels, dev.scores >= threshold, average="micro")
    assert decided == pytest.approx(dev.best_threshold()[1])
    for language in LANGUAGES:
        test = Direct(tagged, vectors, "test", language)
        scores = log_odds(test)
        expected = np.mean(
            [average_precision_score(test.labels[:, t], scores[:, t]) for t in range(NUM_TAGS)]
        )
        assert _value(results, "mAP_probe", language, "en") == pytest.approx(expected, abs=1e-6)
        for average in ("micro", "macro"):
            expected = f1_score(test.labels, scores >= threshold, average=average, zero_division=0.0)
            assert _value(results, f"{average}_F1_probe", language, "en") == pytest.approx(expected, abs=1e-6)
    assert results.config[0]["probe_split"] == "train"


def test_a_probe_trained_on_the_calibration_split_decides_at_even_odds(vectors):
    corpus = build_tagged({"dev": 60, "test": 90})
    results = evaluate_tagging(embed_words(corpus), corpus, num_resamples=2)
    assert results.config[0]["probe_split"] == "dev"
    assert results.config[0]["probe_threshold"] == 0
    assert _value(results, "mAP_probe", "en", "en") > 0.4


def test_a_pull_of_the_language_costs_f1_in_other_languages(tagged):
    fair = evaluate_tagging(embed_words(tagged, noise=0.1), tagged, probe=False, num_resamples=2)
    pulled = evaluate_tagging(embed_words(tagged, noise=0.1, pull=1.0), tagged, probe=False, num_resamples=2)
    assert fair.value("cross_lingual", "micro_F1") > 0.5
    assert pulled.value("cross_lingual", "micro_F1") < fair.value("cross_lingual", "micro_F1") - 0.2


def test_random_vectors_have_a_map_of_about_the_prevalence():
    corpus = build_tagged({"dev": 10, "test": 1_500}, languages=("en",))
    results = evaluate_tagging(embed_words(corpus, noise=1e4), corpus, probe=False, num_resamples=2)
    labels = Direct(corpus, embed_words(corpus), "test", "en").labels
    assert results.value("monolingual", "mAP") == pytest.approx(labels.mean(), abs=0.02)


def test_records_have_settings_means_counts_and_intervals(results):
    assert {record.measure for record in results.records} == {
        "mAP",
        "AP",
        "micro_F1",
        "macro_F1",
        "mAP_probe",
        "micro_F1_probe",
        "macro_F1_probe",
    }
    own = [_value(results, "mAP", language, language) for language in LANGUAGES]
    assert results.value("monolingual", "mAP") == pytest.approx(np.mean(own))
    crossed = [_value(results, "mAP", a, b) for a in LANGUAGES for b in LANGUAGES if a != b]
    assert results.value("cross_lingual", "mAP") == pytest.approx(np.mean(crossed))
    row = [_value(results, "mAP", "en", other) for other in ("de", "th")]
    assert _value(results, "mAP", "en", "*") == pytest.approx(np.mean(row))
    probed = [_value(results, "micro_F1_probe", other, "en") for other in ("de", "th")]
    assert results.value("cross_lingual", "micro_F1_probe") == pytest.approx(np.mean(probed))
    assert {r.num_queries for r in results.select(measure="mAP", setting="monolingual")} == {90, 270}
    for record in results.records:
        assert 0 <= record.low <= record.value <= record.high <= 1
        assert (record.query_modality, record.document_modality) == ("text", "text")


def test_intervals_take_translations_of_an_item_together(tagged, vectors, results):
    """In the mean over languages, 90 items are 90 items and not 270."""
    mean = results.select(setting="monolingual", measure="AP", query_language="*")[0]
    one = results.select(setting="monolingual", measure="AP", query_language="en")[0]
    assert mean.high - mean.low > (one.high - one.low) / np.sqrt(3) * 1.05


def test_average_precision_is_kept_item_by_item(results):
    assert results.per_query.column_names == [*KEY_COLUMNS, "AP"]
    rows = results.per_query.to_pylist()
    assert len(rows) == 3 * 270
    english = [
        row["AP"]
        for row in rows
        if row["query_language"] == row["document_language"] == "en" and row["AP"] is not None
    ]
    assert np.mean(english) == pytest.approx(_value(results, "AP", "en", "en"))
    assert results.config[0]["items_without_tag"][0]["num_queries"] == 90 - len(english) > 0


def test_a_threshold_for_each_tag_leaves_unseen_tags_the_global_one():
    builder = CorpusBuilder(CorpusInfo("rare"))
    for tag in range(3):
        builder.add_document(f"t{tag}", f"tag{tag}", "en", f"en{tag}")
    for split, tags in {"dev": (0, 1, 0, 1), "test": (0, 1, 2)}.items():
        for number, tag in enumerate(tags):
            query_id = f"{split}{number}"
            builder.add_query(query_id, query_id, "en", f"en{tag}")
            builder.judge(split, query_id, f"t{tag}")
    corpus = builder.build()
    angles = {"dev0": (1, 0.9, 0), "dev1": (0.2, 0.4, 0), "dev2": (1, 0.7, 0), "dev3": (0.3, 0.5, 0)}
    angles |= {"test0": (1, 0.9, 0), "test1": (0.4, 0.45, 0), "test2": (0, 0, 1)}
    vectors = Embeddings(
        list(angles),
        np.array(list(angles.values()), np.float32),
        ["t0", "t1", "t2"],
        np.eye(3, dtype=np.float32),
        similarity="dot",
    )
    by_tag = evaluate_tagging(vectors, corpus, thresholds="per_tag", probe=False, num_resamples=5)
    config = by_tag.config[0]
    # Tag 0 is told from 0.3 up to 1. Tag 1 takes 0.9, 0.7, 0.5 and 0.4 for its two items: F1 is 2/3.
    assert config["tag_thresholds"] == {
        "tag0": pytest.approx(0.65),
        "tag1": pytest.approx(0.4),
        "tag2": pytest.approx(config["threshold"]),
    }
    assert by_tag.value("monolingual", "mAP") == pytest.approx((1 + 1 / 2 + 1) / 3)
    single = evaluate_tagging(vectors, corpus, probe=False, num_resamples=5)
    assert "tag_thresholds" not in single.config[0]
    assert single.value("monolingual", "micro_F1") != by_tag.value("monolingual", "micro_F1")


def _name_tags(*names: str) -> CorpusBuilder:
    """Tags from names such as `a.en`, of group `a`; a second name in a language is `a.en.2`."""
    builder = CorpusBuilder(CorpusInfo("small"))
    for name in names:
        group, language, *_ = name.split(".")
        builder.add_document(name, group or None, language, name)
    return builder


def test_tags_without_item_and_without_name_are_left_out_and_counted():
    builder = _name_tags("a.en", "b.en", "c.en", "a.de", "b.de")
    for split in ("dev", "test"):
        for number, tag in enumerate(("a", "b", "a", None)):
            query_id = f"{split}{number}"
            builder.add_query(query_id, query_id, "en", query_id)
            builder.judge(split, query_id, f"{tag or 'c'}.en", 1 if tag else 0)
    corpus = builder.build()
    ids = corpus.queries["query_id"].to_pylist()
    doc_ids = corpus.documents["doc_id"].to_pylist()
    points = {"a": (1, 0, 0), "b": (0, 1, 0), "c": (0, 0, 1)}
    items = {"0": (1, 0, 0), "1": (0, 1, 0), "2": (0.9, 0.1, 0), "3": (0, 0, 1)}
    vectors = Embeddings(
        ids,
        np.array([items[name[-1]] for name in ids], np.float32),
        doc_ids,
        np.array([points[name[0]] for name in doc_ids], np.float32),
    )
    results = evaluate_tagging(vectors, corpus, num_resamples=20)
    config = results.config[0]
    assert config["tags_without_item"] == [{"query_language": "en", "document_language": "en", "num_tags": 1}]
    assert config["tags_without_name"] == [{"document_language": "de", "num_tags": 1}]
    assert config["items_without_tag"] == [{"query_language": "en", "num_queries": 1}]
    assert _value(results, "mAP", "en", "en") == 1
    # The item without a tag looks like tag c, which it has not: a false alarm where c has a name.
    assert _value(results, "micro_F1", "en", "en") == pytest.approx(2 * 3 / (4 + 3))
    assert _value(results, "micro_F1", "en", "de") == 1
    assert results.select(measure="AP", document_language="en", setting="monolingual")[0].num_queries == 3


def test_judgements_by_group_give_each_item_the_tag_of_its_group():
    builder = CorpusBuilder(CorpusInfo("grouped"))
    for tag in range(3):
        for language in ("de", "en"):
            builder.add_document(f"t{tag}.{language}", f"g{tag}", language, f"{language}{tag}")
        for split in ("dev", "test"):
            builder.add_query(f"{split}{tag}", f"g{tag}", "en", f"en{tag}")
            builder.judge(split, f"{split}{tag}", f"t{tag}.de")
    corpus = builder.build()
    vectors = embed_words(corpus, noise=0.0)
    results = evaluate_tagging(vectors, corpus, probe=False, num_resamples=5)
    # Judged with the German name only; the English one names the same tag.
    assert _value(results, "mAP", "en", "en") == _value(results, "micro_F1", "en", "de") == 1


def test_pictures_have_no_language_and_are_tagged_in_each():
    corpus = build_tagged(languages=("de", "en"))
    vectors = embed_words(corpus)
    queries = corpus.queries
    none = pa.array([None] * queries.num_rows, queries.schema.field("language").type)
    at = queries.column_names.index("language")
    corpus = replace(corpus, queries=queries.set_column(at, "language", none))
    results = evaluate_tagging(vectors, corpus, num_resamples=5)
    assert {(r.query_language, r.document_language) for r in results.select(measure="mAP")} == {
        ("*", "de"),
        ("*", "en"),
        ("*", "*"),
    }
    assert {r.setting for r in results.records} == {"cross_lingual"}
    assert [(r.query_language, r.document_language) for r in results.select(measure="mAP_probe")] == [
        ("*", "*")
    ]


def test_languages_choose_items_and_names_and_the_source_stays_the_source(tagged, vectors, results):
    part = evaluate_tagging(vectors, tagged, languages=["de", "th"], num_resamples=2)
    assert part.config[0]["threshold"] == results.config[0]["threshold"]
    assert part.config[0]["languages"] == ["de", "th"]
    pairs = {(r.query_language, r.document_language) for r in part.select(measure="mAP")} - {("*", "*")}
    assert {pair for pair in pairs if "*" not in pair} == {(a, b) for a in ("de", "th") for b in ("de", "th")}
    assert _value(part, "mAP", "de", "th") == _value(results, "mAP", "de", "th")


def test_a_model_tags_by_its_own_encoding(tagged):
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = [f"{language}{number}" for language in LANGUAGES for number in range(50)]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(["?", *words])}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    model = build_static_encoder(tokenizer, 64)
    results = evaluate_tagging(model, tagged, name="words", num_resamples=2)
    # Words have random vectors: a text is near to its own words, and knows no translation.
    assert results.models == ("words",)
    assert results.value("monolingual", "mAP") > 0.9
    assert results.value("cross_lingual", "mAP") < 0.4
    assert results.config[0]["num_texts_encoded"] > 0


def test_splits_that_are_not_there_or_not_apart_are_refused(tagged, vectors):
    with pytest.raises(
        CorpusError, match="no split 'val' to calibrate thresholds on; it has train, dev, test"
    ):
        evaluate_tagging(vectors, tagged, calibration_split="val")
    with pytest.raises(CorpusError, match="no split 'heldout'"):
        evaluate_tagging(vectors, tagged, split="heldout")
    with pytest.raises(CorpusError, match="no split 'heldout'"):
        evaluate_tagging(vectors, tagged, probe_split="heldout")
    with pytest.raises(
        ConfigError, match=r"(?s)thresholds must be .*calibration_split is 'test'.*probe_split"
    ):
        evaluate_tagging(vectors, tagged, thresholds="each", calibration_split="test", probe_split="test")


def test_an_unknown_source_language_is_refused(tagged, vectors):
    with pytest.raises(CorpusError, match="in the source language 'fr'; there is de, en, th"):
        evaluate_tagging(vectors, tagged, source_language="fr")
    with pytest.raises(CorpusError, match="no text in language 'fr'"):
        evaluate_tagging(vectors, tagged, languages=["fr"])


def test_what_is_no_tagging_task_is_refused_with_all_reasons():
    builder = _name_tags(".en.x", ".en.y", "a.en", "a.en.2", "b.en")
    builder.add_query("q", "q", "en", "q")
    builder.judge("dev", "q", "a.en")
    corpus = builder.build()
    vectors = Embeddings(["q"], np.ones((1, 2), np.float32), ["a"], np.ones((1, 2), np.float32))
    without = "document '.en.x' has no group.*document '.en.y' has no group"
    with pytest.raises(CorpusError, match=f"(?s){without}.*'a.en' and 'a.en.2' name one tag in one language"):
        evaluate_tagging(vectors, corpus, split="test")
    builder = _name_tags("a.en", "a.de")
    builder.add_query("q", "q", "en", "q")
    builder.judge("dev", "q", "a.en")
    with pytest.raises(CorpusError, match="two tags or more to choose from, got 1"):
        evaluate_tagging(vectors, builder.build())


def test_a_calibration_split_without_tagged_items_is_refused():
    builder = _name_tags("a.en", "b.en")
    for split, language, grade in (("dev", "en", 0), ("dev", "de", 1), ("test", "en", 1)):
        name = f"{split}.{language}"
        builder.add_query(name, name, language, name)
        builder.judge(split, name, "a.en", grade)
    corpus = builder.build()
    vectors = Embeddings(["q"], np.ones((1, 2), np.float32), ["a"], np.ones((1, 2), np.float32))
    with pytest.raises(CorpusError, match=r"no item of split 'dev' in the source language 'en' has a tag"):
        evaluate_tagging(vectors, corpus)


def test_a_run_is_refused(tagged):
    with pytest.raises(SearchError, match="a run has no vectors"):
        evaluate_tagging(Run.from_scores({"q": {"d": 1.0}}), tagged)


def test_importing_it_imports_neither_torch_nor_scikit_learn():
    code = (
        "import sys, isoglot.evaluation.tagging.evaluator; assert 'torch' not in sys.modules;"
        "assert 'sklearn' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
