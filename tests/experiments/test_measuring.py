"""One model on several corpora, each by its task."""

from __future__ import annotations

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, write_corpus
from isoglot.corpora.labelled import label_pairs
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError, CorpusError
from isoglot.evaluation import TransferLanguages
from isoglot.experiments.measuring import AUTO, Measuring, measure_all

WORDS = ("red", "blue", "round", "small", "old", "new", "wet", "dry")


def _sentences(name: str, languages: tuple[str, ...] = ("de", "en")) -> CorpusBuilder:
    builder = CorpusBuilder(CorpusInfo(name, symmetric=True))
    for number, word in enumerate(WORDS):
        for split in ("dev", "test"):
            group = f"{split}-{number}"
            for language in languages:
                text = f"{word} {split} {language}"
                builder.add_sentence(f"{group}.{language}", group, language, text)
            builder.judge_group(split, group)
    return builder


@pytest.fixture(scope="module")
def folder(tmp_path_factory, toy_corpus):
    """Three corpora and a model: rankings, translations, labelled pairs."""
    root = tmp_path_factory.mktemp("measuring")
    write_corpus(toy_corpus, root / "toy")
    write_corpus(_sentences("parallel").build(), root / "parallel")
    pairs = {
        split: [(f"{split}-{a}", f"{split}-{a + 1}", float(a % 5)) for a in range(7)]
        for split in ("dev", "test")
    }
    corpus = _sentences("graded").build()
    for split, rows in pairs.items():
        corpus = label_pairs(corpus, split, "similarity", rows)
    write_corpus(corpus, root / "graded")
    tokenizer = train_subwords([f"{word} {other}" for word in WORDS for other in WORDS], 200, model="bpe")
    build_static_encoder(tokenizer, 8).save_pretrained(str(root / "model"))
    return root


def test_a_corpus_folder_is_measured_by_what_it_holds(folder):
    told = []
    names = [folder / "parallel", folder / "graded"]
    results = measure_all(folder / "model", names, Measuring(), progress=told.append)
    assert results.corpora == ("parallel", "graded")
    assert "spearman" in {record.measure for record in results.select(corpus="graded")}
    assert "AP" in {record.measure for record in results.select(corpus="parallel")}
    assert told[-2:] == ["parallel: retrieval", "graded: similarity"]


def test_a_task_can_be_asked_for(folder):
    results = measure_all(folder / "model", [folder / "parallel"], Measuring(task="bitext"), name="mine")
    assert {record.measure for record in results.records} >= {"tatoeba_accuracy", "margin_accuracy"}
    assert results.models == ("mine",)
    with pytest.raises(CorpusError, match="has no labelled pairs"):
        measure_all(folder / "model", [folder / "parallel"], Measuring(task="similarity"))
    with pytest.raises(ConfigError, match=r"task must be one of .*, got 'tags'"):
        Measuring(task="tags")


def test_languages_of_transfer_are_those_that_a_corpus_has(folder):
    how = Measuring(split="dev", transfer=TransferLanguages("en", low_resource=(AUTO,), unseen=("th",)))
    results = measure_all(folder / "model", [folder / "toy", folder / "parallel"], how)
    assert {record.corpus for record in results.select(measure="AP_transfer_gap")} == {"toy", "parallel"}
    assert {record.corpus for record in results.select(measure="AP_unseen")} == {"toy"}
    nowhere = Measuring(split="dev", transfer=TransferLanguages(unseen=("yo",)))
    with pytest.raises(ConfigError, match="yo"):
        measure_all(folder / "model", [folder / "toy"], nowhere)


def test_members_of_a_suite_that_are_missing_are_named(folder, tmp_path):
    told = []
    how = Measuring(languages=("de", "en"))
    results = measure_all(folder / "model", ["xmir"], how, data_dir=tmp_path, progress=told.append)
    assert results.corpora == ("world", "world-text")
    unavailable = results.config[-1]["unavailable"]
    assert any(line.startswith("xquad-r:") for line in unavailable)
    assert sum(line.startswith("left out: ") for line in told) == len(unavailable)


def test_a_corpus_named_by_itself_must_be_there(folder, tmp_path):
    with pytest.raises(CorpusError, match="holds no folder xquad-r"):
        measure_all(folder / "model", ["xquad-r"], Measuring(), data_dir=tmp_path)
    with pytest.raises(CorpusError, match="did you mean 'xquad-r'"):
        measure_all(folder / "model", ["xquadr"], Measuring(), data_dir=tmp_path)
