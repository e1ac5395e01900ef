"""Exact search against a full sort, with ties, chunks, blocks and excluded documents."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from isoglot.errors import SearchError
from isoglot.retrieval import Wanted, count_above, lay_out, scan, search
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
