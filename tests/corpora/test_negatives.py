from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, concatenate, write_corpus
from isoglot.corpora.checking import check_corpus
from isoglot.corpora.equivalents import Equivalents
from isoglot.corpora.folder import read_folder
from isoglot.corpora.manifest import read_manifest
from isoglot.corpora.negative_files import parse_score
from isoglot.corpora.negatives import HardNegatives, add_negatives
from isoglot.errors import CorpusError

NEGATIVES = {
    "train": [("a.en", "b.en", 0.75), ("a.en", "far", 0.125), ("a.de", "b.de", 0.1), ("b.en", "p.de", -3e-8)],
    "dev": [("c.en", "a.en", 1.5)],
}


def unmined(name: str = "mined") -> ParallelCorpus:
    """Questions a, b and c, judged one by one, and passages whose groups are their own.

    Question a is answered by passage p.en alone, whose translation nobody judged; b by b.en, of group y;
    c by a whole group.
    """
    builder = CorpusBuilder(CorpusInfo(name))
    for group, language in (("a", "en"), ("a", "de"), ("b", "en"), ("c", "en")):
        builder.add_query(f"{group}.{language}", group, language, f"question {group} {language}")
    documents = (("p.en", "x"), ("p.de", "x"), ("b.en", "y"), ("b.de", "y"), ("c.en", "c"), ("a.en", "a"))
    for doc_id, group in documents:
        builder.add_document(doc_id, group, doc_id[-2:], f"passage {doc_id}")
    builder.add_document("far", None, "en", "a distractor")
    builder.judge("train", "a.en", "p.en", where="here")
    builder.judge("train", "b.en", "b.en", where="here")
    builder.judge("train", "b.en", "p.en", 0, where="here")
    builder.judge_group("dev", "c")
    return builder.build()


def with_rows(corpus: ParallelCorpus, named: list[tuple[str, str, float]]) -> HardNegatives:
    queries = corpus.queries["query_id"].to_pylist()
    documents = corpus.documents["doc_id"].to_pylist()
    return HardNegatives.from_pairs(
        corpus.queries.num_rows,
        np.array([queries.index(query) for query, _, _ in named], np.int32),
        np.array([documents.index(document) for _, document, _ in named], np.int32),
        np.array([score for _, _, score in named], np.float32),
    )


def corpus_of(name: str = "mined") -> ParallelCorpus:
    corpus = unmined(name)
    for split, named in NEGATIVES.items():
        corpus = add_negatives(corpus, split, with_rows(corpus, named))
    return corpus


def contents(corpus: ParallelCorpus) -> dict[str, list[tuple[str, str, float]]]:
    queries = corpus.queries["query_id"].to_pylist()
    documents = corpus.documents["doc_id"].to_pylist()
    return {
        split: [
            (queries[query], documents[document], score)
            for query, document, score in zip(
                part.pair_query_rows.tolist(), part.document_rows.tolist(), part.scores.tolist(), strict=True
            )
        ]
        for split, part in corpus.negatives.items()
    }


def rounded(named: list[tuple[str, str, float]]) -> list[tuple[str, str, float]]:
    return [(query, document, float(np.float32(score))) for query, document, score in named]


EXPECTED = {
    "train": rounded([NEGATIVES["train"][i] for i in (0, 1, 2, 3)]),
    "dev": rounded(NEGATIVES["dev"]),
}


def by_query(named: dict[str, list[tuple[str, str, float]]]) -> dict[str, list[tuple[str, str, float]]]:
    """In the order of the query ids; those of one query in their own."""
    return {split: sorted(part, key=lambda line: line[0]) for split, part in named.items()}


def test_negatives_are_given_by_query_row() -> None:
    corpus = corpus_of()
    assert by_query(contents(corpus)) == by_query(EXPECTED)
    assert len(corpus.negatives["train"].indptr) == corpus.queries.num_rows + 1
    assert len(corpus.negatives["train"]) == 4


@pytest.mark.parametrize(
    ("query", "document"),
    [("a.en", "p.en"), ("a.en", "p.de"), ("a.de", "p.en"), ("a.de", "p.de"), ("a.en", "a.en")],
    ids=["answer", "translated answer", "of a translation", "translated, of a translation", "own group"],
)
def test_what_means_the_same_is_no_negative_whatever_its_language(query: str, document: str) -> None:
    corpus = unmined()
    wrong = with_rows(corpus, [(query, "far", 1.0), (query, document, 1.0)])
    with pytest.raises(CorpusError, match=f"document '{document}' means the same as query '{query}' or"):
        add_negatives(corpus, "train", wrong)


def test_a_judged_document_of_grade_0_may_be_a_negative() -> None:
    corpus = unmined()
    added = add_negatives(corpus, "train", with_rows(corpus, [("b.en", "p.en", 1.0)]))
    assert contents(added) == {"train": [("b.en", "p.en", 1.0)]}


