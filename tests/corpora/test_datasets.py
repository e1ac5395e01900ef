"""Every reader, on the layout its data set is published in: conformance, counts, bad input."""

from __future__ import annotations

import gzip
import json
import lzma
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from isoglot.corpora import (
    Dataset,
    list_datasets,
    normalize_language,
    read_corpus,
    read_dataset,
    write_corpus,
)
from isoglot.corpora.datasets.question_answer import detokenize
from isoglot.errors import ConfigError, CorpusError

from .published import PUBLISHED, Published, paragraph, squad, tmx, with_sentences, write_files, write_media


@pytest.fixture(params=PUBLISHED)
def published(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, Published]:
    sample = PUBLISHED[request.param]
    return request.param, write_files(tmp_path / "source", sample.files), sample


def test_every_data_set_has_a_sample() -> None:
    assert set(PUBLISHED) == {dataset.name for dataset in list_datasets()}


def test_counts_languages_and_splits(published: tuple[str, Path, Published]) -> None:
    name, source, sample = published
    corpus = read_dataset(name, source)
    assert corpus.name == name
    assert corpus.languages == sample.languages
    assert corpus.documents.num_rows == sample.documents
    assert {split: len(corpus.judgements(split)) for split in corpus.splits} == sample.splits


def test_info_is_complete(published: tuple[str, Path, Published]) -> None:
    name, source, _ = published
    info = read_dataset(name, source).info
    assert info.licence
    assert info.citation
    assert info.description


def test_every_judged_query_has_a_relevant_document(published: tuple[str, Path, Published]) -> None:
    name, source, _ = published
    corpus = read_dataset(name, source)
    for split in corpus.splits:
        relevant = corpus.judgements(split).relevant()
        assert np.all(np.diff(relevant.indptr) >= 1)


def test_symmetric_corpora_have_each_text_on_both_sides(published: tuple[str, Path, Published]) -> None:
    name, source, _ = published
    corpus = read_dataset(name, source)
    same = corpus.queries["text"].to_pylist() == corpus.documents["text"].to_pylist()
    assert corpus.info.symmetric == same


def test_reading_twice_gives_the_same(published: tuple[str, Path, Published]) -> None:
    name, source, _ = published
    first, second = read_dataset(name, source), read_dataset(name, source)
    assert first.queries.equals(second.queries)
    assert first.documents.equals(second.documents)


def test_one_language_alone(published: tuple[str, Path, Published]) -> None:
    name, source, sample = published
    if name in ("nqg-squad", "mlqa", "mewsli-x"):
        pytest.skip("one language only, or none on both sides")
    corpus = read_corpus(name, source=source, languages=[sample.languages[-1]])
    assert corpus.languages == (sample.languages[-1],)


def test_unknown_language_is_refused(published: tuple[str, Path, Published]) -> None:
    name, source, _ = published
    if name == "nqg-squad":
        pytest.skip("English alone")
    with pytest.raises(CorpusError, match="no text in language 'cy'"):
        read_dataset(name, source, languages=["cy"])


def test_archives_and_compressed_files_read_like_folders(
    published: tuple[str, Path, Published], tmp_path: Path
) -> None:
    name, source, sample = published
    expected = read_dataset(name, source)
    packed = tmp_path / "packed"
    packed.mkdir()
    with tarfile.open(packed / "all.tar.xz", "w:xz") as archive:
        archive.add(source, arcname="data")
    zipped = tmp_path / "all.zip"
    with zipfile.ZipFile(zipped, "w") as zip_file:
        for path in sorted(source.rglob("*")):
            zip_file.write(path, path.relative_to(source))
    squeezed = tmp_path / "squeezed"
    for number, (file, content) in enumerate(sample.files.items()):
        compress, suffix = ((gzip.compress, ".gz"), (lzma.compress, ".xz"))[number % 2]
        write_files(squeezed, {file + suffix: compress(content.encode())})
    for other in (packed, packed / "all.tar.xz", zipped, squeezed):
        assert read_dataset(name, other).documents.equals(expected.documents)


def test_missing_source(published: tuple[str, Path, Published], tmp_path: Path) -> None:
    name, _, _ = published
    with pytest.raises(CorpusError, match="there is no such file or folder"):
        read_dataset(name, tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="holds no file"):
        read_dataset(name, tmp_path / "empty")


def test_an_empty_file_is_reported(published: tuple[str, Path, Published]) -> None:
    name, source, sample = published
    first = next(iter(sample.files))
    (source / first).write_bytes(b"")
    with pytest.raises(CorpusError, match=f"{Path(first).name}:"):
        read_dataset(name, source)


