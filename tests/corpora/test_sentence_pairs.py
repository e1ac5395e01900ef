from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pytest

from isoglot.corpora import ParallelCorpus, read_dataset
from isoglot.errors import CorpusError


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
    return folder


def pairs_of(corpus: ParallelCorpus, split: str, language: str = "en") -> list[tuple[str, str, float]]:
    """First text of each group in a language, and the label; a missing one is `-`."""
    (part,) = (found for (name, _), found in corpus.labelled.items() if name == split)
    texts: dict[int, str] = {}
    rows = zip(
        corpus.document_groups.tolist(),
        corpus.documents["language"].to_pylist(),
        corpus.documents["text"].to_pylist(),
        strict=True,
    )
    for group, tag, text in rows:
        if tag == language:
            texts.setdefault(group, text)
    return [
        (texts.get(first, "-"), texts.get(second, "-"), label)
        for first, second, label in zip(
            part.first_groups.tolist(), part.second_groups.tolist(), part.labels.tolist(), strict=True
        )
    ]


XNLI = {
    "dev-en.tsv": "p\th1\tneutral\np\th2\tentailment\nh2\tp\tcontradiction\n",
    "dev-de.tsv": "P\tH1\tneutral\nP\tH2\tentailment\nh2 neu\tP\tcontradiction\n",
    "test-en.tsv": "x\ty\n",
    "test-de.tsv": "X\tY\n",
}


def test_merged_duplicates_are_one_group_of_several_pairs(tmp_path: Path) -> None:
    merged = read_dataset("xnli", written(tmp_path, XNLI))
    assert set(merged.labelled) == {("dev", "entailment")}
    assert pairs_of(merged, "dev") == [("p", "h1", 1.0), ("p", "h2", 0.0), ("h2", "p", 2.0)]
    assert pairs_of(merged, "dev", "de")[2] == ("h2 neu", "P", 2.0)
    kept = read_dataset("xnli", tmp_path, duplicates="keep")
    assert pairs_of(kept, "dev") == pairs_of(merged, "dev")
    assert len({*kept.labelled["dev", "entailment"].first_groups.tolist()}) == 3
    assert len({*merged.labelled["dev", "entailment"].first_groups.tolist()}) == 2


def test_a_pair_of_a_sentence_with_itself_stays(tmp_path: Path) -> None:
    files = {"stsb-en-test.csv": "a,a,5.0\na,b,1.0\n", "stsb-de-test.csv": "A,A2,5.000\nA,B,1\n"}
    corpus = read_dataset("stsb-multi-mt", written(tmp_path, files))
    assert pairs_of(corpus, "test") == [("a", "a", 5.0), ("a", "b", 1.0)]
    part = corpus.labelled["test", "similarity"]
    assert part.first_groups[0] == part.second_groups[0]


def test_labels_of_test_are_read_where_the_files_have_them(tmp_path: Path) -> None:
    files = XNLI | {"test-de.tsv": "X\tY\tcontradiction\n"}
    assert pairs_of(read_dataset("xnli", written(tmp_path, files)), "test") == [("x", "y", 2.0)]
    files |= {"test-en.tsv": "x\ty\tneutral\nx\tz\n", "test-de.tsv": "X\tY\nX\tZ\n"}
    with pytest.raises(CorpusError, match=r"test-en\.tsv:2: has no label, but other lines have"):
        read_dataset("xnli", written(tmp_path, files))


PAWS = {
    "dev-en.tsv": "a\tb\t1\nc\td\t0\ne\tf\t1\n",
    "dev-fr.tsv": "A\tB\t1\nNS\tD\t1\nE\tF\t1\n",
}


def test_a_missing_translation_takes_the_pair_from_that_language_alone(tmp_path: Path) -> None:
    corpus = read_dataset("paws-x", written(tmp_path, PAWS))
    assert pairs_of(corpus, "dev") == [("a", "b", 1.0), ("c", "d", 0.0), ("e", "f", 1.0)]
    assert pairs_of(corpus, "dev", "fr") == [("A", "B", 1.0), ("-", "-", 0.0), ("E", "F", 1.0)]
    french = read_dataset("paws-x", tmp_path, languages=["fr"])
    assert pairs_of(french, "dev", "fr") == [("A", "B", 1.0), ("E", "F", 1.0)]


def test_wrong_and_contradictory_labels_are_reported_together(tmp_path: Path) -> None:
    files = {
        "dev-en.tsv": "a\tb\t1\nc\td\tno\ne\tf\t1\n",
        "dev-fr.tsv": "A\tB\t0\nC\tD\t0\nE\tF\t\n",
    }
    with pytest.raises(CorpusError, match="the label") as caught:
        read_dataset("paws-x", written(tmp_path, files))
    problems = [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]
    assert problems == [
        "dev-en.tsv:2: the label must be 0, 1, got 'no'",
        f"dev-fr.tsv:1: the label is 0, but that of the same pair in {tmp_path}/dev-en.tsv:1 is another; "
        "files aligned by row must agree",
        "dev-fr.tsv:3: the label must be 0, 1, got ''",
    ]


