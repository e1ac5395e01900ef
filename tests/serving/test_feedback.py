from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from isoglot.corpora.qrels import parse_qrels
from isoglot.errors import CorpusError
from isoglot.serving.feedback import Feedback, query_id_of


def judgements(folder) -> dict[tuple[str, str], int]:
    problems: list[str] = []
    lines = (folder / "qrels.tsv").read_text("utf-8").rstrip("\n").split("\n")
    found = parse_qrels(lines, "qrels.tsv", problems)
    assert not problems
    return {(query, doc): grade for query, doc, grade, _ in found}


def test_thumbs_are_kept_over_a_restart_and_the_last_one_counts(tmp_path):
    feedback = Feedback(tmp_path)
    assert list(tmp_path.iterdir()) == []
    feedback.judge("หมา", "th", "a file.txt", 1)
    feedback.judge("หมา", "th", "b", 1)
    again = Feedback(tmp_path)
    again.judge("หมา", "th", "a file.txt", 0)
    again.judge("หมา", "th", "b", 1)
    again.judge("狗", None, "b", 1)
    dog = query_id_of("หมา")
    assert judgements(tmp_path) == {(dog, "a file.txt"): 0, (dog, "b"): 1, (query_id_of("狗"), "b"): 1}
    lines = (tmp_path / "queries.tsv").read_text("utf-8").split("\n")
    assert lines == ["query-id\tlanguage\ttext", f"{dog}\tth\tหมา", f"{query_id_of('狗')}\t\t狗", ""]


def test_many_may_judge_at_once(tmp_path):
    feedback = Feedback(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: feedback.judge(f"query {n % 7}", None, f"d{n % 50}", n % 2), range(200)))
    assert len(judgements(tmp_path)) == len({(n % 7, n % 50) for n in range(200)})


def test_half_a_line_is_taken_back(tmp_path, monkeypatch):
    feedback = Feedback(tmp_path)
    feedback.judge("dog", None, "a", 1)
    before = (tmp_path / "qrels.tsv").read_bytes()
    whole = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: whole(descriptor, content[:3]))
    with pytest.raises(OSError, match="disk is full"):
        feedback.judge("dog", None, "b", 1)
    monkeypatch.undo()
    assert (tmp_path / "qrels.tsv").read_bytes() == before
    feedback.judge("dog", None, "b", 1)
    assert len(judgements(tmp_path)) == 2


def test_files_of_another_kind_are_refused(tmp_path):
    (tmp_path / "qrels.tsv").write_text("what\tis this\n", "utf-8")
    with pytest.raises(CorpusError, match=r"qrels.tsv:1"):
        Feedback(tmp_path)