def test_bad_utf8_is_reported_with_its_line(published: tuple[str, Path, Published]) -> None:
    name, source, sample = published
    first = source / next(iter(sample.files))
    first.write_bytes(first.read_bytes() + b"\xff\n")
    lines = first.read_bytes().count(b"\n")
    with pytest.raises(CorpusError, match=rf"{first.name}:{lines}: (byte 0xff|not XML)"):
        read_dataset(name, source)


def test_damaged_archive(published: tuple[str, Path, Published], tmp_path: Path) -> None:
    name, source, _ = published
    packed = tmp_path / "all.tar.xz"
    with tarfile.open(packed, "w:xz") as archive:
        archive.add(source, arcname="data")
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(CorpusError, match=r"all\.tar\.xz.*is damaged"):
        read_dataset(name, packed)


@pytest.mark.parametrize("language", ["en", "de"])
def test_u2028_stays_inside_a_line(language: str, tmp_path: Path) -> None:
    files = {f"newstest2019-ref.{code}.txt": "one\u2028more\ntwo\x85x\n" for code in ("deu", "fra")}
    files["newstest2019-src.eng.txt"] = "one\ntwo\n"
    corpus = read_dataset("ntrex", write_files(tmp_path, files))
    assert corpus.select([language]).documents.num_rows == 2
    assert "one\u2028more" in corpus.documents["text"].to_pylist()


def test_all_misaligned_files_are_reported(tmp_path: Path) -> None:
    files = {
        f"newstest2019-ref.{code}.txt": "one\n" * size for code, size in (("deu", 2), ("fra", 3), ("ita", 4))
    }
    files["newstest2019-src.eng.txt"] = "one\ntwo\nthree\n"
    with pytest.raises(CorpusError, match="must have equally many") as caught:
        read_dataset("ntrex", write_files(tmp_path, files))
    assert [problem.split(":")[0].split(".")[-2] for problem in caught.value.problems] == ["deu", "ita"]


def test_two_files_in_one_language(tmp_path: Path) -> None:
    files = {f"newstest2019-ref.{code}.txt": "one\n" for code in ("zho-CN", "cmn")}
    with pytest.raises(CorpusError, match=r"is in 'zh', as .*cmn\.txt is"):
        read_dataset("ntrex", write_files(tmp_path, files))


def test_duplicates_are_one_group_unless_kept(tmp_path: Path) -> None:
    files = {"newstest2019-src.eng.txt": "a\nb\na\n", "newstest2019-ref.deu.txt": "x\ny\nz\n"}
    write_files(tmp_path, files)
    merged, kept = read_dataset("ntrex", tmp_path), read_dataset("ntrex", tmp_path, duplicates="keep")
    assert (merged.num_groups, merged.documents.num_rows) == (2, 5)
    assert (kept.num_groups, kept.documents.num_rows) == (3, 6)


def test_wrong_offset_names_the_question(tmp_path: Path) -> None:
    broken = with_sentences("It is red.", ("q1", "Now?", "red"))
    broken["qas"][0]["answers"][0]["answer_start"] = 2
    with pytest.raises(
        CorpusError, match=r"en\.json: data\[0\]\.paragraphs\[0\]\.qas\[0\].*'red' is not at offset 2"
    ):
        read_dataset("xquad-r", write_files(tmp_path, {"en.json": squad(broken)}))


def test_truncated_json_names_the_line(tmp_path: Path) -> None:
    text = json.dumps(json.loads(squad(with_sentences("It is red.", ("q1", "Now?", "red")))), indent=1)
    cut = text[: text.index('"question"')]
    with pytest.raises(CorpusError, match=rf"en\.json:{cut.count(chr(10)) + 1}: not JSON"):
        read_dataset("xquad-r", write_files(tmp_path, {"en.json": cut}))


def test_duplicate_question_ids(tmp_path: Path) -> None:
    doubled = with_sentences("It is red.", ("q1", "Now?", "red"), ("q1", "Then?", "red"))
    with pytest.raises(CorpusError, match=r"question 'q1' is there twice in 'en'"):
        read_dataset("xquad-r", write_files(tmp_path, {"en.json": squad(doubled)}))


