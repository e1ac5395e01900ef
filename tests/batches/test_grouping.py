"""What batches are drawn from, made some rows at a time: the same as from lists, in memory and in files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoglot.batches import (
    CrossLingual,
    Mixed,
    MixEntries,
    MixPassages,
    Monolingual,
    PairBatchSampler,
    Pooled,
    RoundRobin,
    Scheme,
    grouping,
    training_pairs,
)
from isoglot.batches.cells import Cells
from isoglot.batches.members import CROSS, SAME, Members, Relation, find_members
from isoglot.batches.sides import Side
from isoglot.batches.storage import Storage, read_at_random
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import ConfigError

SCHEMES: list[Scheme] = [
    Monolingual(),
    CrossLingual(),
    Mixed(),
    Pooled(2),
    MixPassages(),
    MixEntries(),
    RoundRobin(),
]
TAGS = ("de", "en", "fr", "th")
Row = tuple[int, int]
"""Group and language of a row; language 4 is none."""


def corpus_of(queries: list[Row], documents: list[Row], *, explicit: bool) -> ParallelCorpus:
    builder = CorpusBuilder(CorpusInfo("random"))
    tags = (*TAGS, None)
    for number, (group, code) in enumerate(queries):
        builder.add_query(f"q{number}", f"g{group}", TAGS[code], f"question {number}")
    for number, (group, code) in enumerate(documents):
        builder.add_document(f"d{number}", f"g{group}", tags[code], f"answer {number}", modality="text")
    asked = {group for group, _ in queries}
    for group in sorted(asked & {group for group, _ in documents}):
        if not explicit:
            builder.judge_group("train", f"g{group}")
            continue
        for query, _ in ((f"q{n}", g) for n, (g, _) in enumerate(queries) if g == group):
            for document in (f"d{n}" for n, (g, _) in enumerate(documents) if g == group):
                builder.judge("train", query, document)
    return builder.build()


ROWS = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 3)), min_size=1, max_size=40)


def cells(side: Side) -> list[dict[int, set[int]]]:
    """For each group, the rows of each language, read cell by cell."""
    found: list[dict[int, set[int]]] = []
    rng = np.random.default_rng(0)
    for group in range(side.num_groups):
        codes = np.flatnonzero(side.present(np.array([group]))[0])
        drawn = {
            int(code): set(side.choose(np.full(60, group), np.full(60, code), rng).tolist()) for code in codes
        }
        found.append(drawn)
        assert set(side.rows_of_group(group).tolist()) == {row for rows in drawn.values() for row in rows}
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queries=ROWS, documents=ROWS, explicit=st.booleans(), chunk=st.sampled_from([8, 16, 1000]))
def test_sides_and_batches_of_random_corpora(
    queries: list[Row], documents: list[Row], explicit: bool, chunk: int
) -> None:
    shared = {group for group, _ in queries} & {group for group, _ in documents}
    if not shared:
        return
    corpus = corpus_of(queries, documents, explicit=explicit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "ROWS_AT_ONCE", chunk)
        patch.setattr("isoglot.batches.entries.ROWS_AT_ONCE", chunk)
        patch.setattr("isoglot.batches.pairs.ROWS_AT_ONCE", chunk)
        pairs = training_pairs(corpus)
    assert pairs.num_groups == len(shared)
    asked, answered = cells(pairs.queries), cells(pairs.documents)
    ids = (corpus.queries["query_id"].to_pylist(), corpus.documents["doc_id"].to_pylist())
    for table, names, found in zip((queries, documents), ids, (asked, answered), strict=True):
        wanted: dict[int, dict[str, set[int]]] = {}
        for row, name in enumerate(names):
            group, code = table[int(name[1:])]
            if group in shared:
                wanted.setdefault(group, {}).setdefault(TAGS[code], set()).add(row)
        named = [{pairs.languages[code]: rows for code, rows in each.items()} for each in found]
        assert sorted(map(repr_of, named)) == sorted(map(repr_of, wanted.values()))
    for scheme in SCHEMES:
        check_scheme(scheme, corpus, pairs, asked, answered)


def repr_of(found: dict[str, set[int]]) -> str:
    return repr(sorted((name, sorted(rows)) for name, rows in found.items()))


def check_scheme(scheme, corpus, pairs, asked, answered) -> None:  # type: ignore[no-untyped-def]
    """Batches are right, or are refused where no group could give one."""
    could = {
        Monolingual(): any(set(a) & set(b) for a, b in zip(asked, answered, strict=True)),
        Mixed(): any(set(a) & set(b) for a, b in zip(asked, answered, strict=True)),
        CrossLingual(): any(len(set(a) | set(b)) > 1 for a, b in zip(asked, answered, strict=True)),
        Pooled(2): any(len(b) > 1 for b in answered),
    }.get(scheme, True)
    try:
        sampler = PairBatchSampler(pairs, scheme, 8, 4, seed=3)
    except ConfigError:
        assert not could
        return
    assert could
    for share in sampler:
        batch = share.batch
        groups = corpus.document_groups[batch.document_rows]
        assert (corpus.query_groups[batch.query_rows][:, None] == groups).all()
        said = pairs.query_languages[batch.query_rows][:, None]
        found = pairs.document_languages[batch.document_rows]
        if batch.kind in ("monolingual", "mixed"):
            assert (said == found).all()
        if batch.kind == "cross_lingual":
            assert (said != found).all()
        if batch.kind == "pooled":
            assert (found[:, 0] != found[:, 1]).all()


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_files_give_the_same_batches_as_memory(
    toy_corpus: ParallelCorpus, scheme: Scheme, tmp_path: Path
) -> None:
    stored = training_pairs(toy_corpus, storage=Storage(tmp_path / "arrays"))
    held = training_pairs(toy_corpus)
    for one, other in zip(
        PairBatchSampler(stored, scheme, 16, 10), PairBatchSampler(held, scheme, 16, 10), strict=True
    ):
        assert np.array_equal(one.batch.query_rows, other.batch.query_rows)
        assert np.array_equal(one.batch.document_rows, other.batch.document_rows)
    assert (tmp_path / "arrays").is_dir()
    assert not list((tmp_path / "arrays").iterdir())  # files have no name


def test_the_order_of_rows_does_not_matter(toy_corpus: ParallelCorpus) -> None:
    rng = np.random.default_rng(0)
    queries = rng.permutation(toy_corpus.queries.num_rows).astype(np.int32)
    documents = rng.permutation(toy_corpus.documents.num_rows).astype(np.int32)
    shuffled = training_pairs(toy_corpus.take(queries, documents))
    for one, other in zip(
        PairBatchSampler(shuffled, CrossLingual(), 16, 10),
        PairBatchSampler(training_pairs(toy_corpus), CrossLingual(), 16, 10),
        strict=True,
    ):
        assert np.array_equal(queries[one.batch.query_rows], other.batch.query_rows)
        assert np.array_equal(documents[one.batch.document_rows], other.batch.document_rows)


def test_a_complete_corpus_in_order_keeps_no_rows(toy_corpus: ParallelCorpus) -> None:
    pairs = training_pairs(toy_corpus.select(languages=["en"]))
    for side in (pairs.queries, pairs.documents):
        assert side.rows is None
        assert side.cell_starts is None
        assert np.array_equal(side.rows_at(np.arange(100)), np.arange(100))


def random_side(rng: np.random.Generator, num_groups: int, num_languages: int, density: float) -> Side:
    present = rng.random((num_groups, num_languages)) < density
    present[:, 0] = True
    cells = Cells.empty(num_groups, num_languages, Storage())
    cells.number(0, 0, present)
    return Side(cells, None, None)


@pytest.mark.parametrize("num_groups", [1, 191, 192, 193, 5000, 200_000])
@pytest.mark.parametrize("relation", [SAME, CROSS, Relation("cross", 2), Relation("answered", 3)], ids=repr)
def test_members_by_number_are_those_of_the_list(num_groups: int, relation: Relation) -> None:
    rng = np.random.default_rng(num_groups)
    queries, documents = (random_side(rng, num_groups, 11, 0.3) for _ in range(2))
    members = find_members(relation, queries, documents, Storage())
    held = relation.holds(queries.present(slice(None)), documents.present(slice(None)))
    assert members.sizes.tolist() == held.sum(axis=0).tolist()
    languages = np.repeat(np.arange(11), members.sizes)
    numbers = np.concatenate([np.arange(size) for size in members.sizes])
    expected = np.concatenate([np.flatnonzero(column) for column in held.T])
    order = rng.permutation(len(numbers))
    assert np.array_equal(members.groups(languages[order], numbers[order]), expected[order])
    assert isinstance(members, Members)
    assert members.all_groups(0).tolist() == np.flatnonzero(held[:, 0]).tolist()


def test_members_that_stand_far_apart_are_found() -> None:
    present = np.zeros((100_000, 3), np.bool_)
    present[[0, 99_999], 0] = True
    present[40_000:41_000, 2] = True
    present[99_000:, 2] = True
    cells = Cells.empty(*present.shape, Storage())
    cells.number(0, 0, present)
    side = Side(cells, None, None)
    members = find_members(SAME, side, side, Storage())
    expected = [np.flatnonzero(column).tolist() for column in members_of(side)]
    assert members.sizes.tolist() == [len(groups) for groups in expected]
    for language in np.flatnonzero(members.sizes):
        size = int(members.sizes[language])
        assert members.groups(np.full(size, language), np.arange(size)).tolist() == expected[language]


def members_of(side: Side) -> list[np.ndarray]:
    present = side.present(slice(None))
    return list(SAME.holds(present, present).T)


def test_relations_count_no_language_as_any() -> None:
    asked = np.array([[True, False, False], [False, False, True], [True, False, False], [False, False, True]])
    answered = np.array(
        [[False, False, True], [True, True, False], [True, False, False], [False, False, True]]
    )
    assert SAME.holds(asked, answered).astype(int).tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert CROSS.holds(asked, answered).astype(int).tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_several_rows_of_a_cell_are_equally_likely() -> None:
    pairs = training_pairs(corpus_of([(0, 1)], [(0, 1)] * 4 + [(0, 2)], explicit=False))
    rows = pairs.documents.choose(
        np.zeros(4000, np.int64), np.zeros(4000, np.int64), np.random.default_rng(0)
    )
    assert np.bincount(rows) / 4000 == pytest.approx(0.25, abs=0.03)


def test_a_document_that_answers_two_queries_of_a_group_is_one(toy_corpus: ParallelCorpus) -> None:
    explicit = corpus_of([(0, 0), (0, 1)], [(0, 0), (0, 1)], explicit=True)
    assert training_pairs(explicit).documents.num_rows == 2


def test_large_corpora_go_to_files(
    toy_corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path))
    assert training_pairs(toy_corpus).storage == Storage()
    monkeypatch.setattr("isoglot.batches.pairs.MAX_ROWS_IN_MEMORY", 10)
    assert training_pairs(toy_corpus).storage == Storage(tmp_path / "batches")


def test_arrays_in_files_keep_what_was_written(tmp_path: Path) -> None:
    array = Storage(tmp_path).zeros((1000, 3), np.int32)
    assert not array.any()
    array[:] = np.arange(3000).reshape(1000, 3)
    read_at_random(array[5:])
    assert np.array_equal(array.ravel(), np.arange(3000))
    assert Storage(tmp_path).zeros((0, 3), np.int8).shape == (0, 3)
    read_at_random(None)


def test_all_documents_of_a_corpus_by_group(toy_corpus: ParallelCorpus) -> None:
    parallel = training_pairs(toy_corpus).parallel_documents
    assert parallel.num_groups == toy_corpus.num_groups
    for group in (0, 1, 119):
        wanted = np.flatnonzero(toy_corpus.document_groups == group)
        assert sorted(parallel.rows_of_group(group).tolist()) == wanted.tolist()
