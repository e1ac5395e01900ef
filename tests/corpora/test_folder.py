"""Corpus folders: round trips, refusals, checks, and what opening a large one costs."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isoglot.corpora import (
    CorpusBuilder,
    CorpusInfo,
    ParallelCorpus,
    check_corpus,
    read_corpus,
    read_folder,
    write_corpus,
)
from isoglot.corpora.manifest import condense
from isoglot.errors import CorpusError


def build_explicit() -> ParallelCorpus:
    builder = CorpusBuilder(CorpusInfo("small", "2", "CC0", "nobody", "Two questions.", symmetric=False))
    for language, query in (("en", "who?"), ("de", "wer?")):
        builder.add_query(f"q.{language}", "q", language, query)
    builder.add_document("d1", "a", "en", "he did", title="He")
    builder.add_document("d2", "a", "de", "er war's\u2028wirklich")
    builder.add_document("d3", None, "zh-Hant", "無關")
    builder.judge("test", "q.en", "d1", 2)
    builder.judge("test", "q.en", "d3", 0)
    builder.judge("test", "q.de", "d2")
    builder.judge("dev", "q.de", "d1")
    return builder.build()


def build_by_group(num_groups: int = 3) -> ParallelCorpus:
    builder = CorpusBuilder(CorpusInfo("parallel", symmetric=True))
    for group in range(num_groups):
        for language in ("en", "de", "fr"):
            builder.add_sentence(f"{group}.{language}", str(group), language, f"text {group} in {language}")
        builder.judge_group("train" if group else "dev", str(group))
    return builder.build()


def assert_same(corpus: ParallelCorpus, other: ParallelCorpus) -> None:
    assert other.info == corpus.info
    assert other.queries.to_pylist() == corpus.queries.to_pylist()
    assert other.documents.to_pylist() == corpus.documents.to_pylist()
    assert set(other.splits) == set(corpus.splits)
    for split in corpus.splits:
        assert (other.splits[split].groups is None) == (corpus.splits[split].groups is None)
        mine, theirs = corpus.judgements(split), other.judgements(split)
        for name in ("query_rows", "indptr", "document_rows", "grades"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name))
    for mine, theirs in (
        (corpus.query_groups, other.query_groups),
        (corpus.document_groups, other.document_groups),
    ):
        assert np.array_equal(mine[:, None] == mine, theirs[:, None] == theirs)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ISOGLOT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("build", [build_explicit, build_by_group])
@pytest.mark.parametrize("map_above_bytes", [1 << 30, 0])
def test_round_trip(build, map_above_bytes: int, tmp_path: Path, cache: Path) -> None:
    corpus = build()
    folder = write_corpus(corpus, tmp_path / "corpus")
    assert_same(corpus, read_folder(folder, map_above_bytes=map_above_bytes))
    assert check_corpus(folder).problems == ()


def test_mapped_files_are_made_once_and_remade_when_damaged(tmp_path: Path, cache: Path) -> None:
    corpus = build_explicit()
    folder = write_corpus(corpus, tmp_path / "corpus")
    read_folder(folder, map_above_bytes=0)
    (entry,) = (cache / "corpora").iterdir()
    written = {path: path.stat().st_mtime_ns for path in entry.rglob("*")}
    read_folder(folder, map_above_bytes=0)
    assert {path: path.stat().st_mtime_ns for path in entry.rglob("*")} == written
    (entry / "queries.arrow").write_bytes(b"ARROW1 but no more")
    assert_same(corpus, read_folder(folder, map_above_bytes=0))
    (entry / "meta.json").unlink()
    assert_same(corpus, read_folder(folder, map_above_bytes=0))
    assert sorted(path.name for path in (cache / "corpora").iterdir()) == [entry.name]


def test_mapped_columns_are_one_chunk_over_many_row_groups(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isoglot.corpora.folder._ROWS_AT_ONCE", 4)
    monkeypatch.setattr("isoglot.corpora.tables._ROWS_AT_ONCE", 3)
    corpus = build_by_group(5)
    folder = write_corpus(corpus, tmp_path / "corpus")
    assert pq.ParquetFile(folder / "queries.parquet").num_row_groups == 4
    mapped = read_folder(folder, map_above_bytes=0)
    assert_same(corpus, mapped)
    assert {column.num_chunks for column in mapped.queries.columns} == {1}
    assert mapped.query_texts(np.array([14, 0], np.int32)) == ["text 4 in fr", "text 0 in en"]


def test_a_changed_corpus_has_its_own_cache(tmp_path: Path, cache: Path) -> None:
    for size in (2, 3):
        folder = write_corpus(build_by_group(size), tmp_path / "corpus")
        assert read_folder(folder, map_above_bytes=0).num_groups == size
    assert len(list((cache / "corpora").iterdir())) == 2


TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: not text.isspace())
LANGUAGES = st.sampled_from(["en", "de", "pt-BR", "zh-Hant", "es-419"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.tuples(st.integers(0, 4), LANGUAGES, TEXTS), min_size=1, max_size=12),
    distractors=st.lists(st.tuples(LANGUAGES, TEXTS), max_size=3),
    grades=st.lists(st.integers(0, 3), min_size=12, max_size=12),
    by_group=st.booleans(),
    mapped=st.booleans(),
)
def test_round_trip_of_random_corpora(
    texts, distractors, grades, by_group, mapped, tmp_path: Path, cache: Path
) -> None:
    builder = CorpusBuilder(CorpusInfo("random"))
    for number, (group, language, text) in enumerate(texts):
        builder.add_query(f"q{number}", f"g{group}", language, text)
        builder.add_document(f"d{number}", f"g{group}", language, text[::-1] + ".", title=text)
        if by_group:
            builder.judge_group("test", f"g{group}")
        else:
            builder.judge("test", f"q{number}", f"d{number}", grades[number])
    for number, (language, text) in enumerate(distractors):
        builder.add_document(f"x{number}", None, language, text)
    corpus = builder.build()
    folder = write_corpus(corpus, tmp_path / "corpus")
    assert_same(corpus, read_folder(folder, map_above_bytes=0 if mapped else 1 << 30))
    assert check_corpus(folder).problems == ()


def test_explicit_qrels_of_a_split_by_groups(tmp_path: Path) -> None:
    corpus = build_by_group()
    folder = write_corpus(corpus, tmp_path / "corpus", explicit_qrels=True)
    assert sorted(path.name for path in (folder / "qrels").iterdir()) == ["dev.tsv", "train.tsv"]
    back = read_folder(folder)
    for split in ("dev", "train"):
        assert np.array_equal(back.judgements(split).document_rows, corpus.judgements(split).document_rows)


def test_beir_tools_can_read_it(tmp_path: Path) -> None:
    folder = write_corpus(build_explicit(), tmp_path / "corpus")
    documents = pq.read_table(folder / "documents.parquet")
    assert documents.schema.types == [pa.string()] * 7
    assert documents.column_names == ["doc_id", "group_id", "language", "modality", "text", "path", "title"]
    header, *lines = (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").split("\n")[:-1]
    assert header == "query-id\tcorpus-id\tscore"
    qrels: dict[str, dict[str, int]] = {}
    for query_id, doc_id, score in (line.split("\t") for line in lines):
        qrels.setdefault(query_id, {})[doc_id] = int(score)
    assert qrels == {"q.en": {"d1": 2, "d3": 0}, "q.de": {"d2": 1}}


def test_manifest_lists_everything(tmp_path: Path) -> None:
    folder = write_corpus(build_explicit(), tmp_path / "corpus")
    content = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    assert content["name"] == "small"
    assert content["version"] == "2"
    assert content["licence"] == "CC0"
    assert content["languages"] == ["de", "en", "zh-Hant"]
    assert content["modalities"] == ["text"]
    assert content["splits"]["test"] == {"judged": "qrels", "queries": 2}
    assert content["counts"] == {"queries": 2, "documents": 3, "groups": 2}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(content["checksums"]) == files - {"corpus.json"}
    for name, digest in content["checksums"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_writing_the_same_corpus_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (write_corpus(build_explicit(), tmp_path / name) for name in ("one", "two"))
    assert (first / "corpus.json").read_bytes() == (second / "corpus.json").read_bytes()


def test_write_replaces_a_corpus_but_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "corpus"
    write_corpus(build_explicit(), target)
    write_corpus(build_by_group(), target)
    assert read_folder(target).name == "parallel"
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.tex").write_text("x", encoding="utf-8")
    with pytest.raises(CorpusError, match="thesis: is there and is no corpus folder"):
        write_corpus(build_explicit(), other)
    assert (other / "chapter.tex").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus", "thesis"]


def test_failed_write_leaves_the_old_corpus_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write_corpus(build_explicit(), tmp_path / "corpus")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("isoglot.corpora.manifest.write_manifest", fail)
    with pytest.raises(OSError, match="disk full"):
        write_corpus(build_by_group(), target)
    assert read_folder(target).name == "small"
    assert [path.name for path in tmp_path.iterdir()] == ["corpus"]


def test_media_travel_with_the_corpus(tmp_path: Path) -> None:
    builder = CorpusBuilder(CorpusInfo("photos"))
    builder.add_query("q", "g", "en", "a dog")
    builder.add_document("d", "g", None, None, modality="image", path="dogs/1.jpg")
    builder.judge_group("test", "g")
    corpus = builder.build()
    with pytest.raises(CorpusError, match=r"photos/dogs/1\.jpg: no such media file"):
        write_corpus(corpus, tmp_path / "corpus")
    (tmp_path / "dogs").mkdir()
    (tmp_path / "dogs" / "1.jpg").write_bytes(b"jpeg")
    from dataclasses import replace

    folder = write_corpus(replace(corpus, media_root=str(tmp_path)), tmp_path / "corpus")
    back = read_folder(folder)
    assert back.media_root is not None
    assert (Path(back.media_root) / "dogs/1.jpg").read_bytes() == b"jpeg"
    assert check_corpus(folder).problems == ()
    (folder / "media/dogs/1.jpg").unlink()
    with pytest.raises(CorpusError, match=r"1\.jpg:1: is missing"):
        read_folder(folder)


def test_media_paths_stay_below_media(tmp_path: Path) -> None:
    builder = CorpusBuilder(CorpusInfo("photos"))
    builder.add_query("q", "g", "en", "a dog")
    builder.add_document("d", "g", None, None, modality="image", path="../secret")
    (tmp_path / "secret").write_text("x", encoding="utf-8")
    (tmp_path / "root").mkdir()
    from dataclasses import replace

    corpus = replace(builder.build(), media_root=str(tmp_path / "root"))
    with pytest.raises(CorpusError, match=r"\.\./secret: leads out of media"):
        write_corpus(corpus, tmp_path / "corpus")


def test_selection_while_reading(tmp_path: Path) -> None:
    folder = write_corpus(build_by_group(), tmp_path / "corpus")
    corpus = read_corpus(folder, languages=["fr"], splits=["dev"])
    assert corpus.languages == ("fr",)
    assert set(corpus.splits) == {"dev"}
    with pytest.raises(CorpusError, match="has no split 'tset'"):
        read_corpus(folder, splits=["tset"])


def test_selection_writes_only_groups_that_are_left(tmp_path: Path) -> None:
    corpus = build_by_group()
    part = corpus.select(splits=["train"]).select_groups(np.array([1], np.int32))
    folder = write_corpus(part, tmp_path / "corpus")
    assert (folder / "qrels/train.groups.tsv").read_text(encoding="utf-8") == "group-id\n1\n"
    assert check_corpus(folder).problems == ()


@pytest.mark.parametrize("file", ["queries.parquet", "documents.parquet", "qrels/test.tsv"])
def test_changed_and_missing_files_are_refused(file: str, tmp_path: Path) -> None:
    folder = write_corpus(build_explicit(), tmp_path / "corpus")
    path = folder / file
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"?")
    with pytest.raises(CorpusError, match=f"{path.name}:1: does not match its checksum"):
        read_folder(folder)
    path.unlink()
    with pytest.raises(CorpusError, match=f"{path.name}:1: is missing"):
        read_folder(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"corpus\.json:1: not JSON"),
        ("[]", r"corpus\.json:1: must be a JSON object"),
        ('{"format": 9, "name": "x"}', "format must be 1, got 9"),
        ('{"name": 3}', "name must be a string"),
        ('{"name": "x", "symmetric": "yes"}', "symmetric must be of type bool"),
        ('{"name": "x", "checksums": {"../up": "00"}}', r"checksums\['\.\./up'\] must be the SHA-256"),
        ('{"name": "x", "checksums": []}', "checksums must be an object"),
    ],
)
def test_bad_manifests(content: str, message: str, tmp_path: Path) -> None:
    folder = write_corpus(build_explicit(), tmp_path / "corpus")
    (folder / "corpus.json").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        read_folder(folder)
    assert check_corpus(folder).problems


def by_hand(folder: Path, **changes: str) -> Path:
    """A corpus folder as others might write it: no checksums, few columns."""
    files = {
        "queries": [{"query_id": "q", "group_id": "g", "language": "en", "text": "who"}],
        "documents": [{"doc_id": "d", "group_id": "g", "language": "en", "text": "he"}],
    }
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.json").write_text('{"name": "by-hand"}', encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text(changes.get("qrels", "q 0 d 1\n"), encoding="utf-8")
    for name, rows in files.items():
        extra = json.loads(changes.get(name, "[]"))
        pq.write_table(
            pa.Table.from_pylist([*rows, *({**rows[0], **row} for row in extra)]), folder / f"{name}.parquet"
        )
    return folder


def test_a_folder_written_by_others(tmp_path: Path) -> None:
    corpus = read_folder(by_hand(tmp_path / "corpus"))
    assert corpus.modalities == ("text",)
    assert len(corpus.judgements("test")) == 1


@pytest.mark.parametrize("map_above_bytes", [1 << 30, 0])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"queries": '[{"query_id": "q"}]'}, r"queries\.parquet:2: query_id 'q' is there twice"),
        ({"queries": '[{"query_id": "a b"}]'}, r"queries\.parquet:2: query_id must be a word"),
        ({"queries": '[{"query_id": "p", "group_id": null}]'}, "query 'p' has no group_id"),
        ({"queries": '[{"query_id": "p", "language": null}]'}, "query_id 'p' has no language"),
        ({"queries": '[{"query_id": "p", "language": "jp"}]'}, "language 'jp' must be written 'ja'"),
        ({"queries": '[{"query_id": "p", "language": "klingon"}]'}, "'klingon' is not a language tag"),
        (
            {"documents": '[{"doc_id": "e", "text": " "}]'},
            r"documents\.parquet:2: doc_id 'e' has an empty text",
        ),
        ({"documents": '[{"doc_id": "e", "group_id": "a\\tb"}]'}, "group_id must not hold a tab"),
        ({"qrels": "q 0 d 1\nq 0 e 1\n"}, r"test\.tsv:2: there is no document 'e'"),
        ({"qrels": "p 0 d 1\n"}, r"test\.tsv:1: there is no query 'p'"),
        ({"qrels": "q 0 d 1\nq 0 d 2\n"}, "judged"),
        ({"qrels": "q 0 d one\n"}, "grade must be a whole number, got 'one'"),
        ({"qrels": "q 0 d -1\n"}, "grade must be 0 .* got -1"),
        ({"qrels": "q d 1\n"}, "got 3 columns"),
        (
            {"qrels": "query-id\tcorpus-id\tscore\nq\td\n"},
            r"test\.tsv:2: must be query-id, corpus-id and score",
        ),
        ({"qrels": ""}, r"test\.tsv:1: holds no judgement"),
    ],
)
def test_bad_rows_are_named(
    change: dict[str, str], message: str, map_above_bytes: int, tmp_path: Path, cache: Path
) -> None:
    folder = by_hand(tmp_path / "corpus", **change)
    with pytest.raises(CorpusError, match=message):
        read_folder(folder, map_above_bytes=map_above_bytes)
    with pytest.raises(CorpusError, match=message):
        raise CorpusError(check_corpus(folder).problems)
    assert not (cache / "corpora").exists() or not list((cache / "corpora").iterdir())


def test_all_problems_at_once(tmp_path: Path) -> None:
    folder = by_hand(
        tmp_path / "corpus", queries='[{"query_id": "q"}]', documents='[{"text": ""}]', qrels="x 0 d 1\n"
    )
    report = check_corpus(folder)
    assert len(report.problems) == 4
    assert report.counts == {"queries": 1, "documents": 1, "groups": 1, "splits": {"test": 1}}


def test_missing_columns(tmp_path: Path) -> None:
    folder = by_hand(tmp_path / "corpus")
    pq.write_table(pa.table({"query_id": ["q"], "text": [3]}), folder / "queries.parquet")
    with pytest.raises(CorpusError, match="has no column 'group_id'") as caught:
        read_folder(folder)
    assert len(caught.value.problems) == 3


def test_groups_that_do_not_exist(tmp_path: Path) -> None:
    folder = by_hand(tmp_path / "corpus")
    (folder / "qrels/dev.groups.tsv").write_text("group-id\ng\nh\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"dev\.groups\.tsv:3: no query or document is of group 'h'"):
        read_folder(folder)
    (folder / "qrels/dev.tsv").write_text("q 0 d 1\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="split 'dev' is also in"):
        read_folder(folder)


def test_an_unlisted_split_is_a_problem_of_a_checked_corpus(tmp_path: Path) -> None:
    folder = write_corpus(build_explicit(), tmp_path / "corpus")
    (folder / "qrels/extra.tsv").write_text("q.en 0 d1 1\n", encoding="utf-8")
    assert any("extra.tsv:1: has no checksum" in problem for problem in check_corpus(folder).problems)


def test_no_folder() -> None:
    with pytest.raises(CorpusError, match=r"is no corpus folder, it has no corpus\.json"):
        read_folder(Path(__file__).parent)


OPEN = """
import sys, time
from pathlib import Path
import numpy as np
from isoglot.corpora import read_folder
def resident(): return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20
small, large = map(Path, sys.argv[1:])
read_folder(small, map_above_bytes=0)  # imports and Arrow's pools
before, start = resident(), time.perf_counter()
corpus = read_folder(large)
opened, seconds = resident() - before, time.perf_counter() - start
rows = np.random.default_rng(0).integers(0, corpus.queries.num_rows, 1024).astype(np.int32)
assert len(corpus.query_texts(rows)) == 1024
print(corpus.num_groups, opened, resident() - before, seconds)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_million_groups_cost_megabytes(tmp_path: Path, cache: Path) -> None:
    from isoglot.corpora.judgements import Split
    from isoglot.corpora.parallel import assemble

    size = 1_000_000
    numbers = np.arange(size).astype(str)
    columns = {
        "group_id": np.char.add("group-", np.repeat(numbers, 2)),
        "language": np.tile(["de", "sw"], size),
        "modality": np.full(2 * size, "text"),
        "text": np.char.add(np.tile(["Satz Nummer ", "sentensi nambari "], size), np.repeat(numbers, 2)),
    }
    ids = np.char.add(np.char.add(columns["group_id"], "."), columns["language"])
    nothing = pa.nulls(2 * size, pa.large_string())
    rest = [pa.array(column.tolist(), pa.large_string()) for column in columns.values()]
    names = ["group_id", "language", "modality", "text", "path"]
    id_column = pa.array(ids.tolist(), pa.large_string())
    queries = pa.table([id_column, *rest, nothing], names=["query_id", *names])
    documents = pa.table([id_column, *rest, nothing, nothing], names=["doc_id", *names, "title"])
    for name in ("language", "modality"):
        for table in (queries, documents):
            assert table[name].null_count == 0
    corpus = assemble(CorpusInfo("large", symmetric=True), _tagged(queries), _tagged(documents))
    from dataclasses import replace

    corpus = replace(corpus, splits={"train": Split(groups=np.arange(size, dtype=np.int32))})
    large = write_corpus(corpus, tmp_path / "large")
    small = write_corpus(build_by_group(), tmp_path / "small")
    read_folder(large)  # converts
    result = subprocess.run(
        [sys.executable, "-c", OPEN, str(small), str(large)], capture_output=True, text=True, check=True
    )
    num_groups, opened, drawn, seconds = map(float, result.stdout.split())
    report = f"opening 1,000,000 groups x 2: {opened:.1f} MiB, {drawn:.1f} MiB after a batch, {seconds:.2f} s"
    assert num_groups == size
    assert opened < 16, report
    assert drawn < 128, report


