"""Tags out of captions, on made-up pictures of which captions say what is there, with words between."""

from __future__ import annotations

import numpy as np
import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation import evaluate_tagging
from isoglot.retrieval import Embeddings
from isoglot.tagging import build_caption_tags
from isoglot.tagging.caption_tags import CaptionTagRule, _matches

THINGS = {"dog": "Hund", "ball": "Kugel", "tree": "Baum", "boat": "Boot", "horse": "Pferd"}
FILLERS = {"en": ("with", "near", "behind"), "de": ("mit", "nahe", "hinter")}
RULE = CaptionTagRule(min_items=5, min_agreement=0.3, min_dice=0.3)


def captioned(size: int = 120, *, english: int = 3) -> ParallelCorpus:
    """Pictures of two things each; three English captions, one German; fillers come by chance."""
    rng = np.random.default_rng(0)
    builder = CorpusBuilder(CorpusInfo("captioned"))
    for number in range(size):
        group = f"p{number}"
        shown = rng.choice(list(THINGS), 2, replace=False).tolist()
        builder.add_query(group, group, "zxx", None, modality="image", path=f"{group}.png")
        for copy in range(english):
            filler = rng.choice(FILLERS["en"])
            builder.add_document(f"{group}.{copy}", group, "en", f"A {shown[0]} {filler} 2 {shown[1]}!")
        german = [THINGS[each] for each in shown]
        builder.add_document(
            f"{group}.de", group, "de", f"{german[0]} {rng.choice(FILLERS['de'])} {german[1]}"
        )
        builder.judge_group("train" if number < 90 else "test", group)
    return builder.build()


def tags_of(corpus: ParallelCorpus, item: str, split: str) -> set[str]:
    """The tags that an item is judged to have."""
    row = corpus.queries["query_id"].to_pylist().index(item)
    judged = corpus.judgements(split).relevant()
    groups = corpus.documents["group_id"].to_pylist()
    rows = zip(judged.pair_query_rows.tolist(), judged.document_rows.tolist(), strict=True)
    return {groups[document] for query, document in rows if query == row}


def test_words_that_captions_agree_on_are_tags_in_both_languages() -> None:
    found = build_caption_tags(captioned(), rule=RULE)
    names = zip(
        *(found.documents[name].to_pylist() for name in ("group_id", "language", "text")), strict=True
    )
    assert set(names) == {(tag, "en", tag) for tag in THINGS} | {
        (tag, "de", word.lower()) for tag, word in THINGS.items()
    }
    assert found.splits.keys() == {"train", "test"}
    assert found.name == "captioned-tags"
    assert len(found.judgements("test")) == 30


def test_pictures_have_the_tags_that_any_caption_says() -> None:
    corpus = captioned()
    found = build_caption_tags(corpus, rule=RULE)
    texts = dict(
        zip(corpus.documents["doc_id"].to_pylist(), corpus.documents["text"].to_pylist(), strict=True)
    )
    for item, split in (("p3", "train"), ("p100", "test")):
        said = f"{texts[f'{item}.0']} {texts[f'{item}.de']}"
        assert tags_of(found, item, split) == {tag for tag in THINGS if tag in said or THINGS[tag] in said}


def test_fillers_are_no_tags_however_frequent_unless_any_agreement_will_do() -> None:
    loose = CaptionTagRule(min_items=5, min_agreement=-1.0, min_dice=0.3)
    words = set(build_caption_tags(captioned(), rule=loose).documents["group_id"].to_pylist())
    assert set(THINGS) | set(FILLERS["en"]) <= words
    strict = CaptionTagRule(min_items=5, min_agreement=0.3, min_dice=1.0)
    few = build_caption_tags(captioned(), rule=strict).documents
    assert set(few["language"].to_pylist()) >= {"en"}
    top = build_caption_tags(captioned(), rule=CaptionTagRule(num_tags=2, min_items=5)).documents
    assert len(set(top["group_id"].to_pylist())) == 2


def test_what_all_captions_of_a_picture_say_agrees_wholly() -> None:
    wholly = CaptionTagRule(min_items=5, min_agreement=0.99, min_dice=0.3)
    assert set(build_caption_tags(captioned(), rule=wholly).documents["group_id"].to_pylist()) == set(THINGS)


def test_a_word_is_the_name_of_one_tag_alone() -> None:
    ours = {
        0: frozenset({"dog", "fur"}),
        1: frozenset({"dog"}),
        2: frozenset({"dog", "fur"}),
        3: frozenset("x"),
    }
    theirs = {0: frozenset({"hund"}), 1: frozenset({"hund"}), 2: frozenset({"hund"}), 4: frozenset({"fell"})}
    # fur and hund: twice together, two and three times in all.
    assert _matches(["dog", "fur"], ours, theirs, 0.5) == [("dog", "hund")]
    assert _matches(["fur"], ours, theirs, 0.8) == [("fur", "hund")]
    assert _matches(["fur"], ours, theirs, 0.81) == []


def test_a_picture_that_says_no_tag_is_judged_all_the_same() -> None:
    found = build_caption_tags(captioned(), rule=CaptionTagRule(num_tags=2, min_items=5, min_agreement=0.3))
    assert len(found.judgements("train")) == 90
    assert "" in {"".join(tags_of(found, f"p{number}", "train")) for number in range(90)}


def test_the_corpus_can_be_measured() -> None:
    found = build_caption_tags(captioned(), rule=RULE)
    rng = np.random.default_rng(0)
    ids = [found.queries["query_id"].to_pylist(), found.documents["doc_id"].to_pylist()]
    queries, documents = (rng.standard_normal((len(each), 8)).astype(np.float32) for each in ids)
    results = evaluate_tagging(
        Embeddings(ids[0], queries, ids[1], documents),
        found,
        calibration_split="train",
        source_language="en",
        probe=False,
        num_resamples=10,
    )
    languages = {record.document_language for record in results.records if record.measure == "AP"}
    assert {"en", "de"} <= languages


def test_captions_that_cannot_agree_are_refused() -> None:
    with pytest.raises(CorpusError, match="but one caption in 'de', so that none can agree"):
        build_caption_tags(captioned(), pivot="deu")
    with pytest.raises(CorpusError, match="but one caption in 'de'"):
        build_caption_tags(captioned(english=1))
    with pytest.raises(CorpusError, match="no caption in 'fr'; there is de, en"):
        build_caption_tags(captioned(), pivot="fr")
    with pytest.raises(CorpusError, match="agree on 0 words"):
        build_caption_tags(captioned(), rule=CaptionTagRule(min_items=1_000))
    with pytest.raises(CorpusError, match="no text has the group of a picture"):
        build_caption_tags(captioned().select(document_languages=["de"]).take(*no_captions()))


def no_captions() -> tuple[np.ndarray, np.ndarray]:
    """The first picture, and the caption of another."""
    return np.array([0], np.int32), np.array([5], np.int32)


def test_a_rule_out_of_range_is_told_at_once() -> None:
    rule = CaptionTagRule(num_tags=1, min_items=0, min_agreement=1.0, min_dice=2.0)
    with pytest.raises(ConfigError, match="num_tags must be >= 2, got 1\nmin_items must be >= 1") as raised:
        build_caption_tags(captioned(), rule=rule)
    assert len(str(raised.value).split("\n")) == 4
