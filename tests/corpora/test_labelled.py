from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus, concatenate, write_corpus
from isoglot.corpora.checking import check_corpus
from isoglot.corpora.folder import read_folder
from isoglot.corpora.labelled import find_pairs, label_pairs, parse_pairs
from isoglot.corpora.manifest import read_manifest
from isoglot.errors import CorpusError


def corpus_of(name: str = "pairs") -> ParallelCorpus:
    """Four groups in English and German; the last is German alone. Pairs in two splits, one with itself."""
    builder = CorpusBuilder(CorpusInfo(name, symmetric=True))
    for group in range(4):
        for language in ("en", "de") if group < 3 else ("de",):
            builder.add_sentence(f"g{group}.{language}", f"g{group}", language, f"text {group} {language}")
        builder.judge_group("test", f"g{group}")
    corpus = label_pairs(
        builder.build(),
        "test",
        "similarity",
        [("g0", "g1", 2.5), ("g2", "g2", 5.0), ("g1", "g3", 0.1), ("g0", "g1", 4)],
    )
    return label_pairs(corpus, "dev", "entailment", [("g0", "g2", "neutral"), ("g2", "g0", 0)])


def contents(corpus: ParallelCorpus) -> dict[tuple[str, str], list[tuple[str, str, float]]]:
    """Pairs by name of group."""
    names = {}
    for code, name in zip(corpus.document_groups, corpus.documents["group_id"].to_pylist(), strict=True):
        names[int(code)] = name
    return {
        key: [
            (names[first], names[second], label)
            for first, second, label in zip(
                part.first_groups.tolist(), part.second_groups.tolist(), part.labels.tolist(), strict=True
            )
        ]
        for key, part in corpus.labelled.items()
    }


PAIRS = {
    ("test", "similarity"): [("g0", "g1", 2.5), ("g2", "g2", 5.0), ("g1", "g3", 0.1), ("g0", "g1", 4.0)],
    ("dev", "entailment"): [("g0", "g2", 1.0), ("g2", "g0", 0.0)],
}


def test_pairs_keep_order_repetitions_and_pairs_of_one_group() -> None:
    assert contents(corpus_of()) == PAIRS


def test_find_pairs_takes_the_only_task() -> None:
    corpus = corpus_of()
    task, pairs = find_pairs(corpus, "dev")
    assert (task, len(pairs)) == ("entailment", 2)
    more = label_pairs(corpus, "dev", "paraphrase", [("g0", "g1", "1")])
    assert find_pairs(more, "dev", "paraphrase")[1].labels.tolist() == [1.0]
    with pytest.raises(CorpusError, match="has pairs for entailment, paraphrase; say for which task"):
        find_pairs(more, "dev")
    with pytest.raises(CorpusError, match=r"split 'train' .* there are pairs in test \(similarity\), dev"):
        find_pairs(corpus, "train")
    with pytest.raises(CorpusError, match="split 'test' for paraphrase"):
        find_pairs(corpus, "test", "paraphrase")
    with pytest.raises(CorpusError, match="'pairs' has no labelled pairs; read one that has"):
        find_pairs(replace(corpus, labelled={}), "test")


def test_label_pairs_reports_all_problems() -> None:
    wrong = [("g0", "nowhere", "0"), ("g0", "g1", "yes"), ("lost", "g1", 1), ("g0", "g1", 2)]
    with pytest.raises(CorpusError, match="pair 2 of 'test'") as caught:
        label_pairs(corpus_of(), "test", "paraphrase", wrong)
    assert caught.value.problems == (
        "pair 2 of 'test': the label must be 0, 1, got 'yes'",
        "pair 4 of 'test': the label must be 0, 1, got 2",
        "pair 1 of 'test': no query or document is of group 'nowhere'; remove the line",
        "pair 3 of 'test': no query or document is of group 'lost'; remove the line",
    )
    with pytest.raises(CorpusError, match="a finite number, got nan"):
        label_pairs(corpus_of(), "test", "similarity", [("g0", "g1", float("nan"))])
    with pytest.raises(CorpusError, match="no pair of split 'test'; give one"):
        label_pairs(corpus_of(), "test", "similarity", [])