def test_answers_at_the_ends_of_sentences(tmp_path: Path) -> None:
    context = "It is red. Blue it was."
    asked = (("q1", "1?", "It"), ("q2", "2?", "."), ("q3", "3?", "Blue"), ("q4", "4?", "was."))
    files = {"en.json": squad(with_sentences(context, *asked))}
    corpus = read_dataset("xquad-r", write_files(tmp_path, files))
    judged = corpus.judgements("test")
    answers = corpus.document_texts(judged.document_rows)
    questions = [corpus.query(row).query_id for row in judged.query_rows]
    assert dict(zip(questions, answers, strict=True)) == {
        "en_q1": "It is red.",
        "en_q2": "It is red.",
        "en_q3": "Blue it was.",
        "en_q4": "Blue it was.",
    }


def test_answer_between_sentences(tmp_path: Path) -> None:
    gap = with_sentences("It is red. Blue.", ("q1", "Now?", "red"))
    gap["sentence_breaks"][0] = [0, 3]
    with pytest.raises(CorpusError, match=r"starts in 0 sentences \(offset 6\)"):
        read_dataset("xquad-r", write_files(tmp_path, {"en.json": squad(gap)}))


def test_xquad_r_documents_groups_and_context(tmp_path: Path) -> None:
    source = write_files(tmp_path, PUBLISHED["xquad-r"].files)
    corpus = read_dataset("xquad-r", source)
    rows = {row["doc_id"]: row for row in corpus.documents.to_pylist()}
    assert list(rows) == ["de_0_0", "en_0_0", "en_0_1", "de_0_1"]  # by group, distractors last
    # Both answers are in one German sentence, so both English ones hang together through it.
    assert {rows[name]["group_id"] for name in ("de_0_0", "en_0_0", "en_0_1")} == {"answer-q1"}
    assert rows["de_0_1"]["group_id"] is None
    judged = corpus.judgements("test")
    assert np.diff(judged.indptr).tolist() == [2, 2, 2, 2]
    with_context = read_dataset("xquad-r", source, context=True)
    assert "It was blue.\nIt is red. It was blue." in with_context.documents["text"].to_pylist()


def test_mlqa_pairs_the_same_language_across_files(tmp_path: Path) -> None:
    corpus = read_dataset("mlqa", write_files(tmp_path, PUBLISHED["mlqa"].files))
    judged = corpus.judgements("train")
    pairs = {
        (corpus.query(query).language, corpus.document(document).language)
        for position, query in enumerate(judged.query_rows)
        for document in judged.document_rows[judged.indptr[position] : judged.indptr[position + 1]]
    }
    assert pairs == {("de", "de"), ("de", "en"), ("en", "de"), ("en", "en")}


def test_mlqa_sentences_keep_the_one_with_the_answer(tmp_path: Path) -> None:
    context = "First one. The answer is red. Last one."
    files = {"test-context-en-question-de.json": squad(paragraph(context, ("q1", "Welche?", "red")))}
    corpus = read_dataset("mlqa", write_files(tmp_path, files), passages="sentence")
    judged = corpus.judgements("train")
    assert corpus.documents.num_rows == 3
    assert corpus.document_texts(judged.document_rows) == ["The answer is red."]


def test_mlqa_sentences_need_answers(tmp_path: Path) -> None:
    stripped = paragraph("It is red.", ("q1", "Welche?", "red"))
    stripped["qas"][0]["answers"] = [{"text": "", "answer_start": 0}]
    write_files(tmp_path, {"test-context-en-question-de.json": squad(stripped)})
    assert read_dataset("mlqa", tmp_path).documents.num_rows == 1
    with pytest.raises(CorpusError, match="its answer is stripped"):
        read_dataset("mlqa", tmp_path, passages="sentence")


def test_mlqa_held_out_share_splits_no_passage(tmp_path: Path) -> None:
    paragraphs = [
        paragraph(f"Text {number}.", (f"q{number}a", "A?", "Text"), (f"q{number}b", "B?", "Text"))
        for number in range(40)
    ]
    write_files(tmp_path, {"test-context-en-question-de.json": squad(*paragraphs)})
    corpus = read_dataset("mlqa", tmp_path, dev_share=0.25, seed=3)
    again = read_dataset("mlqa", tmp_path, dev_share=0.25, seed=3)
    other = read_dataset("mlqa", tmp_path, dev_share=0.25, seed=4)
    dev, train = corpus.judgements("dev"), corpus.judgements("train")
    assert (len(dev), len(train)) == (20, 60)
    assert not set(dev.document_rows) & set(train.document_rows)
    assert np.array_equal(dev.query_rows, again.judgements("dev").query_rows)
    assert not np.array_equal(dev.query_rows, other.judgements("dev").query_rows)
    with pytest.raises(ValueError, match="dev_share must be at least 0 and below 1, got 1"):
        read_dataset("mlqa", tmp_path, dev_share=1.0)


