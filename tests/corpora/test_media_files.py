"""Files of media that a corpus names: all must be there, or the rows of the bad ones go, and are counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from isoglot.corpora import drop_bad_media, read_corpus, write_corpus
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.checking import check_corpus
from isoglot.corpora.media_files import SkippedMedia, media_files
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import CorpusError

NUM_GROUPS = 6


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures of six groups."""
    (tmp_path / "media").mkdir()
    for group in range(NUM_GROUPS):
        Image.new("RGB", (8, 8), (group * 40, 0, 0)).save(tmp_path / "media" / f"{group}.png")
    return tmp_path / "media"


@pytest.fixture(params=["by group", "by line"])
def corpus(folder: Path, request: pytest.FixtureRequest) -> ParallelCorpus:
    """Captions and pictures on both sides, judged by group or line by line."""
    builder = CorpusBuilder(CorpusInfo("pictures"))
    for group in range(NUM_GROUPS):
        name = f"g{group}"
        builder.add_query(f"q{group}", name, "en", f"picture {group}")
        builder.add_query(f"p{group}", name, "zxx", None, modality="image", path=f"{group}.png")
        builder.add_document(f"d{group}", name, None, None, modality="image", path=f"{group}.png")
        builder.add_document(f"t{group}", name, "en", f"picture {group}!")
        if request.param == "by group":
            builder.judge_group("test", name)
        else:
            for query in (f"q{group}", f"p{group}"):
                builder.judge("test", query, f"d{group}")
    return replace(builder.build(), media_root=str(folder))


def ids(corpus: ParallelCorpus) -> tuple[set[str], set[str]]:
    return set(corpus.queries["query_id"].to_pylist()), set(corpus.documents["doc_id"].to_pylist())


def judged(corpus: ParallelCorpus) -> set[tuple[str, str]]:
    part = corpus.judgements("test")
    return {
        (corpus.query(int(query)).query_id, corpus.document(int(document)).doc_id)
        for query, document in zip(part.pair_query_rows, part.document_rows, strict=True)
    }


def test_rows_of_bad_files_go_with_their_judgements(corpus: ParallelCorpus, folder: Path) -> None:
    (folder / "1.png").write_bytes(b"torn")
    (folder / "4.png").unlink()
    part, skipped = drop_bad_media(corpus)
    gone_queries, gone_documents = ({*a} - {*b} for a, b in zip(ids(corpus), ids(part), strict=True))
    assert gone_queries == {"p1", "p4"}
    assert gone_documents == {"d1", "d4"}
    assert judged(part) == {
        (query, document)
        for query, document in judged(corpus)
        if query not in gone_queries and document not in gone_documents
    }
    assert skipped is not None
    assert (skipped.corpus, skipped.num_queries, skipped.num_documents) == ("pictures", 2, 2)
    assert len(skipped.problems) == 2
    assert "1.png: cannot be read as a picture" in skipped.problems[0]
    assert "4.png: no such file" in skipped.problems[1]
    assert str(skipped).startswith("pictures: left out 2 queries and 2 documents with 2 bad files;")
    assert SkippedMedia.of(skipped.record()) == skipped


def test_a_sound_corpus_is_the_same_object(corpus: ParallelCorpus) -> None:
    assert drop_bad_media(corpus) == (corpus, None)


def test_texts_need_no_file() -> None:
    builder = CorpusBuilder(CorpusInfo("texts"))
    builder.add_query("q", "g", "en", "a")
    builder.add_document("d", "g", "en", "b")
    builder.judge_group("test", "g")
    corpus = builder.build()
    assert drop_bad_media(corpus)[0] is corpus


def test_all_files_bad_is_no_case_of_some_rows(corpus: ParallelCorpus, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="none of its 6 media files can be read") as raised:
        drop_bad_media(replace(corpus, media_root=str(tmp_path / "elsewhere")))
    assert len(raised.value.problems) == 1 + NUM_GROUPS


