"""Thresholds chosen on judged items, kept in a file, and taken by nobody they were not made for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_score

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus
from isoglot.errors import CheckpointError, ConfigError, CorpusError
from isoglot.tagging import Label, Tag, Vocabulary, calibrate, read_thresholds, tag, vocabulary_of

from .conftest import ColourModel

COLOURS = ("red", "green", "blue")
GERMAN = {"red": "rot", "green": "grün"}


def judged_corpus(size: int = 60, *, blue: int = 60) -> ParallelCorpus:
    """Texts of a few colours, a tenth of them not judged right; of blue, only those before number `blue`."""
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("judged"))
    for colour in COLOURS:
        builder.add_document(f"{colour}:en", f"c-{colour}", "en", colour)
        if colour in GERMAN:
            builder.add_document(f"{colour}:de", f"c-{colour}", "de", GERMAN[colour])
    for number in range(size):
        words = rng.choice([*COLOURS, "warm", "cold", "photo"], rng.integers(1, 6)).tolist()
        builder.add_query(f"q{number}", f"q{number}", "en", " ".join(words))
        for colour in COLOURS:
            has = colour in words and rng.random() < 0.9 and not (colour == "blue" and number >= blue)
            builder.judge("dev", f"q{number}", f"{colour}:en", int(has))
    return builder.build()


@pytest.fixture(scope="module")
def judged() -> ParallelCorpus:
    """The corpus."""
    return judged_corpus()


class Told:
    """Scores and labels of judged items, from texts and judgements alone."""

    def __init__(self, corpus: ParallelCorpus, vocabulary: Vocabulary, model: ColourModel) -> None:
        texts = corpus.queries["text"].to_pylist()
        everything = tag(model, texts, vocabulary, languages=["en"], top=len(vocabulary.tags))
        names = [each.tag_id for each in vocabulary.tags]
        self.scores = np.array(
            [[{t.tag_id: t.score for t in item.tags}[n] for n in names] for item in everything.items]
        )
        groups, judged = corpus.documents["group_id"].to_pylist(), corpus.judgements("dev")
        right = {
            (int(query), groups[document])
            for query, document, grade in zip(
                judged.pair_query_rows, judged.document_rows, judged.grades, strict=True
            )
            if grade > 0
        }
        self.labels = np.array([[(row, name) in right for name in names] for row in range(len(texts))])


def best_f1(labels: np.ndarray, scores: np.ndarray) -> float:
    """The best F1 of all thresholds, each tried."""
    taken = scores >= np.unique(scores)[:, None]
    return float((2 * (taken & labels).sum(axis=1) / (taken.sum(axis=1) + labels.sum())).max())


def test_thresholds_have_the_best_f1_that_there_is(judged: ParallelCorpus, model: ColourModel) -> None:
    vocabulary = vocabulary_of(judged)
    found = calibrate(model, judged, min_items=1)
    told = Told(judged, vocabulary, model)
    overall = found.overall["*"]
    assert overall.f1 == pytest.approx(best_f1(told.labels.ravel(), told.scores.ravel()))
    assert overall.num_judged == told.labels.size
    assert overall.num_right == told.labels.sum()
    assert found.num_items == 60
    assert [each.tag_id for each in found.tags] == [each.tag_id for each in vocabulary.tags]
    for column, each in enumerate(found.tags):
        assert each.chosen is not None
        labels, scores = told.labels[:, column], told.scores[:, column]
        assert each.chosen.f1 == pytest.approx(best_f1(labels, scores))
        taken = scores >= each.chosen.threshold
        assert each.chosen.precision == pytest.approx(precision_score(labels, taken))
        assert each.chosen.num_judged == 60
        assert each.chosen.num_right == labels.sum()


def test_a_precision_is_kept_to(judged: ParallelCorpus, model: ColourModel) -> None:
    found = calibrate(model, judged, precision=0.8, min_items=1)
    told = Told(judged, vocabulary_of(judged), model)
    right, scores = told.labels.ravel(), told.scores.ravel()
    kept = [cut for cut in np.unique(scores) if right[scores >= cut].mean() >= 0.8]
    taken = scores >= found.overall["*"].threshold
    assert right[taken].mean() >= 0.8
    assert taken.sum() == max((scores >= cut).sum() for cut in kept)
    with pytest.raises(ConfigError, match=r"precision 1 is reached by no threshold for all tags"):
        calibrate(model, judged_with_noise_on_top(), precision=1.0)


def judged_with_noise_on_top() -> ParallelCorpus:
    """The best match of all is judged wrong."""
    builder = CorpusBuilder(CorpusInfo("wrong"))
    for colour in ("red", "green"):
        builder.add_document(colour, colour, "en", colour)
    for number, (text, right) in enumerate([("red", 0), ("red warm", 0), ("red green", 1)]):
        builder.add_query(f"q{number}", f"q{number}", "en", text)
        builder.judge("dev", f"q{number}", "red", right)
    return builder.build()


def test_a_tag_that_is_never_precise_is_given_only_beyond_what_was_judged(model: ColourModel) -> None:
    builder = CorpusBuilder(CorpusInfo("wrong"))
    for colour in ("red", "green"):
        builder.add_document(colour, colour, "en", colour)
    for number, (text, right) in enumerate([("red", ()), ("red cold", ("red",)), ("green", ("green",))]):
        builder.add_query(f"q{number}", f"q{number}", "en", text)
        for colour in ("red", "green"):
            builder.judge("dev", f"q{number}", colour, int(colour in right))
    found = calibrate(model, builder.build(), precision=0.6, min_items=1)
    of_red = next(each.chosen for each in found.tags if each.tag_id == "red")
    assert of_red is not None
    assert of_red.threshold > 1
    assert (of_red.precision, of_red.recall) == (0, 0)


def test_tags_that_few_items_have_share_the_threshold_of_all(model: ColourModel) -> None:
    found = calibrate(model, judged_corpus(blue=10), min_items=10)
    own = {each.tag_id: each.chosen for each in found.tags}
    assert own["c-blue"] is None
    assert own["c-red"] is not None
    together = calibrate(model, judged_corpus(blue=10), per_tag=False)
    assert all(each.chosen is None for each in together.tags)
    assert together.overall == found.overall


def test_languages_apart_are_calibrated_apart(judged: ParallelCorpus, model: ColourModel) -> None:
    found = calibrate(model, judged, languages=["de", "en"], languages_agree=False, min_items=1)
    assert sorted(found.overall) == ["de", "en"]
    assert len(found.tags) == 6
    german = Vocabulary(
        "de",
        tuple(
            Tag(each.tag_id, {each.nearest("de"): each.labels[each.nearest("de")]})
            for each in vocabulary_of(judged).tags
        ),
    )
    alone = calibrate(model, judged, german, min_items=1)
    assert alone.overall["*"] == found.overall["de"]


def test_thresholds_decide_who_gets_a_tag(judged: ParallelCorpus, model: ColourModel, tmp_path: Path) -> None:
    vocabulary = vocabulary_of(judged)
    calibrate(model, judged, min_items=1).write(tmp_path / "thresholds.json")
    thresholds = read_thresholds(tmp_path / "thresholds.json")
    assert thresholds == calibrate(model, judged, min_items=1)
    told = Told(judged, vocabulary, model)
    bars = np.array([each.chosen.threshold for each in thresholds.tags if each.chosen])
    texts = judged.queries["text"].to_pylist()
    found = tag(model, texts, vocabulary, languages=["de"], thresholds=thresholds)
    names = [each.tag_id for each in vocabulary.tags]
    taken = [{each.tag_id for each in item.tags} for item in found.items]
    assert taken == [
        {names[number] for number in np.flatnonzero(row)} for row in (told.scores >= bars).tolist()
    ]
    shown = tag(model, texts[:5], vocabulary, languages=["de"], thresholds=thresholds, top=3)
    for item, reached in zip(shown.items, taken, strict=False):
        assert {each.tag_id for each in item.tags if each.above_threshold} == reached


def test_a_tag_that_nobody_judged_has_no_part(judged: ParallelCorpus, model: ColourModel) -> None:
    more = Vocabulary("more", (Tag("new", {"en": Label("warm")}), *vocabulary_of(judged).tags))
    found, without = calibrate(model, judged, more, min_items=1), calibrate(model, judged, min_items=1)
    assert found.tags == without.tags
    assert found.overall == without.overall


def test_a_new_tag_takes_the_threshold_of_all(judged: ParallelCorpus, model: ColourModel) -> None:
    vocabulary = vocabulary_of(judged)
    more = Vocabulary("more", (*vocabulary.tags, Tag("new", {"en": Label("warm")})))
    thresholds = calibrate(model, judged, min_items=1)
    lifted = replace(thresholds, overall={"*": replace(thresholds.overall["*"], threshold=1.5)})
    for bars, given in ((thresholds, {"new", "c-red"}), (lifted, {"c-red"})):
        (item,) = tag(model, ["warm"], more, languages=["en"], thresholds=bars).items
        assert {each.tag_id for each in item.tags} == given


def test_thresholds_are_refused_for_anything_else(judged: ParallelCorpus, model: ColourModel) -> None:
    vocabulary = vocabulary_of(judged)
    thresholds = calibrate(model, judged)
    with pytest.raises(CheckpointError, match=r"were calibrated on judged for model .*; calibrate it too"):
        tag(ColourModel(2.0), ["red"], vocabulary, languages=["en"], thresholds=thresholds)
    other = Vocabulary("other", (Tag("dog", {"en": Label("dog")}),))
    with pytest.raises(CheckpointError, match="for none of the tags of other"):
        tag(model, ["red"], other, languages=["en"], thresholds=thresholds)
    with pytest.raises(CheckpointError, match=r"are for all languages together, but .* scored in en"):
        tag(model, ["red"], vocabulary, languages=["en"], thresholds=thresholds, languages_agree=False)
    with pytest.raises(CheckpointError, match=r"3 tags read otherwise .* such as 'c-red'"):
        tag(
            model, ["red"], vocabulary, languages=["en"], thresholds=thresholds, templates={"en": "a {label}"}
        )
    glossed = Vocabulary("glossed", (*vocabulary.tags[1:], Tag("c-red", {"en": Label("red", "warm")})))
    with pytest.raises(CheckpointError, match="1 tags read otherwise"):
        tag(model, ["red"], glossed, languages=["en"], thresholds=thresholds)


def test_what_cannot_be_calibrated_on_is_told(judged: ParallelCorpus, model: ColourModel) -> None:
    other = Vocabulary("other", (Tag("dog", {"en": Label("dog")}),))
    with pytest.raises(CorpusError, match=r"judged judges none of the 1 tags of other: .* such as 'dog'"):
        calibrate(model, judged, other)
    with pytest.raises(CorpusError, match="has no split 'test'"):
        calibrate(model, judged, split="test")
    with pytest.raises(
        ConfigError, match="precision must be above 0 and at most 1, got 2\nmin_items must be"
    ):
        calibrate(model, judged, precision=2, min_items=0)
    with pytest.raises(ConfigError, match="languages to calibrate must go without languages_agree"):
        calibrate(model, judged, languages=["en"])
    model.state_dict = dict  # type: ignore[method-assign]
    with pytest.raises(CheckpointError, match="cannot be told from others"):
        calibrate(model, judged)


def test_items_without_any_tag_are_no_ground_for_thresholds(model: ColourModel) -> None:
    builder = CorpusBuilder(CorpusInfo("bare"))
    builder.add_document("red", "red", "en", "red")
    builder.add_query("q", "q", "en", "green")
    builder.judge("dev", "q", "red", 0)
    with pytest.raises(CorpusError, match="no item in split 'dev' of 'bare' has a tag; judge some"):
        calibrate(model, builder.build())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "else"}, "it is 'else', version 1"),
        ({"version": 2}, "version 2"),
        ({"overall": {}}, "it has no threshold"),
        ({"model": 3}, "must be texts"),
        ({"tags": [{}]}, "'tag_id'"),
        ({"overall": {"*": {"threshold": "high"}}}, "finite numbers, got 'high'"),
        ({"precision": True}, "finite numbers, got True"),
    ],
)
def test_a_file_of_something_else_is_refused(
    change: dict[str, object], message: str, judged: ParallelCorpus, model: ColourModel, tmp_path: Path
) -> None:
    path = tmp_path / "thresholds.json"
    calibrate(model, judged).write(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match="holds no thresholds of isoglot") as raised:
        read_thresholds(path)
    assert message in str(raised.value)


def test_a_missing_or_broken_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "broken.json").write_text("{")
    for name in ("none.json", "list.json", "broken.json"):
        with pytest.raises(CheckpointError, match=f"{name}: holds no thresholds of isoglot"):
            read_thresholds(tmp_path / name)