def test_paws_x_drops_ns_rows_of_that_language_alone(tmp_path: Path) -> None:
    corpus = read_dataset("paws-x", write_files(tmp_path, PUBLISHED["paws-x"].files))
    texts = corpus.documents["text"].to_pylist()
    assert "NS" not in texts
    assert "D" not in texts
    assert {"c", "d"} <= set(texts)


def test_mkqa_other_empty_files_are_problems(tmp_path: Path) -> None:
    files = {**PUBLISHED["mkqa"].files, "mkqa_dev/mkqa-pt.jsonl": ""}
    with pytest.raises(CorpusError, match=r"mkqa_dev/mkqa-pt\.jsonl:1: the file is empty"):
        read_dataset("mkqa", write_files(tmp_path, files))


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (
            '<tuv xml:lang="fr"><seg>a</seg></tuv>',
            r"tmx:8: a segment outside a unit, without language, or the second",
        ),
        ("<tu><tuv><seg>a</seg></tuv></tu>", "tmx:8: a segment outside a unit, without language"),
        (
            '<tu><tuv xml:lang="en"><seg>a</seg></tuv></tu><tuv xml:lang="fr"><seg>b</seg></tuv>',
            "tmx:8: a segment outside a unit",
        ),
        (
            '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="fr"><seg>b</seg></tuv>'
            '<tuv xml:lang="de"><seg>c</seg></tuv></tu>',
            "tmx:8: the unit has a segment in 'de' that it should not have",
        ),
    ],
)
def test_tico_loses_no_segment(unit: str, message: str, tmp_path: Path) -> None:
    content = tmx("fr", ("fever", "fièvre")).replace("</body>", f"{unit}\n</body>")
    with pytest.raises(CorpusError, match=message):
        read_dataset("tico-19", write_files(tmp_path, {"all.en-fr.tmx": content}))


def test_tico_refuses_entities(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?>\n<!DOCTYPE t [<!ENTITY a "aaaa">]>\n<tmx><body><tu/></body></tmx>'
    with pytest.raises(CorpusError, match="declares entities"):
        read_dataset("tico-19", write_files(tmp_path, {"all.en-fr.tmx": bomb}))


def test_tatoeba_joins_pairs_by_english_unless_kept(tmp_path: Path) -> None:
    source = write_files(tmp_path, PUBLISHED["tatoeba"].files)
    assert read_dataset("tatoeba", source).num_groups == 3
    assert read_dataset("tatoeba", source, duplicates="keep").num_groups == 4


def test_multi30k_groups_are_pictures_and_task2_has_more_captions(tmp_path: Path) -> None:
    files = {f"task2/raw/val.{number}.de": f"Hund {number}\nKatze {number}\n" for number in (1, 2)}
    files["task1/image_splits/val.txt"] = "10.jpg\n11.jpg\n"
    corpus = read_dataset("multi30k", write_files(tmp_path, files), task=2)
    assert corpus.documents["group_id"].to_pylist() == ["10", "10", "11", "11"]
    assert corpus.documents["doc_id"].to_pylist()[:2] == ["10.de", "10.de.2"]


def test_detokenize() -> None:
    assert detokenize("it is -lrb- 1858 -rrb- , isn 't it ?") == "it is (1858), isn't it?".replace(
        "isn't", "isn 't"
    )
    assert detokenize("`` venite '' , he 's") == '" venite ", he\'s'


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contxt": True}, "xquad-r has no option 'contxt'; did you mean 'context'"),
        ({"zzz": True}, "has no option 'zzz'; there is languages, context"),
    ],
)
def test_unknown_options_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=message):
        read_dataset("xquad-r", tmp_path, **options)


