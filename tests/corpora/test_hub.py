"""Data sets by hub name: `load_dataset` is replaced by small local tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from isoglot.corpora import list_datasets, read_corpus
from isoglot.errors import CorpusError

datasets = pytest.importorskip("datasets")

Tables = dict[tuple[str | None, str], list[dict[str, Any]]]


def squad_row(name: str, context: str, question: str, answer: str, **extra: Any) -> dict[str, Any]:
    answers = {"text": [answer], "answer_start": [context.index(answer)]}
    return {"id": name, "context": context, "question": question, "answers": answers, **extra}


def sentences(context: str) -> dict[str, Any]:
    middle = context.index(".") + 1
    return {
        "sentences": [context[:middle], context[middle + 1 :]],
        "sentence_breaks": [[0, middle], [middle + 1, len(context)]],
    }


RED, ROT = "It is red. Yes.", "Es ist rot. Ja."
HUB: dict[str, Tables] = {
    "google-research-datasets/xquad_r": {
        ("en", "validation"): [
            squad_row("q1", RED, "Now?", "red", **sentences(RED)),
            squad_row("q2", RED, "What?", "Yes", **sentences(RED)),
        ],
        ("de", "validation"): [
            squad_row("q1", ROT, "Nun?", "rot", **sentences(ROT)),
            squad_row("q2", ROT, "Was?", "Ja", **sentences(ROT)),
        ],
    },
    "facebook/mlqa": {
        (f"mlqa.{told}.{asked}", "test"): [squad_row("q1", {"de": ROT, "en": RED}[told], f"{asked}?", ".")]
        for told in ("de", "en")
        for asked in ("de", "en")
    },
    "google-research-datasets/tydiqa": {
        ("secondary_task", "train"): [
            squad_row("finnish-1-0", "Se on.", "Mikä?", "on"),
            squad_row("russian-1-0", "Да.", "Что?", "Да"),
        ],
        ("secondary_task", "validation"): [squad_row("finnish-2-0", "Ei.", "Kuka?", "Ei")],
    },
    "facebook/belebele": {
        (code, "test"): [
            {
                "link": "https://a",
                "question_number": number,
                "flores_passage": f"text {code}",
                "question": f"{number}? {code}",
            }
            for number in (1, 2)
        ]
        for code in ("eng_Latn", "deu_Latn")
    },
    "miracl/miracl": {
        (language, split): [
            {
                "query_id": f"{split}-1#0",
                "query": f"{language} {split}?",
                "positive_passages": [{"docid": "7#0", "title": "T", "text": f"yes {language}"}],
                "negative_passages": [{"docid": f"8#{split}", "title": "T", "text": f"no {language}"}],
            }
        ]
        for language, split in (("sw", "train"), ("sw", "dev"), ("yo", "dev"))
    },
    "miracl/miracl-corpus": {
        (language, "train"): [
            {"docid": name, "title": "T", "text": f"{name} {language}"}
            for name in ("7#0", "8#train", "8#dev", "9#0")
        ]
        for language in ("sw", "yo")
    },
    "facebook/xnli": {
        (language, split): [{"premise": f"p {language}", "hypothesis": f"h {language} {split}", "label": 0}]
        for language in ("en", "de")
        for split in ("validation", "test")
    },
    "google-research-datasets/paws-x": {
        (language, split): [
            {
                "id": 1,
                "sentence1": f"a {language}",
                "sentence2": "NS" if language == "de" else "b",
                "label": 0,
            }
        ]
        for language in ("en", "de")
        for split in ("validation", "test")
    },
    "PhilipMay/stsb_multi_mt": {
        (language, split): [
            {"sentence1": f"a {language}", "sentence2": f"b {language}", "similarity_score": 1.0}
        ]
        for language in ("en", "de")
        for split in ("train", "dev", "test")
    },
    "mteb/NTREX": {(None, "test"): [{"eng_Latn": "one", "deu_Latn": "eins", "zho_Hans": "一", "id": "x"}]},
    "gmnlp/tico19": {
        ("en-fr", split): [{"sourceString": f"fever {split}", "targetString": f"fièvre {split}", "url": ""}]
        for split in ("validation", "test")
    },
    "apple/mkqa": {
        (None, "train"): [
            {"example_id": 7, "queries": {"en": "who", "de": "wer", "zh_cn": None}, "query": "who"}
        ]
    },
    "mteb/tatoeba-bitext-mining": {
        ("deu-eng", "test"): [{"sentence1": "Ja.", "sentence2": "Yes.", "lang": "deu-eng"}],
    },
    "bentrevett/multi30k": {
        (None, split): [{"en": f"a dog {split}", "de": f"ein Hund {split}"}]
        for split in ("train", "validation", "test")
    },
}

WANTED: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "xquad-r": ({"languages": ["de", "en"]}, {"test": 4}),
    "mlqa": ({"languages": ["de", "en"]}, {"train": 2}),
    "tydiqa": ({}, {"train": 2, "dev": 1}),
    "belebele": ({"languages": ["de", "en"]}, {"test": 4}),
    "miracl": ({"languages": ["sw", "yo"]}, {"train": 1, "dev": 2}),
    "xnli": ({"languages": ["de", "en"]}, {"dev": 4, "test": 4}),
    "paws-x": ({"languages": ["de", "en"]}, {"dev": 2, "test": 2}),
    "stsb-multi-mt": ({"languages": ["de", "en"]}, {"train": 4, "dev": 4, "test": 4}),
    "ntrex": ({}, {"test": 3}),
    "tico-19": ({"languages": ["fr"]}, {"dev": 1, "test": 1}),
    "mkqa": ({}, {"test": 2}),
    "tatoeba": ({"languages": ["de", "en"]}, {"test": 2}),
    "multi30k": ({}, {"train": 2, "val": 2, "test_2016_flickr": 2}),
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None, str | None]]:
    """Stands in for the hub; holds what was asked for."""
    asked: list[tuple[str, str | None, str | None]] = []

    def load(repo: str, config: str | None = None, *, split: str, revision: str | None = None) -> Any:
        asked.append((repo, config, revision))
        return datasets.Dataset.from_list(HUB[repo][config, split])

    monkeypatch.setattr(datasets, "load_dataset", load)
    return asked


def test_every_data_set_on_the_hub_has_a_sample() -> None:
    assert set(WANTED) == {item.name for item in list_datasets() if item.hub is not None}


@pytest.mark.parametrize("name", WANTED)
def test_by_name(name: str, hub: list[Any]) -> None:
    options, splits = WANTED[name]
    corpus = read_corpus(name, **options)
    assert corpus.name == name
    assert {split: len(corpus.judgements(split)) for split in corpus.splits} == splits
    for split in corpus.splits:
        assert (corpus.judgements(split).relevant().grades == 1).all()


def test_joined_like_the_files(hub: list[Any]) -> None:
    corpus = read_corpus("xquad-r", languages=["de", "en"])
    assert corpus.documents["doc_id"].to_pylist() == ["de_0_0", "en_0_0", "de_0_1", "en_0_1"]
    judged = read_corpus("mlqa", languages=["de", "en"]).judgements("train")
    assert (judged.indptr[1:] - judged.indptr[:-1]).tolist() == [2, 2]


def test_miracl_with_all_passages_or_the_judged_ones(hub: list[Any]) -> None:
    whole = read_corpus("miracl", languages=["sw"])
    assert sorted(whole.documents["doc_id"].to_pylist()) == ["sw_7#0", "sw_8#dev", "sw_8#train", "sw_9#0"]
    assert whole.judgements("dev").grades.tolist() == [1, 0]
    asked = len(hub)
    judged = read_corpus("miracl", languages=["sw"], splits=["dev"], documents="judged")
    assert judged.document_texts(np.array([0, 1], np.int32)) == ["T\nyes sw", "T\nno sw"]
    assert [repo for repo, _, _ in hub[asked:]] == ["miracl/miracl"]


def test_ns_and_missing_translations_are_left_out(hub: list[Any]) -> None:
    assert "NS" not in read_corpus("paws-x", languages=["de", "en"]).documents["text"].to_pylist()
    assert read_corpus("mkqa").languages == ("de", "en")


def test_scripts_are_read_from_their_parquet_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(repo: str, config: str | None = None, *, split: str, revision: str | None = None) -> Any:
        asked.append(revision)
        if revision is None:
            raise RuntimeError("Dataset scripts are no longer supported")
        return datasets.Dataset.from_list(HUB[repo][config, split])

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert read_corpus("mkqa").num_groups == 1
    assert asked == [None, "refs/convert/parquet"]


def test_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, **__: Any) -> Any:
        raise ConnectionError("offline")

    monkeypatch.setattr(datasets, "load_dataset", load)
    with pytest.raises(CorpusError, match=r"apple/mkqa/train: cannot be loaded from the hub \(offline\)"):
        read_corpus("mkqa")


def test_changed_columns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    table = datasets.Dataset.from_list([{"id": "q", "context": "c", "question": "?", "answers": {}}])
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: table)
    with pytest.raises(CorpusError, match="has no column 'sentences', 'sentence_breaks'; it has id, context"):
        read_corpus("xquad-r")
    with pytest.raises(CorpusError, match="no column is named by a language; it has"):
        read_corpus("ntrex")


def test_rows_of_another_kind_are_reported(hub: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"id": "klingon-1", "context": "c", "question": "?", "answers": {"text": ["c"], "answer_start": [0]}},
        {
            "id": "finnish-1",
            "context": "c",
            "question": "?",
            "answers": {"text": ["c"], "answer_start": [0, 1]},
        },
    ]
    monkeypatch.setitem(HUB["google-research-datasets/tydiqa"], ("secondary_task", "train"), rows)
    with pytest.raises(
        CorpusError, match=r"train:1: qas\[0\]: id 'klingon-1' starts with no known"
    ) as caught:
        read_corpus("tydiqa")
    assert "lists of the same length" in "".join(caught.value.problems)
