"""The corpus as a whole: its size, its splits, and that it is the same every time."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import pytest

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError
from isoglot.world import LANGUAGES, build_text_corpus, completeness, row_counts
from isoglot.world.corpus import HELD_OUT, split_facts
from isoglot.world.facts import read_facts


@pytest.fixture(scope="module")
def corpus() -> ParallelCorpus:
    return build_text_corpus()


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_holds_enough_groups_in_all_languages(corpus):
    assert corpus.name == "world-text"
    assert corpus.languages == LANGUAGES
    assert corpus.num_groups >= 1_900
    assert not corpus.info.symmetric


def test_every_row_of_a_group_comes_once_per_language_on_either_side(corpus):
    for table in (corpus.queries, corpus.documents):
        pairs = Counter(zip(table["group_id"].to_pylist(), table["language"].to_pylist(), strict=True))
        assert set(pairs.values()) == {1}
    assert corpus.queries["group_id"].to_pylist() == corpus.documents["group_id"].to_pylist()


def test_languages_are_complete_but_for_names_that_do_not_exist(corpus):
    shares = completeness(corpus)
    assert shares.pop("yo") > 0.95
    assert min(shares.values()) > 0.999
    assert row_counts(corpus)["currency"]["yo"] < row_counts(corpus)["currency"]["en"]
    assert row_counts(corpus)["capital"]["en"] == sum(f.relation == "capital" for f in read_facts())


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(corpus):
    again = build_text_corpus()
    assert _bytes(again.queries) == _bytes(corpus.queries)
    assert _bytes(again.documents) == _bytes(corpus.documents)
    assert all((again.split(s).groups == corpus.split(s).groups).all() for s in corpus.splits)
    other = build_text_corpus(seed=1)
    assert _bytes(other.queries) != _bytes(corpus.queries)
    assert set(other.split("test").groups) != set(corpus.split("test").groups)


def test_a_choice_of_languages_leaves_texts_and_splits_as_they_are(corpus):
    part = build_text_corpus(languages=["eus", "de"])
    assert part.languages == ("de", "eu")
    whole = dict(zip(corpus.queries["query_id"].to_pylist(), corpus.queries["text"].to_pylist(), strict=True))
    chosen = dict(zip(part.queries["query_id"].to_pylist(), part.queries["text"].to_pylist(), strict=True))
    assert chosen.items() <= whole.items()
    assert {name: len(part.split(name).groups) for name in part.splits} == {
        name: len(corpus.split(name).groups) for name in corpus.splits
    }


def test_a_language_that_the_world_does_not_speak_is_an_error():
    with pytest.raises(CorpusError, match="'sv'"):
        build_text_corpus(languages=["de", "sv"])


def test_splits_divide_the_facts(corpus):
    groups = [set(corpus.split(name).groups.tolist()) for name in ("train", "dev", "test")]
    assert sum(map(len, groups)) == len(set.union(*groups)) == corpus.num_groups


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_everything_in_a_held_out_fact_occurs_in_another_fact_of_train(seed):
    facts = read_facts()
    split_of = split_facts(facts, seed=seed)
    known = {e for fact in facts if split_of[fact.group_id] == "train" for e in fact.entities}
    held_out = [fact for fact in facts if split_of[fact.group_id] != "train"]
    assert held_out
    assert all(fact.entities <= known for fact in held_out)


def test_every_kind_of_fact_is_asked_in_every_split():
    facts = read_facts()
    split_of = split_facts(facts)
    counts = Counter((fact.relation, split_of[fact.group_id]) for fact in facts)
    for relation in {fact.relation for fact in facts}:
        size = sum(counts[relation, split] for split in ("train", *HELD_OUT))
        for split, share in HELD_OUT.items():
            # Some answers, such as the only currency of its kind, cannot be held out: they occur once.
            assert 0.4 * share * size <= counts[relation, split] <= share * size + 1, (relation, split)


def test_both_wordings_of_a_question_are_used(corpus):
    texts = corpus.queries["text"].to_pylist()
    assert sum(text.startswith("What is the capital") for text in texts) > 30
    assert sum(text.startswith("Which city is the capital") for text in texts) > 30