def _tagged(table: pa.Table) -> pa.Table:
    for name in ("language", "modality"):
        index = table.column_names.index(name)
        codes = table[name].dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string()))
        table = table.set_column(index, name, codes)
    return table


def test_splits_of_a_data_set_in_files_leave_the_others_unread(tmp_path: Path) -> None:
    for split in ("dev", "test"):
        (tmp_path / f"{split}-en.tsv").write_text(f"{split}\tb\tneutral\n", encoding="utf-8")
    corpus = read_corpus("xnli", source=tmp_path, splits=["dev"])
    assert corpus.documents["text"].to_pylist() == ["dev", "b"]


def test_languages_of_a_reader_without_that_option(tmp_path: Path) -> None:
    (tmp_path / "src-test.txt").write_text("a .\n", encoding="utf-8")
    (tmp_path / "tgt-test.txt").write_text("a ?\n", encoding="utf-8")
    assert read_corpus("nqg-squad", source=tmp_path, languages=["en"]).languages == ("en",)
    with pytest.raises(CorpusError, match="no text in language 'de'; there is en"):
        read_corpus("nqg-squad", source=tmp_path, languages=["de"])


@pytest.mark.parametrize("map_above_bytes", [1 << 30, 0])
def test_mutated_folders_give_a_corpus_or_a_corpus_error(
    map_above_bytes: int, tmp_path: Path, cache: Path
) -> None:
    folder = write_corpus(build_explicit(), tmp_path / "corpus")
    (folder / "corpus.json").write_text('{"name": "unguarded"}', encoding="utf-8")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    rng = random.Random(map_above_bytes)
    refused = 0
    for _ in range(100):
        path = rng.choice(files)
        original = path.read_bytes()
        at = rng.randrange(len(original))
        change = bytes([rng.randrange(256)]) * rng.randrange(3)
        path.write_bytes(original[:at] + change + original[at + rng.randrange(3) :])
        try:
            read_folder(folder, map_above_bytes=map_above_bytes)
        except CorpusError:
            refused += 1
            assert check_corpus(folder).problems
        path.write_bytes(original)
    assert 0 < refused < 100


def test_media_have_one_condensed_checksum() -> None:
    texts = {"queries.parquet": "a", "qrels/test.tsv": "b"}
    assert condense(texts) == texts
    one, other = (condense(texts | {"media/1.png": "c", "media/2.png": digest}) for digest in ("d", "e"))
    assert one.keys() == texts.keys() | {"media/"}
    assert one["media/"] != other["media/"]
    assert condense({"media/2.png": "d", "media/1.png": "c"} | texts) == one
