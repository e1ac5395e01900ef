"""Exact search against a full sort, with ties, chunks, blocks and excluded documents."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import SearchError
from isoglot.retrieval import Wanted, count_above, counting, lay_out, scan, search, survivors
from isoglot.retrieval.encode import normalize
from isoglot.retrieval.exact import fast_matmul
from isoglot.retrieval.ties import tie_ranks


def _coarse(rng, rows, dim=3):
    """Vectors of small whole numbers: scores are exact, and many of them tie."""
    return rng.integers(-2, 3, (rows, dim)).astype(np.float32)


def _ids(rng, number):
    return [f"d{i:03d}" for i in rng.permutation(number)]


def _ranking(scores, doc_ids, excluded=()):
    """Rows in trec_eval's order, by a full sort of one query's scores."""
    rows = sorted(range(len(doc_ids)), key=lambda row: (scores[row], doc_ids[row].encode()), reverse=True)
    return [row for row in rows if row not in excluded]


def _case(seed, queries=20, documents=70, blocks=4, most=5):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, most, queries)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    rows = [rng.choice(documents, size, replace=False) for size in counts]
    return (
        _coarse(rng, queries),
        _coarse(rng, documents),
        _ids(rng, documents),
        rng.integers(0, blocks, documents),
        Wanted(indptr, np.concatenate(rows).astype(np.int32)),
    )


def _slow_counts(queries, documents, doc_ids, blocks, num_blocks, wanted, excluded=None):
    counts = []
    for query, scores in enumerate(queries @ documents.T):
        gone = () if excluded is None else excluded.document_rows[slice(*excluded.indptr[query : query + 2])]
        order = _ranking(scores, doc_ids, gone)
        for row in wanted.document_rows[slice(*wanted.indptr[query : query + 2])]:
            above = blocks[order[: order.index(row)]]
            counts.append(np.bincount(above, minlength=num_blocks))
    return np.array(counts)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), blocks=st.integers(1, 6), documents=st.integers(5, 90))
def test_counts_agree_with_a_full_sort_in_every_block(seed, blocks, documents):
    queries, vectors, doc_ids, codes, wanted = _case(seed, documents=documents, blocks=blocks)
    counts = count_above(queries, lay_out(vectors, doc_ids, codes, blocks), wanted)
    np.testing.assert_array_equal(counts, _slow_counts(queries, vectors, doc_ids, codes, blocks, wanted))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), depth=st.integers(1, 40))
def test_search_agrees_with_a_full_sort(seed, depth):
    queries, vectors, doc_ids, codes, _ = _case(seed, documents=30)
    top = search(queries, lay_out(vectors, doc_ids, codes), depth)
    for query, scores in enumerate(queries @ vectors.T):
        assert top.document_rows[query].tolist() == _ranking(scores, doc_ids)[:depth]
        np.testing.assert_array_equal(top.scores[query], scores[top.document_rows[query]])


@pytest.mark.parametrize("chunk_bytes", [1, 1_000, 40_000, 2**25])
def test_chunks_do_not_change_what_is_found(chunk_bytes):
    rng = np.random.default_rng(0)
    queries = rng.standard_normal((60, 32)).astype(np.float32)
    vectors = rng.standard_normal((500, 32)).astype(np.float32)
    wanted = Wanted(np.arange(61) * 3, rng.integers(0, 500, 180).astype(np.int32))
    collection = lay_out(vectors, _ids(rng, 500), rng.integers(0, 3, 500))
    whole = scan(queries, collection, wanted=wanted, depth=7)
    chunked = scan(queries, collection, wanted=wanted, depth=7, chunk_bytes=chunk_bytes)
    np.testing.assert_array_equal(whole.counts_above, chunked.counts_above)
    np.testing.assert_array_equal(whole.top.document_rows, chunked.top.document_rows)


def test_equal_documents_stand_in_descending_order_of_their_ids():
    vectors = np.ones((4, 2), np.float32)
    collection = lay_out(vectors, ["a", "B", "é", "z"])
    top = search(np.ones((1, 2), np.float32), collection, 4)
    assert top.document_rows[0].tolist() == [2, 3, 0, 1]  # bytes: é after z, B before a
    counts = count_above(
        np.ones((1, 2), np.float32), collection, Wanted(np.array([0, 4]), np.arange(4, dtype=np.int32))
    )
    assert counts[:, 0].tolist() == [2, 3, 0, 1]


def test_blocks_wider_than_a_segment_and_a_tile_are_counted_whole():
    rng = np.random.default_rng(1)
    documents = 70_000
    vectors = rng.integers(-9, 10, (documents, 2)).astype(np.float32)
    codes = (np.arange(documents) >= 3_000).astype(np.int64)
    queries = rng.integers(-9, 10, (3, 2)).astype(np.float32)
    wanted = Wanted(np.arange(4) * 40, rng.choice(documents, 120, replace=False).astype(np.int32))
    doc_ids = [f"{i:06d}" for i in range(documents)]
    counts = count_above(queries, lay_out(vectors, doc_ids, codes), wanted)
    for pair, row in enumerate(wanted.document_rows):
        scores = vectors @ queries[pair // 40]
        above = (scores > scores[row]) | ((scores == scores[row]) & (np.arange(documents) > row))
        assert counts[pair].tolist() == [above[:3_000].sum(), above[3_000:].sum()]


def test_all_documents_alike_are_counted_though_every_score_ties():
    documents = 5_000
    collection = lay_out(np.zeros((documents, 2), np.float32), [f"{i:05d}" for i in range(documents)])
    rows = np.array([0, 1, documents - 1], np.int32)
    counts = count_above(np.zeros((1, 2), np.float32), collection, Wanted(np.array([0, 3]), rows))
    assert counts[:, 0].tolist() == [documents - 1, documents - 2, 0]


def test_excluded_documents_are_neither_found_nor_counted():
    queries, vectors, doc_ids, codes, wanted = _case(3)
    excluded_rows = np.array(
        [
            np.setdiff1d(np.arange(70), wanted.document_rows[slice(*wanted.indptr[q : q + 2])])[q]
            for q in range(20)
        ],
        np.int32,
    )
    excluded = Wanted(np.arange(21), excluded_rows)
    found = scan(queries, lay_out(vectors, doc_ids, codes), wanted=wanted, excluded=excluded, depth=70)
    expected = _slow_counts(queries, vectors, doc_ids, codes, codes.max() + 1, wanted, excluded)
    np.testing.assert_array_equal(found.counts_above, expected)
    for query, row in enumerate(excluded_rows):
        assert row not in found.top.document_rows[query]
        assert found.top.document_rows[query, -1] == -1
        assert np.isneginf(found.top.scores[query, -1])


def test_an_empty_block_holds_no_documents_above_anything():
    collection = lay_out(np.eye(3, dtype=np.float32), ["a", "b", "c"], np.array([0, 2, 2]), 5)
    counts = count_above(
        np.array([[3, 2, 1]], np.float32), collection, Wanted(np.array([0, 1]), np.array([2], np.int32))
    )
    assert counts.tolist() == [[1, 0, 1, 0, 0]]


def test_progress_tells_every_query_once():
    queries, vectors, doc_ids, codes, wanted = _case(4, queries=200)
    told = []
    scan(queries, lay_out(vectors, doc_ids, codes), wanted=wanted, chunk_bytes=64, on_progress=told.append)
    assert sum(told) == 200
    assert len(told) > 1


def test_matmul_precision_is_restored():
    before = torch.get_float32_matmul_precision()
    with fast_matmul():
        pass
    assert torch.get_float32_matmul_precision() == before


def test_tie_ranks_follow_descending_bytes():
    assert tie_ranks(["a", "c", "b"]).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: search(np.ones((1, 3), np.float32), c, 1), "width 2"),
        (lambda c: search(np.ones((1, 2), np.float32), c, 0), "depth must be >= 1, got 0"),
        (
            lambda c: count_above(
                np.ones((1, 2), np.float32), c, Wanted(np.array([0, 1, 1]), np.zeros(1, np.int32))
            ),
            "1 queries",
        ),
        (
            lambda c: count_above(
                np.ones((1, 2), np.float32), c, Wanted(np.array([0, 1]), np.array([7], np.int32))
            ),
            "got 7",
        ),
        (lambda c: lay_out(np.ones((2, 2), np.float32), ["a"]), "2 document embeddings, 1 ids"),
        (lambda c: lay_out(np.ones((0, 2), np.float32), []), "shape"),
        (
            lambda c: lay_out(np.ones((1, 2), np.float32), ["a"], part_documents=0),
            "part_documents must be >= 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(SearchError, match=message):
        call(lay_out(np.eye(2, dtype=np.float32), ["a", "b"]))


def test_a_single_tie_in_a_large_collection_is_found():
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((1_000, 8)).astype(np.float32)
    vectors[700] = vectors[20]
    collection = lay_out(vectors, [f"{i:04d}" for i in range(1_000)], np.arange(1_000) % 3)
    query = vectors[20][None]
    counts = count_above(query, collection, Wanted(np.array([0, 1]), np.array([20], np.int32)))
    above = np.flatnonzero(vectors @ query[0] > vectors[20] @ query[0])
    expected = np.bincount(np.append(np.setdiff1d(above, [20, 700]), 700) % 3, minlength=3)
    assert counts[0].tolist() == expected.tolist()


def _kind_case(seed, *, ties):
    """A case with many documents, relevant ones high and low, repeated and excluded documents."""
    rng = np.random.default_rng(seed)
    num_queries, documents = int(rng.integers(1, 30)), int(rng.choice([40, 700, 3_000]))
    scale, low, high = (1, -2, 3) if ties else (64, -64, 65)
    dim = int(rng.choice([2, 3, 8]))
    queries, vectors = (
        (rng.integers(low, high, (number, dim)) / scale).astype(np.float32)
        for number in (num_queries, documents)
    )
    wanted, excluded = [], []
    for scores in queries @ vectors.T:
        size = min(int(rng.choice([0, 1, 11, 40])), documents)
        among = np.argsort(-scores)[: max(size, int(rng.choice([50, documents])))]
        wanted.append(rng.choice(among, size, replace=bool(rng.random() < 0.2)))
        excluded.append(np.setdiff1d(rng.choice(documents, int(rng.integers(0, 4))), wanted[-1]))
    num_blocks = int(rng.choice([1, 5, 40]))
    blocks = rng.integers(0, num_blocks, documents)
    return queries, vectors, _ids(rng, documents), blocks, num_blocks, _pairs(wanted), _pairs(excluded)


def _pairs(rows):
    sizes = [len(found) for found in rows]
    return Wanted(np.concatenate([[0], np.cumsum(sizes)]), np.concatenate(rows).astype(np.int32))


def _slow_search(queries, vectors, doc_ids, blocks, num_blocks, wanted, excluded, depth):
    """Counts and best rows by comparing every score with every wanted one."""
    ties = tie_ranks(doc_ids)
    counts, top = [], np.full((len(queries), depth), -1)
    for query, scores in enumerate(queries @ vectors.T):
        candidate = np.ones(len(scores), bool)
        candidate[excluded.document_rows[slice(*excluded.indptr[query : query + 2])]] = False
        for row in wanted.document_rows[slice(*wanted.indptr[query : query + 2])]:
            above = (scores > scores[row]) | ((scores == scores[row]) & (ties < ties[row]))
            counts.append(np.bincount(blocks[above & candidate], minlength=num_blocks))
        order = np.lexsort((ties, -scores))
        best = order[candidate[order]][:depth]
        top[query, : len(best)] = best
    return np.array(counts).reshape(-1, num_blocks), top


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    ties=st.booleans(),
    depth=st.sampled_from([0, 1, 10, 100]),
    part_documents=st.sampled_from([64, 333, 1_000, 16_384]),
    min_columns=st.sampled_from([1, 64, 2_048]),
    work=st.sampled_from([0.1, 10.0, 110.0, 10_000.0]),
)
def test_every_way_of_counting_agrees_with_comparing_everything(
    seed, ties, depth, part_documents, min_columns, work
):
    queries, vectors, doc_ids, blocks, num_blocks, wanted, excluded = _kind_case(seed, ties=ties)
    counts, top = _slow_search(queries, vectors, doc_ids, blocks, num_blocks, wanted, excluded, depth)
    collection = lay_out(vectors, doc_ids, blocks, num_blocks, part_documents=part_documents)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "MIN_COLUMNS", min_columns)
        patch.setattr(survivors, "_WORK_PER_SURVIVOR", work)
        found = scan(queries, collection, wanted=wanted, depth=depth, excluded=excluded)
        again = scan(queries, collection, depth=depth, excluded=excluded, chunk_bytes=20_000)
    np.testing.assert_array_equal(found.counts_above, counts)
    if depth:
        within = top[:, : collection.num_documents]
        np.testing.assert_array_equal(found.top.document_rows, within)
        np.testing.assert_array_equal(again.top.document_rows, within)


def _good_case(documents=5_000, queries=200, dim=64):
    """Queries near their four relevant documents, in vectors of any length."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((documents, dim)).astype(np.float32) * rng.uniform(0.5, 2, (documents, 1))
    rows = rng.integers(0, documents, (queries, 4)).astype(np.int32)
    near = vectors[rows].sum(axis=1) + 4 * rng.standard_normal((queries, dim))
    wanted = Wanted(np.arange(queries + 1) * 4, rows.ravel())
    return near.astype(np.float32), vectors.astype(np.float32), _ids(rng, documents), wanted