def test_equivalents_are_listed_as_they_are_told() -> None:
    corpus = unmined()
    equivalents = Equivalents.of(corpus)
    indptr, rows = equivalents.rows_for(corpus.query_groups)
    everything = np.arange(corpus.documents.num_rows, dtype=np.int32)
    documents = np.array(corpus.documents["doc_id"].to_pylist())
    listed = {}
    for row, query in enumerate(corpus.queries["query_id"].to_pylist()):
        listed[query] = set(documents[rows[indptr[row] : indptr[row + 1]]].tolist())
        group = np.full(len(everything), corpus.query_groups[row])
        assert set(documents[equivalents.include(group, everything)].tolist()) == listed[query]
    assert listed == {
        "a.en": {"p.en", "p.de", "a.en"},
        "a.de": {"p.en", "p.de", "a.en"},
        "b.en": {"b.en", "b.de"},
        "c.en": {"c.en"},
    }


def test_negatives_that_do_not_fit_the_corpus_are_refused() -> None:
    corpus = unmined()
    good = with_rows(corpus, [("a.en", "far", 1.0)])
    with pytest.raises(CorpusError, match="has no split 'test'"):
        add_negatives(corpus, "test", good)
    with pytest.raises(CorpusError, match="negatives of 2 queries for the 4 of 'mined'"):
        add_negatives(corpus, "train", replace(good, indptr=np.array([0, 1, 1])))
    with pytest.raises(CorpusError, match="no negative for split 'train' of 'mined'; give one"):
        add_negatives(corpus, "train", with_rows(corpus, []))
    with pytest.raises(CorpusError, match="rows beyond the 7 documents"):
        add_negatives(corpus, "train", replace(good, document_rows=np.array([7], np.int32)))


def test_a_corpus_with_other_negatives_is_not_the_one_of_the_folder(tmp_path: Path) -> None:
    corpus = read_folder(write_corpus(unmined(), tmp_path / "corpus"))
    assert corpus.checksums
    assert add_negatives(corpus, "train", with_rows(corpus, NEGATIVES["train"])).checksums == {}


@pytest.mark.parametrize("map_above_bytes", [1 << 30, 0])
def test_folder_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, map_above_bytes: int) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    assert (folder / "negatives" / "dev.tsv").read_text(encoding="utf-8") == (
        "query-id\tcorpus-id\tscore\nc.en\ta.en\t1.5\n"
    )
    for _ in range(2):  # the second time from the cache, if there is one
        back = read_folder(folder, map_above_bytes=map_above_bytes)
        assert by_query(contents(back)) == by_query(EXPECTED)
    part = back.negatives["train"]
    assert (part.indptr.dtype, part.document_rows.dtype, part.scores.dtype) == (
        np.int64,
        np.int32,
        np.float32,
    )
    report = check_corpus(folder)
    assert report.problems == ()
    assert report.counts["negatives"] == {"dev": 1, "train": 4}
    assert read_manifest(folder).summary["negatives"] == {"train": 4, "dev": 1}
    assert "negatives/train.tsv" in back.checksums


def test_changed_negatives_are_not_taken_from_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    read_folder(write_corpus(corpus_of(), tmp_path / "corpus"), map_above_bytes=0)
    corpus = unmined()
    other = add_negatives(corpus, "dev", with_rows(corpus, [("c.en", "far", 0.5)]))
    back = read_folder(write_corpus(other, tmp_path / "corpus"), map_above_bytes=0)
    assert contents(back) == {"dev": [("c.en", "far", 0.5)]}


def test_a_corpus_without_negatives_has_no_folder_of_them(tmp_path: Path) -> None:
    folder = write_corpus(unmined(), tmp_path / "corpus")
    assert not (folder / "negatives").exists()
    assert "negatives" not in check_corpus(folder).counts
    assert read_folder(folder).negatives == {}


def test_selecting_keeps_the_negatives_of_which_both_sides_stay() -> None:
    corpus = corpus_of()
    english = contents(corpus.select(["en"]))
    assert english == {"train": EXPECTED["train"][:2], "dev": EXPECTED["dev"]}
    assert set(corpus.select(splits=["train"]).negatives) == {"train"}
    everything = np.arange(corpus.documents.num_rows, dtype=np.int32)
    without_c = corpus.take(np.array([0, 1, 2], np.int32), everything)
    assert by_query(contents(without_c)) == by_query({"train": EXPECTED["train"]})


def test_taking_rows_in_another_order_keeps_the_negatives() -> None:
    corpus = corpus_of()
    backwards = corpus.take(
        np.arange(corpus.queries.num_rows, dtype=np.int32)[::-1],
        np.arange(corpus.documents.num_rows, dtype=np.int32)[::-1],
    )
    assert by_query(contents(backwards)) == by_query(EXPECTED)