def test_selecting_keeps_the_pairs_that_still_have_texts() -> None:
    corpus = corpus_of()
    assert contents(corpus.select(["de"])) == PAIRS
    english = contents(corpus.select(["en"]))
    assert english["test", "similarity"] == [("g0", "g1", 2.5), ("g2", "g2", 5.0), ("g0", "g1", 4.0)]
    assert set(corpus.select(splits=["test"]).labelled) == {("test", "similarity")}
    assert set(corpus.select(splits=["dev"]).labelled) == {("dev", "entailment")}  # it judges no query
    with pytest.raises(CorpusError, match="has no split 'train'"):
        corpus.select(splits=["train"])
    groups = corpus.document_groups[[0, 2]]
    assert contents(corpus.select_groups(groups)) == {
        ("test", "similarity"): [("g0", "g1", 2.5), ("g0", "g1", 4.0)]
    }


def test_taking_rows_in_another_order_keeps_the_pairs() -> None:
    corpus = corpus_of()
    backwards = np.arange(corpus.queries.num_rows, dtype=np.int32)[::-1]
    assert contents(corpus.take(backwards, backwards)) == PAIRS


@pytest.mark.parametrize("map_above_bytes", [1 << 30, 0])
def test_folder_round_trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, map_above_bytes: int) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    assert (folder / "pairs" / "dev.entailment.tsv").read_text(encoding="utf-8") == (
        "first-group-id\tsecond-group-id\tlabel\ng0\tg2\tneutral\ng2\tg0\tentailment\n"
    )
    for _ in range(2):  # the second time from the cache, if there is one
        back = read_folder(folder, map_above_bytes=map_above_bytes)
        assert {key: sorted(pairs) for key, pairs in contents(back).items()} == {
            key: sorted(pairs) for key, pairs in PAIRS.items()
        }
    assert back.labelled["test", "similarity"].labels.tolist() == [2.5, 5.0, 0.1, 4.0]
    assert back.labelled["test", "similarity"].first_groups.dtype == np.int32
    report = check_corpus(folder)
    assert report.problems == ()
    assert report.counts["pairs"] == {"dev": {"entailment": 2}, "test": {"similarity": 4}}
    assert read_manifest(folder).summary["pairs"] == {"test": {"similarity": 4}, "dev": {"entailment": 2}}


def test_a_changed_label_is_not_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    read_folder(write_corpus(corpus_of(), tmp_path / "corpus"), map_above_bytes=0)
    other = label_pairs(corpus_of(), "dev", "entailment", [("g0", "g2", "contradiction")])
    back = read_folder(write_corpus(other, tmp_path / "corpus"), map_above_bytes=0)
    assert back.labelled["dev", "entailment"].labels.tolist() == [2.0]


def test_a_corpus_without_pairs_has_no_folder_of_them(tmp_path: Path) -> None:
    folder = write_corpus(replace(corpus_of(), labelled={}), tmp_path / "corpus")
    assert not (folder / "pairs").exists()
    assert "pairs" not in check_corpus(folder).counts


def test_joined_corpora_keep_all_pairs_by_task() -> None:
    first, second = corpus_of("a"), corpus_of("b")
    second = label_pairs(second, "test", "paraphrase", [("g1", "g0", "1")])
    joined = contents(concatenate("both", [first, second]))
    assert joined["test", "similarity"] == [
        (f"{name}/{one}", f"{name}/{two}", label)
        for name in "ab"
        for one, two, label in PAIRS["test", "similarity"]
    ]
    assert joined["test", "paraphrase"] == [("b/g1", "b/g0", 1.0)]