@pytest.mark.parametrize("part_documents", [700, 1_024, 4_999])
def test_parts_do_not_change_what_is_found(part_documents):
    queries, vectors, doc_ids, wanted = _good_case()
    blocks = np.arange(len(vectors)) % 7
    whole = scan(queries, lay_out(vectors, doc_ids, blocks), wanted=wanted, depth=10)
    collection = lay_out(vectors, doc_ids, blocks, part_documents=part_documents)
    parts = scan(queries, collection, wanted=wanted, depth=10)
    assert collection.num_parts > 1
    np.testing.assert_array_equal(parts.counts_above, whole.counts_above)
    np.testing.assert_array_equal(parts.top.document_rows, whole.top.document_rows)
    np.testing.assert_array_equal(parts.top.scores, whole.top.scores)


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_a_memory_mapped_file_is_searched_as_vectors_in_memory_are(tmp_path, similarity):
    queries, vectors, doc_ids, wanted = _good_case()
    vectors[3] = 0
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    ready = normalize(vectors) if similarity == "cosine" else vectors
    inside = scan(queries, lay_out(ready, doc_ids), wanted=wanted, depth=10)
    streamed = scan(
        queries, lay_out(mapped, doc_ids, similarity=similarity, part_documents=512), wanted=wanted, depth=10
    )
    np.testing.assert_array_equal(streamed.counts_above, inside.counts_above)
    np.testing.assert_array_equal(streamed.top.document_rows, inside.top.document_rows)


