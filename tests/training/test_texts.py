"""Texts of one language, from wherever they come."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus
from isoglot.errors import CorpusError
from isoglot.training.texts import fold_of, in_chunks, read_texts


def test_each_text_comes_once_in_order(tmp_path: Path) -> None:
    lines = ["a dog ", "a cat", "", "a dog", "  ", "\ta\u2028b"]
    wanted = ["a dog", "a cat", "a\u2028b"]
    assert list(read_texts(lines)) == wanted
    assert list(read_texts(iter(lines))) == wanted
    plain, packed = tmp_path / "texts.txt", tmp_path / "texts.txt.gz"
    plain.write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    packed.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    for path in (plain, packed, str(plain)):
        assert list(read_texts(path)) == wanted


def test_a_bad_file_is_refused_with_all_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes(b"good\nb\xffd\nfine\n\xfe\n")
    with pytest.raises(CorpusError, match="byte 0xff") as caught:
        list(read_texts(path))
    assert [problem.split(": ")[0] for problem in caught.value.problems] == [f"{path}:2", f"{path}:4"]
    with pytest.raises(CorpusError, match=r"none\.txt: cannot be read \(No such file"):
        list(read_texts(tmp_path / "none.txt"))


def test_of_a_corpus_one_language_and_split_is_read(toy_corpus: ParallelCorpus) -> None:
    texts = list(read_texts(toy_corpus))
    assert len(texts) == 200  # a query and a document in each of the 100 groups of `train`
    assert all(word.startswith("en") for text in texts for word in text.split())
    assert len(list(read_texts(toy_corpus, split="dev"))) == 40
    assert len(list(read_texts(toy_corpus, split=None))) == 241  # and the distractor
    assert len(list(read_texts(toy_corpus, language="th"))) == 80 + 100
    with pytest.raises(CorpusError, match="no text in language 'fr'"):
        list(read_texts(toy_corpus, language="fr"))
    with pytest.raises(CorpusError, match="has no split 'test'"):
        list(read_texts(toy_corpus, split="test"))


def test_other_media_are_passed_over() -> None:
    builder = CorpusBuilder(CorpusInfo("mixed"))
    builder.add_query("q", "a", "en-GB", "a colour")
    builder.add_document("d", "a", "en", None, modality="image", path="a.png")
    builder.judge_group("train", "a")
    assert list(read_texts(builder.build())) == ["a colour"]


def test_folds_have_their_shares_and_do_not_depend_on_order() -> None:
    texts = [f"text {number}" for number in range(4_000)]
    folds = [fold_of(text, 0.2) for text in texts]
    shares = [folds.count(fold) / 4_000 for fold in ("fit", "choose", "report")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.02)
    assert [fold_of(text, 0.2) for text in reversed(texts)] == folds[::-1]
    more = [fold_of(text, 0.4) for text in texts]
    assert all(after != "fit" for before, after in zip(folds, more, strict=True) if before != "fit")


def test_chunks_hold_all_texts() -> None:
    assert list(in_chunks(map(str, range(5)), 2)) == [["0", "1"], ["2", "3"], ["4"]]
    assert list(in_chunks([], 2)) == []