BAD = {
    "a\tb\tc\n": ["pairs/test.similarity.tsv:1: must be the header first-group-id second-group-id label"],
    "": ["pairs/test.similarity.tsv:1: must be the header"],
    "first-group-id\tsecond-group-id\tlabel\n": [
        "pairs/test.similarity.tsv:1: holds no pair; remove the file"
    ],
    "first-group-id\tsecond-group-id\tlabel\ng0\tg1\n\ng0\tg1\tmuch\ng0\tg9\t1\ng8\tg0\tinf\ng7\tg7\t0\n": [
        "pairs/test.similarity.tsv:2: must be first-group-id, second-group-id, label with tabs between",
        "pairs/test.similarity.tsv:3: must be first-group-id",
        "pairs/test.similarity.tsv:4: the label must be a finite number, got 'much'",
        "pairs/test.similarity.tsv:6: the label must be a finite number, got 'inf'",
        "pairs/test.similarity.tsv:5: no query or document is of group 'g9'; remove the line",
        "pairs/test.similarity.tsv:7: no query or document is of group 'g7'; remove the line",
    ],
}


@pytest.mark.parametrize("content", BAD)
def test_bad_rows_are_reported_by_line_all_at_once(tmp_path: Path, content: str) -> None:
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    (folder / "pairs" / "test.similarity.tsv").write_text(content, encoding="utf-8", newline="\n")
    manifest = folder / "corpus.json"
    manifest.write_text('{"name": "pairs"}', encoding="utf-8")
    with pytest.raises(CorpusError, match=r"test\.similarity\.tsv:") as caught:
        read_folder(folder)
    checked = check_corpus(folder).problems
    for found in (caught.value.problems, checked):
        assert len(found) == len(BAD[content])
        for problem, wanted in zip(found, BAD[content], strict=True):
            assert problem.removeprefix(f"{folder}/").startswith(wanted)


def test_files_are_named_after_split_and_task(tmp_path: Path) -> None:
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    for name in ("test.tsv", "dev.colour.tsv"):
        (folder / "pairs" / name).write_text("x\n", encoding="utf-8")
    with pytest.raises(
        CorpusError, match=r"(?s)dev\.colour\.tsv:1: must be named .*test\.tsv:1: must be named"
    ):
        read_folder(folder)
    problems = check_corpus(folder).problems
    assert sum("must be named <split>.<task>.tsv" in problem for problem in problems) == 2
    assert sum("has no checksum" in problem for problem in problems) == 2


def test_a_split_that_cannot_name_a_file_is_refused(tmp_path: Path) -> None:
    corpus = label_pairs(corpus_of(), "a b", "similarity", [("g0", "g1", 1.0)])
    with pytest.raises(CorpusError, match="split 'a b' of 'pairs' cannot name a file"):
        write_corpus(corpus, tmp_path / "corpus")


def test_mutated_files_give_pairs_or_a_corpus_error_never_a_silent_loss(tmp_path: Path) -> None:
    folder = write_corpus(corpus_of(), tmp_path / "corpus")
    (folder / "corpus.json").write_text('{"name": "pairs"}', encoding="utf-8")
    path = folder / "pairs" / "test.similarity.tsv"
    good = path.read_bytes()
    rng = random.Random(0)
    refused = 0
    for _ in range(300):
        data = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            data[at : at + rng.randint(0, 2)] = bytes(
                rng.choice(b"\t\n\r\x00g01.,-e\xff\"'") for _ in range(2)
            )
        path.write_bytes(data)
        problems = check_corpus(folder).problems
        if problems:
            refused += 1
            with pytest.raises(CorpusError, match=r"test\.similarity\.tsv"):
                read_folder(folder)
        else:
            found = read_folder(folder).labelled["test", "similarity"]
            assert len(found) == data.removesuffix(b"\n").count(b"\n")
    assert refused > 100


def test_lines_are_read_even_if_another_one_is_bad() -> None:
    problems: list[str] = []
    lines = ["first-group-id\tsecond-group-id\tlabel", "a\tb\t7", "a\tb\tneutral"]
    assert parse_pairs(lines, "f", "entailment", problems) == [("a", "b", 1.0, "f:3")]
    assert problems == ["f:2: the label must be entailment, neutral, contradiction, got '7'"]