def test_joined_corpora_keep_the_negatives_of_each() -> None:
    second = replace(corpus_of("b"), negatives={"dev": corpus_of("b").negatives["dev"]})
    joined = concatenate("all", [corpus_of("a"), second, corpus_of("z")])
    prefixed = {
        name: {
            split: [(f"{name}/{q}", f"{name}/{d}", s) for q, d, s in EXPECTED[split]] for split in EXPECTED
        }
        for name in "abz"
    }
    assert by_query(contents(joined)) == by_query(
        {
            "train": prefixed["a"]["train"] + prefixed["z"]["train"],
            "dev": prefixed["a"]["dev"] + prefixed["b"]["dev"] + prefixed["z"]["dev"],
        }
    )


HEADER = "query-id\tcorpus-id\tscore\n"
FILE = "negatives/train.tsv"
BAD = {
    "a\tb\tc\n": [f"{FILE}:1: must be the header query-id corpus-id score"],
    "": [f"{FILE}:1: must be the header"],
    HEADER: [f"{FILE}:1: holds no negative; remove the file"],
    HEADER + "a.en\tb.en\n\na.en\tfar\tmuch\na.en\tb.en\t1\na.en\tb.en\t2\n": [
        f"{FILE}:2: must be query-id, corpus-id, score with tabs between, got 2 cells",
        f"{FILE}:3: must be query-id, corpus-id, score with tabs between, got 1 cells",
        f"{FILE}:4: the score must be a finite number, got 'much'",
        f"{FILE}:6: 'b.en' is a negative of 'a.en' above; keep one line",
    ],
    HEADER + "a.en\tnowhere\t1\nx.en\tfar\t1\na.de\tp.de\t1\na.en\tp.en\t1\nc.en\tc.en\t.5\n": [
        f"{FILE}:2: there is no document 'nowhere'; remove the line",
        f"{FILE}:3: there is no query 'x.en'; remove the line",
        f"{FILE}:4: document 'p.de' means the same as query 'a.de' or an answer to it",
        f"{FILE}:5: document 'p.en' means the same as query 'a.en' or an answer to it",
        f"{FILE}:6: document 'c.en' means the same as query 'c.en' or an answer to it",
    ],
}


@pytest.mark.parametrize("content", BAD)
def test_bad_lines_are_reported_all_at_once(tmp_path: Path, content: str) -> None:
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    (folder / "negatives" / "train.tsv").write_text(content, encoding="utf-8", newline="\n")
    (folder / "corpus.json").write_text('{"name": "mined"}', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"train\.tsv:") as caught:
        read_folder(folder)
    for found in (caught.value.problems, check_corpus(folder).problems):
        assert len(found) == len(BAD[content])
        for problem, wanted in zip(found, BAD[content], strict=True):
            assert problem.removeprefix(f"{folder}/").startswith(wanted)


def test_a_file_of_no_split_is_refused(tmp_path: Path) -> None:
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    (folder / "negatives" / "train.tsv").rename(folder / "negatives" / "tain.tsv")
    problems = check_corpus(folder).problems
    assert any(
        problem.endswith("train.tsv:1: is missing, but corpus.json lists it; write the corpus again")
        for problem in problems
    )
    assert any("tain.tsv:1: has no checksum" in problem for problem in problems)
    assert any("tain.tsv:1: there is no split 'tain' in qrels/; remove the file" in p for p in problems)
    (folder / "corpus.json").write_text('{"name": "mined"}', encoding="utf-8")
    with pytest.raises(CorpusError, match="there is no split 'tain' in qrels/"):
        read_folder(folder)


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "", "x", "1e39", "-1e400"])
def test_what_is_no_score(text: str) -> None:
    assert parse_score(text) is None


def test_mutated_files_give_negatives_or_a_corpus_error_never_a_silent_loss(tmp_path: Path) -> None:
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    (folder / "corpus.json").write_text('{"name": "mined"}', encoding="utf-8")
    path = folder / "negatives" / "train.tsv"
    good = path.read_bytes()
    rng = random.Random(0)
    refused = 0
    for _ in range(200):
        data = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            data[at : at + rng.randint(0, 2)] = bytes(
                rng.choice(b"\t\n\r\x00ab01.,-e\xff\"'") for _ in range(2)
            )
        path.write_bytes(data)
        if check_corpus(folder).problems:
            refused += 1
            with pytest.raises(CorpusError, match=r"train\.tsv"):
                read_folder(folder)
        else:
            found = read_folder(folder).negatives["train"]
            assert len(found) == data.removesuffix(b"\n").count(b"\n")
    assert 100 < refused < 200