def test_missing_files_are_all_named_once(corpus: ParallelCorpus, folder: Path) -> None:
    rows = np.flatnonzero(np.array(corpus.documents["modality"].to_pylist()) == "image").astype(np.int32)
    assert [Path(file).name for file in media_files(corpus, "document", rows[[2, 0, 2]])] == [
        "2.png",
        "0.png",
        "2.png",
    ]
    (folder / "2.png").unlink()
    (folder / "3.png").unlink()
    with pytest.raises(CorpusError, match=r"2\.png: no such file, for document 'd2' \(image\)") as raised:
        media_files(corpus, "document", rows)
    assert len(raised.value.problems) == 2


def test_of_an_archive_of_features_the_file_must_be_there(corpus: ParallelCorpus, folder: Path) -> None:
    builder = CorpusBuilder(CorpusInfo("features"))
    builder.add_query("q", "g", "en", "a cat")
    for key in ("cat", "dog"):
        builder.add_document(key, "g", None, None, modality="image", path=f"all.npz#{key}")
    builder.judge_group("test", "g")
    features = replace(builder.build(), media_root=str(folder))
    rows = np.arange(2, dtype=np.int32)
    with pytest.raises(CorpusError, match=r"all\.npz#cat: no such file"):
        media_files(features, "document", rows)
    np.savez(folder / "all.npz", cat=np.zeros(3, np.float32))
    assert media_files(features, "document", rows)[0] == f"{folder}/all.npz#cat"
    part, skipped = drop_bad_media(features)
    assert part.documents["doc_id"].to_pylist() == ["cat"]
    assert skipped is not None
    assert "no such array" in skipped.problems[0]
    again = read_corpus(write_corpus(part, folder.parent / "written"))
    assert media_files(again, "document", rows[:1])[0].endswith("written/media/all.npz#cat")


@pytest.fixture
def written(corpus: ParallelCorpus, tmp_path: Path) -> Path:
    """A corpus folder, one of whose files changed after it was written, one went, and one was bad before."""
    (Path(corpus.media_root or "") / "3.png").write_bytes(b"torn before")
    path = write_corpus(corpus, tmp_path / "corpus")
    Image.new("RGB", (8, 8), "white").save(path / "media" / "1.png")
    (path / "media" / "2.png").unlink()
    return path


def test_a_changed_file_is_refused_or_left_out(written: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"1\.png:1: does not match its checksum") as raised:
        read_corpus(written)
    assert len(raised.value.problems) == 2
    tolerant = read_corpus(written, skip_bad=True)
    assert set(tolerant.damaged) == {"1.png", "2.png"}
    rows = np.flatnonzero(np.array(tolerant.documents["modality"].to_pylist()) == "image").astype(np.int32)
    with pytest.raises(CorpusError, match="does not match its checksum"):
        media_files(tolerant, "document", rows)
    with pytest.raises(CorpusError, match="does not match its checksum"):
        write_corpus(tolerant, tmp_path / "again")
    part, skipped = drop_bad_media(tolerant)
    assert skipped is not None
    for wrong in ("1.png:1: does not match", "2.png:1: is missing", "3.png: cannot be read"):
        assert sum(wrong in problem for problem in skipped.problems) == 1
    assert len(skipped.problems) == 3
    assert ids(part)[1] == {"d0", "d4", "d5", *(f"t{group}" for group in range(NUM_GROUPS))}
    assert not part.damaged


def test_tables_must_be_sound_all_the_same(written: Path) -> None:
    (written / "documents.parquet").write_bytes(b"torn")
    with pytest.raises(CorpusError, match=r"documents\.parquet:1: does not match") as raised:
        read_corpus(written, skip_bad=True)
    assert len(raised.value.problems) == 1


def test_the_check_opens_media_if_asked(written: Path) -> None:
    plain, full = check_corpus(written), check_corpus(written, media=True)
    assert not any("3.png" in problem for problem in plain.problems)
    assert any("3.png: cannot be read as a picture" in problem for problem in full.problems)
    assert set(full.bad_media) == set(full.problems)
    assert any("2.png" in problem for problem in full.problems)
    (written / "qrels" / "extra.tsv").write_text("query-id\tcorpus-id\tscore\nnobody\tnothing\t1\n")
    report = check_corpus(written, media=True)
    assert any("nobody" in problem for problem in set(report.problems) - set(report.bad_media))