def test_option_with_few_values(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be one of paragraph, sentence, got 'word'"):
        read_dataset("mlqa", tmp_path, passages="word")


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(CorpusError, match="no data set 'xquad'; did you mean 'xquad-r'"):
        read_dataset("xquad")
    with pytest.raises(CorpusError, match="there is no such corpus folder, and no data set 'xquad'"):
        read_corpus("xquad")


def test_not_on_the_hub() -> None:
    with pytest.raises(CorpusError, match="'covid-faq' is not on the hub; download it from https://"):
        read_corpus("covid-faq")


@pytest.mark.parametrize("dataset", list_datasets(), ids=lambda dataset: dataset.name)
def test_registry_names_languages_and_places(dataset: Dataset) -> None:
    assert dataset.url.startswith("https://")
    codes = [code for code in dataset.languages.split() if code not in ("and", "more") and not code.isdigit()]
    if "more" not in dataset.languages:
        assert set(PUBLISHED[dataset.name].languages) <= set(map(normalize_language, codes))
    assert (dataset.hub is None) == (dataset.read_hub is None)


SHARED = {  # name: (folder, queries, documents, languages, judged queries by split)
    "xquad-r": ("xquad-r", 13_090, 13_014, 11, {"test": 13_090}),
    "mlqa": ("mlqa", 22_724, 14_580, 6, {"train": 22_724}),
    "tydiqa": ("tydiqa-goldp", 13_153, 10_801, 9, {"dev": 5_077, "train": 8_076}),
    "nqg-squad": ("nqg-squad-en", 11_877, 6_652, 1, {"test": 11_877}),
    "covid-faq": ("covid-faq", 869, 877, 5, {"train": 869}),
    "xnli": ("xnli", 225_000, 225_000, 15, {"dev": 74_700, "test": 150_300}),
    "paws-x": ("paws-x", 55_322, 55_322, 7, {"dev": 27_630, "test": 27_692}),
    "stsb-multi-mt": (
        "stsb-multi-mt",
        189_816,
        189_816,
        11,
        {"train": 126_478, "dev": 33_000, "test": 30_338},
    ),
    "ntrex": ("ntrex-128", 109_835, 109_835, 55, {"test": 109_835}),
    "tico-19": ("tico-19", 73_704, 73_704, 24, {"all": 73_704}),
    "mkqa": ("mkqa-mia", 81_096, 81_096, 12, {"dev": 21_096, "test": 60_000}),
    "tatoeba": ("tatoeba-laser", 177_754, 177_754, 112, {"test": 177_754}),
    "multi30k": ("multi30k", 132_723, 132_723, 4, {}),
    "xtd10": ("xtd10", 11_000, 11_000, 11, {"test": 11_000}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_published_counts(name: str, shared_data: Path) -> None:
    folder, queries, documents, num_languages, splits = SHARED[name]
    options = (
        {"duplicates": "keep"}
        if name in ("xnli", "paws-x", "stsb-multi-mt", "ntrex", "tico-19", "tatoeba")
        else {}
    )
    corpus = read_dataset(name, shared_data / folder, **options)
    assert (corpus.queries.num_rows, corpus.documents.num_rows) == (queries, documents)
    assert len(corpus.languages) == num_languages
    for split, judged in splits.items():
        assert len(corpus.judgements(split)) == judged


@pytest.mark.slow
def test_xquad_r_as_published(shared_data: Path) -> None:
    corpus = read_dataset("xquad-r", shared_data / "xquad-r")
    judged = corpus.judgements("test")
    assert np.all(np.diff(judged.indptr) == 11)
    names, codes = corpus.document_languages
    by_language = codes[judged.document_rows].reshape(-1, 11)
    assert np.all(np.sort(by_language, axis=1) == np.arange(11))
    counts = dict(zip(names, np.bincount(codes).tolist(), strict=True))
    assert counts == {
        "ar": 1222, "de": 1276, "el": 1234, "en": 1180, "es": 1215, "hi": 1244,
        "ru": 1219, "th": 852, "tr": 1167, "vi": 1209, "zh": 1196,
    }  # fmt: skip


@pytest.mark.slow
def test_merged_duplicates_lose_no_text(shared_data: Path) -> None:
    merged = read_dataset("tatoeba", shared_data / "tatoeba-laser")
    kept = read_dataset("tatoeba", shared_data / "tatoeba-laser", duplicates="keep")
    assert merged.num_groups < kept.num_groups
    assert set(merged.documents["text"].to_pylist()) == set(kept.documents["text"].to_pylist())


def test_a_corpus_of_every_kind_can_be_written_and_read(
    published: tuple[str, Path, Published], tmp_path: Path
) -> None:
    name, source, sample = published
    write_media(source / "media", sample.media)
    corpus = read_dataset(name, source)
    back = read_corpus(write_corpus(corpus, tmp_path / "corpus"))
    assert back.info == corpus.info
    assert back.documents.to_pylist() == corpus.documents.to_pylist()
    assert back.queries.to_pylist() == corpus.queries.to_pylist()