def test_only_part_of_a_memory_mapped_file_may_be_searched(tmp_path):
    queries, vectors, doc_ids, _ = _good_case(documents=900)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")[100:500]
    top = search(queries, lay_out(mapped, doc_ids[100:500], part_documents=64), 3)
    expected = search(queries, lay_out(vectors[100:500], doc_ids[100:500]), 3)
    np.testing.assert_array_equal(top.document_rows, expected.document_rows)


@pytest.mark.parametrize("part_documents", [2, 100])
def test_a_document_whose_vector_is_not_finite_is_named(part_documents):
    vectors = np.ones((5, 2), np.float32)
    vectors[3, 1] = np.nan
    with pytest.raises(SearchError, match="vector of document 'd3' is not finite"):
        search(vectors[:1], lay_out(vectors, [f"d{i}" for i in range(5)], part_documents=part_documents), 1)


def test_a_product_does_not_depend_on_what_else_is_multiplied():
    rng = np.random.default_rng(0)
    left, right = (torch.from_numpy(rng.standard_normal((n, 96)).astype(np.float32)) for n in (70, 900))
    with fast_matmul():
        whole = left @ right.T
        for rows, columns in ((1, 900), (64, 13), (70, 333)):
            assert torch.equal(left[-rows:] @ right[-columns:].T, whole[-rows:, -columns:])


def test_threads_of_torch_are_as_before():
    before = torch.get_num_threads()
    search(np.eye(3, dtype=np.float32), lay_out(np.eye(3, dtype=np.float32), list("abc")), 1)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(torch.get_num_threads).result() == torch.get_num_threads() == before


def test_the_best_are_found_where_a_sample_promises_more_than_there_are():
    vectors = np.linspace(0, 1, 3_000, dtype=np.float32)[:, None]
    vectors[:6] += 5  # the first columns are in the sample
    top = search(np.ones((2, 1), np.float32), lay_out(vectors, [f"{i:04d}" for i in range(3_000)]), 10)
    assert top.document_rows[1].tolist() == [5, 4, 3, 2, 1, 0, 2_999, 2_998, 2_997, 2_996]