HEADER = "language\tgold_label\tgenre\tsentence1\tsentence2\tpairID\n"
MIXED = {
    "XNLI-1.0/xnli.test.tsv": HEADER
    + "ar\tneutral\tg\tP\tH\t7\n"
    + "en\tentailment\tg\tq\ti\t9\n"
    + "en\tneutral\tg\tp\th\t7\n"
    + "ar\tentailment\tg\tQ\tI\t9\n"
}


def test_xnli_as_its_authors_distribute_it(tmp_path: Path) -> None:
    corpus = read_dataset("xnli", written(tmp_path, MIXED))
    assert pairs_of(corpus, "test") == [("q", "i", 0.0), ("p", "h", 1.0)]
    assert pairs_of(corpus, "test", "ar") == [("Q", "I", 0.0), ("P", "H", 1.0)]
    assert len(corpus.judgements("test")) == 8
    with pytest.raises(CorpusError, match=r"test-en\.tsv: holds what .*xnli\.test\.tsv holds; leave one"):
        read_dataset("xnli", written(tmp_path, {"test-en.tsv": "a\tb\n"}))


def test_bad_rows_of_tables_are_reported(tmp_path: Path) -> None:
    same = "en\tneutral\tg\tp\th\t1\n"
    rows = same + same + "ar\tneutral\tg\tp\th\t2\nar\tneutral\tg\n?\ta\tb\tc\td\t1\n"
    with pytest.raises(CorpusError, match=r"xnli\.dev\.tsv") as caught:
        read_dataset("xnli", written(tmp_path, {"xnli.dev.tsv": HEADER + rows}))
    found = [problem.removeprefix(f"{tmp_path}/xnli.dev.tsv:") for problem in caught.value.problems]
    assert [problem.split(":")[0] for problem in found] == ["5", "6", "3", "4"]
    assert found[2] == "3: pair '1' is there twice; ids must be unique"
    assert found[3] == "4: pair '2' is not in the reference language"
    with pytest.raises(CorpusError, match=r"xnli\.dev\.tsv:1: no column 'pairID' in the header"):
        read_dataset(
            "xnli", written(tmp_path, {"xnli.dev.tsv": "language\tgold_label\tsentence1\tsentence2\n"})
        )


def test_paws_x_as_its_authors_distribute_it(tmp_path: Path) -> None:
    head = "id\tsentence1\tsentence2\tlabel\n"
    files = {
        "x-final/en/test_2k.tsv": head + "1\ta\tb\t0\n2\tc\td\t1\n",
        "x-final/ko/test_2k.tsv": head + "1\tNS\tB\t0\n2\tC\tD\t1\n",
        "x-final/en/translated_train.tsv": "not read",
    }
    corpus = read_dataset("paws-x", written(tmp_path, files))
    assert pairs_of(corpus, "test") == [("a", "b", 0.0), ("c", "d", 1.0)]
    assert pairs_of(corpus, "test", "ko") == [("-", "-", 0.0), ("C", "D", 1.0)]
    with pytest.raises(CorpusError, match="is in 'ko', as"):
        read_dataset("paws-x", written(tmp_path, {"test-ko.tsv": "A\tB\nC\tD\n"}))


HUB: dict[str, tuple[tuple[str, str], str, list[Any], list[float]]] = {
    "xnli": (("premise", "hypothesis"), "label", [2, -1, 0], [2.0, 0.0]),
    "paws-x": (("sentence1", "sentence2"), "label", [1, 0, -1], [1.0, 0.0]),
    "stsb-multi-mt": (("sentence1", "sentence2"), "similarity_score", [2.5, 0.0, None], [2.5, 0.0]),
}


@pytest.mark.parametrize("name", HUB)
def test_labels_from_the_hub(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, second), column, published, wanted = HUB[name]

    def load(repo: str, config: str, *, split: str, revision: str | None = None) -> Any:
        rows = [
            {first: f"{config} {split} {n}", second: f"{config} {split} {n} b", column: label}
            for n, label in enumerate(published)
        ]
        return datasets.Dataset.from_list(rows)

    monkeypatch.setattr(datasets, "load_dataset", load)
    corpus = read_dataset(name, languages=["de"], splits=["test"])
    ((key, part),) = corpus.labelled.items()
    assert key[0] == "test"
    assert part.labels.tolist() == wanted


def test_a_label_that_the_hub_does_not_explain_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"premise": "a", "hypothesis": "b", "label": 3}
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: datasets.Dataset.from_list([row]))
    with pytest.raises(CorpusError, match="the label must be entailment, neutral, contradiction, got '3'"):
        read_dataset("xnli", languages=["en"], splits=["test"])


SHARED = {
    "xnli": {("dev", "entailment"): 2_490},
    "paws-x": {("dev", "paraphrase"): 2_000},
    "stsb-multi-mt": {
        ("dev", "similarity"): 1_500,
        ("test", "similarity"): 1_379,
        ("train", "similarity"): 5_749,
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("duplicates", ["merge", "keep"])
@pytest.mark.parametrize("name", SHARED)
def test_published_pairs(name: str, duplicates: str, shared_data: Path) -> None:
    corpus = read_dataset(name, shared_data / name, duplicates=duplicates)
    assert {key: len(part) for key, part in corpus.labelled.items()} == SHARED[name]
