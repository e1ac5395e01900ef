"""MLQA-R, MIRACL, Belebele, Mewsli-X: what is made of the published files, and what is refused."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isoglot.corpora import ParallelCorpus, normalize_language, read_dataset
from isoglot.corpora.datasets.hub_collections import _BELEBELE_CODES
from isoglot.errors import ConfigError, CorpusError

from .published import (
    PUBLISHED,
    article,
    belebele,
    entity,
    jsonl,
    mention,
    passage,
    squad,
    with_sentences,
    write_files,
)


def judged(corpus: ParallelCorpus, split: str) -> dict[str, dict[str, int]]:
    """query_id -> doc_id -> grade."""
    rows = corpus.judgements(split)
    query_ids, doc_ids = (
        corpus.queries["query_id"].to_pylist(),
        corpus.documents["doc_id"].to_pylist(),
    )
    found: dict[str, dict[str, int]] = {}
    for query, document, grade in zip(rows.pair_query_rows, rows.document_rows, rows.grades, strict=True):
        found.setdefault(query_ids[query], {})[doc_ids[document]] = int(grade)
    return found


def publish(name: str, folder: Path, **changed: str) -> Path:
    """The sample of a data set, with other content of the files whose names end in a key."""
    files: dict[str, Any] = dict(PUBLISHED[name].files)
    for end, content in changed.items():
        matching = [file for file in files if Path(file).name == end]
        assert len(matching) == 1
        files[matching[0]] = content
    return write_files(folder, files)


def test_mlqa_r_judges_the_languages_that_a_question_has(tmp_path: Path) -> None:
    corpus = read_dataset("mlqa-r", publish("mlqa-r", tmp_path))
    assert judged(corpus, "test") == {
        "en_q1": {"en_0_0": 1, "de_0_0": 1},
        "de_q1": {"en_0_0": 1, "de_0_0": 1},
        "en_q2": {"en_0_1": 1},
    }


def test_white_space_before_an_answer_belongs_to_the_gap_between_sentences(tmp_path: Path) -> None:
    asked = with_sentences("It is red. It was blue.", ("q1", "Then?", " It was"))
    corpus = read_dataset("mlqa-r", write_files(tmp_path, {"en.json": squad(asked)}))
    assert judged(corpus, "test") == {"en_q1": {"en_0_1": 1}}


def test_miracl_ids_grades_and_groups(tmp_path: Path) -> None:
    corpus = read_dataset("miracl", publish("miracl", tmp_path))
    assert judged(corpus, "dev") == {
        "ko_1#0": {"ko_7#0": 1},
        "sw_1#0": {"sw_7#0": 1, "sw_7#1": 0},
        "sw_2#0": {"sw_8#0": 1},
    }
    groups = dict(zip(*(corpus.documents[name].to_pylist() for name in ("doc_id", "group_id")), strict=True))
    assert groups["sw_7#0"] == "document-sw_7#0"
    assert groups["sw_7#1"] is None
    assert groups["sw_8#1"] is None
    assert "9#0" not in "".join(corpus.queries["query_id"].to_pylist())


def test_miracl_with_the_judged_passages_alone(tmp_path: Path) -> None:
    corpus = read_dataset("miracl", publish("miracl", tmp_path), documents="judged")
    assert sorted(corpus.documents["doc_id"].to_pylist()) == ["ko_7#0", "sw_7#0", "sw_7#1", "sw_8#0"]
    with pytest.raises(ConfigError, match="'documents' of miracl must be one of all, judged, got 'some'"):
        read_dataset("miracl", tmp_path, documents="some")


def test_miracl_reads_passages_as_they_come(tmp_path: Path) -> None:
    source = publish("miracl", tmp_path)
    line = jsonl(passage("{}", "many words " * 90)).encode()
    with gzip.open(source / "miracl-corpus-v1.0-sw/docs-2.jsonl.gz", "wb", compresslevel=1) as file:
        for number in range(20_000):
            file.write(line.replace(b"{}", f"9#{number}".encode(), 1))
    tracemalloc.start()
    try:
        corpus = read_dataset("miracl", source, documents="judged")
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert corpus.documents.num_rows == 4
    assert peak_bytes < 5_000_000  # of 20 MB


def test_miracl_passages_without_text_are_their_titles(tmp_path: Path) -> None:
    rows = jsonl(passage("7#0", "", "Moja"), passage("7#1", "Ile.", ""))
    source = publish("miracl", tmp_path, **{"docs-1.jsonl": jsonl(passage("8#0", "", "Mbili"))})
    (source / "miracl-corpus-v1.0-sw/docs-0.jsonl").write_text(rows, encoding="utf-8")
    corpus = read_dataset("miracl", source, languages=["sw"])
    assert corpus.document_texts(np.arange(3, dtype=np.int32)) == ["Moja", "Mbili", "Ile."]


def test_miracl_problems_come_all_at_once(tmp_path: Path) -> None:
    source = publish("miracl", tmp_path, **{"topics.miracl-v1.0-sw-dev.tsv": "1#0\tNani?\n2#0\n"})
    lines = [
        jsonl(passage("7#0", "Hii.")),
        '{"docid": 7}\n',
        jsonl({**passage("7#1", "Ile."), "title": 3}),
        "{\n",
        jsonl(passage("", "")),
    ]
    (source / "miracl-corpus-v1.0-sw/docs-0.jsonl").write_text("".join(lines), encoding="utf-8")
    with pytest.raises(CorpusError, match=r"topics\.miracl-v1\.0-sw-dev\.tsv:2: must have 2 cells") as caught:
        read_dataset("miracl", source)
    problems = "\n".join(caught.value.problems)
    for expected in (
        "docs-0.jsonl:2: 'docid' must be a text that is not empty, got int",
        "docs-0.jsonl:2: 'text' must be a text that is not empty, got nothing",
        "docs-0.jsonl:3: 'title' must be a text, got int",
        "docs-0.jsonl:4: not JSON",
        "docs-0.jsonl:5: 'docid' must be a text that is not empty, got an empty text",
        "judgement of an unknown document 'sw_7#1'",
        "judgement of an unknown query 'sw_2#0'",
    ):
        assert expected in problems


def test_miracl_needs_passages_and_topics_of_every_language(tmp_path: Path) -> None:
    source = publish("miracl", tmp_path)
    (source / "miracl-corpus-v1.0-ko/docs-0.jsonl").unlink()
    with pytest.raises(CorpusError, match=r"holds no miracl-corpus-v1\.0-<language>.* in 'ko'; add them"):
        read_dataset("miracl", source)
    assert read_dataset("miracl", source, languages=["sw"]).languages == ("sw",)
    (source / "miracl-v1.0-sw/topics/topics.miracl-v1.0-sw-dev.tsv").unlink()
    with pytest.raises(CorpusError, match="has no file of topics of the same language and split; add it"):
        read_dataset("miracl", source, languages=["sw"])
    with pytest.raises(CorpusError, match="no file of split 'train'; there is dev"):
        read_dataset("miracl", source, splits=["train"])


def test_belebele_joins_questions_and_shares_passages(tmp_path: Path) -> None:
    corpus = read_dataset("belebele", publish("belebele", tmp_path))
    found = judged(corpus, "test")
    relevant = {tuple(sorted(documents)) for documents in found.values()}
    assert relevant == {("ar_0", "en_1"), ("ar_1", "en_0"), ("en_0",)}
    assert {query_id.split("_")[0] for query_id in found} == {"ar", "en"}
    assert len({query_id.split("_")[1] for query_id in found}) == 3
    texts = dict(zip(*(corpus.documents[name].to_pylist() for name in ("doc_id", "text")), strict=True))
    assert texts["en_0"] == "It is red."


def test_belebele_tags_are_the_ones_that_other_data_sets_use() -> None:
    codes = _BELEBELE_CODES.split()
    tags = {code: normalize_language(code) for code in codes}
    assert len(codes) == len(set(tags.values())) == 122
    assert {tags[code] for code in ("arb_Arab", "kor_Hang", "swh_Latn", "uzn_Latn", "zho_Hans")} == {
        "ar", "ko", "sw", "uz", "zh",
    }  # fmt: skip
    assert [tags[code] for code in ("arb_Latn", "hin_Latn", "zho_Hant")] == ["ar-Latn", "hi-Latn", "zh-Hant"]


def test_belebele_bad_rows(tmp_path: Path) -> None:
    rows = jsonl(
        belebele("https://a", 1, "It is red.", "What?"),
        belebele("https://a", 1, "It is red.", "What else?"),
        {**belebele("https://b", 1, "Rain.", "When?"), "question_number": "1"},
        {**belebele("https://b", 1, "", "When?"), "question": None},
    )
    with pytest.raises(CorpusError, match=r"eng_Latn\.jsonl:2: question '\w+-1' is there twice") as caught:
        read_dataset("belebele", publish("belebele", tmp_path, **{"eng_Latn.jsonl": rows}))
    problems = "\n".join(caught.value.problems)
    assert "eng_Latn.jsonl:3: 'question_number' must be a whole number, got '1'" in problems
    assert "eng_Latn.jsonl:4: 'flores_passage' must be a text that is not empty" in problems
    assert "eng_Latn.jsonl:4: 'question' must be a text that is not empty, got nothing" in problems


def test_mewsli_x_marks_the_mention_in_its_sentence(tmp_path: Path) -> None:
    source = publish("mewsli-x", tmp_path)
    corpus = read_dataset("mewsli-x", source)
    texts = dict(zip(*(corpus.queries[name].to_pylist() for name in ("query_id", "text")), strict=True))
    assert texts["m1"] == "Er sah [Rom]."
    assert texts["m3"] == "[He] saw Rome."
    wider = read_dataset("mewsli-x", source, window=1)
    assert "Er kam. Er sah [Rom]." in wider.queries["text"].to_pylist()
    with pytest.raises(ValueError, match="window must be at least 0, got -1"):
        read_dataset("mewsli-x", source, window=-1)


def test_mewsli_x_shares_one_index(tmp_path: Path) -> None:
    corpus = read_dataset("mewsli-x", publish("mewsli-x", tmp_path), languages=["de"], splits=["test"])
    assert judged(corpus, "test") == {"m1": {"Q1": 1}}
    assert sorted(corpus.documents["doc_id"].to_pylist()) == ["Q1", "Q2", "Q3", "Q4"]
    document = corpus.document(corpus.documents["doc_id"].to_pylist().index("Q1"))
    assert (document.title, document.language, document.group_id) == ("Title Q1", "fi", "Q1")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {**article("en", "He."), "mentions": {}},
            r"test\.jsonl:1: 'mentions' must be a list of objects, got dict",
        ),
        (article("en", "", mention("m", "Q1", "x", 0)), "has no article text; restore it"),
        (article("en", "He.", mention("m", "Q1", "He", 1)), "mention 'He' is not at offset 1 of its article"),
        (article("en", "He.", mention("m", "Q1", "He", 40)), r"must be offsets into .* <= 3; got 40, 42"),
        (article("en", "He.", mention("m", "Q9", "He", 0)), "judgement of an unknown document 'Q9'"),
        (article("xx-bad", "He.", mention("m", "Q1", "He", 0)), "'xx-bad' is not a language tag"),
        ({"context": [], "mentions": []}, "'context' must be an object, got an empty list"),
    ],
)
def test_mewsli_x_bad_mentions(row: dict[str, Any], message: str, tmp_path: Path) -> None:
    good = article("en", "He saw Rome.", mention("good", "Q1", "Rome", 7))
    rows = json.dumps(row) + "\n" + jsonl(good)
    with pytest.raises(CorpusError, match=message):
        read_dataset("mewsli-x", publish("mewsli-x", tmp_path, **{"wikinews_mentions-test.jsonl": rows}))


def test_mewsli_x_bad_entities(tmp_path: Path) -> None:
    rows = jsonl(
        *(entity(name, "en", "Text.") for name in ("Q1", "Q2", "Q3", "Q3")),
        {**entity("Q5", "en", "x"), "description": ""},
        entity("Q6", "??", "x"),
    )
    with pytest.raises(CorpusError, match=r"entities\.jsonl:4: doc_id 'Q3' is there twice") as caught:
        read_dataset("mewsli-x", publish("mewsli-x", tmp_path, **{"candidate_set_entities.jsonl": rows}))
    assert [problem.split(":")[1] for problem in caught.value.problems] == ["4", "5", "6"]
