"""Encoding into a folder: nothing twice, nothing lost, the same bytes; and everything that can go wrong."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sentence_transformers import SentenceTransformer

from isoglot.corpora import ParallelCorpus, write_corpus
from isoglot.encoders import build_image_tower, build_two_tower_encoder
from isoglot.encoding import Encodings, EncodingSettings, encode, fast_encoder, holds_encodings, read_encoded
from isoglot.encoding.encoder import FastEncoder
from isoglot.encoding.folder import EncodingFolder
from isoglot.encoding.loading import identify, load_model
from isoglot.errors import CheckpointError, ConfigError, CorpusError, SearchError
from isoglot.retrieval.encode import normalize

Build = Callable[..., SentenceTransformer]
SHARDS = EncodingSettings(shard_rows=20, precision="fp32", batch_tokens=128)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_vectors_lie_in_the_order_of_the_inputs(
    model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    ids = [f"t{row}" for row in range(len(texts))]
    done: list[tuple[int, int]] = []
    how = EncodingSettings(shard_rows=20, precision="fp32")
    found = encode(
        model, texts, out=tmp_path, ids=ids, settings=how, on_progress=lambda *each: done.append(each)
    )
    np.testing.assert_allclose(found.array(), model.encode_document(texts), atol=2e-6)
    assert found.ids == ids
    assert (len(found), found.dimension, found.num_shards, found.side) == (90, 32, 5, "documents")
    assert [len(part) for part in found.vectors()] == [20, 20, 20, 20, 10]
    assert next(found.vectors(np.float16)).dtype == np.float16
    assert isinstance(found.stored(0)[0], np.memmap)
    assert found.record["fingerprint"] == fast_encoder(model).fingerprint
    assert done == sorted(done)
    assert done[-1] == (90, 90)
    assert pq.read_table(tmp_path / "documents" / "ids.parquet")["id"].to_pylist() == ids


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_fewer_bytes_cost_little(
    dtype: str, model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    settings = EncodingSettings(dtype=dtype, precision="fp32", shard_rows=50)
    found = encode(model, texts, out=tmp_path, settings=settings)
    exact = fast_encoder(model, precision="fp32").encode("document", "text", texts)
    stored, scales = found.stored(0)
    assert stored.dtype == dtype
    assert (scales is not None) == (dtype == "int8")
    assert (normalize(found.array()) * exact).sum(1).min() > (0.9999 if dtype == "int8" else 0.999999)


class Interrupting(FastEncoder):
    """Counts what it encodes, and stops in the middle of a shard."""

    encoded: list[str]
    stop_after: int = 10**9

    def encode(self, side: Any, modality: str, contents: Sequence[str], advance: Any = None) -> Any:
        vectors = super().encode(side, modality, contents, advance)
        self.encoded.extend(contents)
        if len(self.encoded) > self.stop_after:
            raise KeyboardInterrupt
        return vectors


def interrupting(model: SentenceTransformer, stop_after: int = 10**9) -> Interrupting:
    base = fast_encoder(model, precision="fp32", batch_tokens=128)
    made = Interrupting(base.model, base.adapter, base.precision, base.batch_tokens)
    object.__setattr__(made, "encoded", [])
    object.__setattr__(made, "stop_after", stop_after)
    return made


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_an_interrupted_job_goes_on_and_ends_with_the_same_bytes(
    dtype: str, model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    settings = EncodingSettings(dtype=dtype, shard_rows=20)
    encode(interrupting(model), texts, out=tmp_path / "whole", settings=settings)
    first, second = interrupting(model, stop_after=50), interrupting(model)
    with pytest.raises(KeyboardInterrupt):
        encode(first, texts, out=tmp_path / "parts", settings=settings)
    with pytest.raises(SearchError, match="is not complete; run the same isoglot encode again"):
        Encodings.open(tmp_path / "parts")
    encode(second, texts, out=tmp_path / "parts", settings=settings)
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")
    assert set(second.encoded) == set(texts[40:])
    third = interrupting(model)
    encode(third, texts, out=tmp_path / "parts", settings=settings)
    assert third.encoded == []


def test_damage_is_found_and_only_what_is_damaged_is_made_anew(
    model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    encode(interrupting(model), texts, out=tmp_path, settings=SHARDS)
    before = files_of(tmp_path)
    shard = tmp_path / "documents" / "vectors-00002.npy"
    shard.write_bytes(shard.read_bytes()[:-1] + b"?")
    with pytest.raises(SearchError, match=r"vectors-00002\.npy changed since it was written"):
        Encodings.open(tmp_path, verify=True)
    shard.write_bytes(b"damaged")
    with pytest.raises(SearchError, match=r"vectors-00002\.npy: cannot be read"):
        Encodings.open(tmp_path)
    again = interrupting(model)
    encode(again, texts, out=tmp_path, settings=SHARDS)
    assert set(again.encoded) == set(texts[40:60])
    assert files_of(tmp_path) == before
    for other in (np.zeros((3, 32), np.float32), np.zeros((20, 32), np.float64)):
        np.save(shard, other)
        encode(again, texts, out=tmp_path, settings=SHARDS)
        assert files_of(tmp_path) == before
    np.save(shard, np.zeros((20, 3), np.float32))
    with pytest.raises(SearchError, match=r"must hold float32 of shape \(20, 32\), got float32 of \(20, 3\)"):
        Encodings.open(tmp_path)


def test_another_job_in_the_same_folder_is_an_error_that_names_what_differs(
    model: SentenceTransformer, build: Build, texts: list[str], tmp_path: Path
) -> None:
    encode(model, texts, out=tmp_path, settings=SHARDS)
    before = files_of(tmp_path)
    others: dict[str, Any] = {
        "fingerprint": (build(seed=9), texts, SHARDS),
        "source_fingerprint": (model, [*texts[:-1], "other"], SHARDS),
        "num_rows": (model, texts[:-1], SHARDS),
        "dtype: there it is 'float32', now 'int8'": (
            model,
            texts,
            EncodingSettings(dtype="int8", shard_rows=20, precision="fp32", batch_tokens=128),
        ),
    }
    for what, (other, given, settings) in others.items():
        with pytest.raises(SearchError, match=f"holds vectors of another job(.|\n)*{what}"):
            encode(other, given, out=tmp_path, settings=settings)
    assert files_of(tmp_path) == before
    (tmp_path / "full" / "documents").mkdir(parents=True)
    (tmp_path / "full" / "documents" / "mine.txt").touch()
    with pytest.raises(SearchError, match="holds other files; give an empty folder"):
        encode(model, texts, out=tmp_path / "full")


def test_what_a_killed_job_left_half_written_is_removed(
    model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    (tmp_path / "documents").mkdir()
    for name in (".encoding.json.7", ".ids.parquet.7", ".vectors-00000.npy.7", ".scales-00000.npy.7"):
        (tmp_path / "documents" / name).write_bytes(b"half")
    encode(model, texts, out=tmp_path, settings=SHARDS)
    assert not list((tmp_path / "documents").glob(".*"))


def test_two_processes_do_not_write_into_one_folder(
    model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    with (
        EncodingFolder(tmp_path / "documents").locked(),
        pytest.raises(SearchError, match="another process is encoding into it"),
    ):
        encode(model, texts, out=tmp_path)
    assert len(encode(model, texts, out=tmp_path)) == len(texts)


def test_a_full_disk_is_a_clear_error_and_what_is_done_stays(
    model: SentenceTransformer, texts: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, calls = np.save, []

    def full(*args: Any, **options: Any) -> None:
        calls.append(args)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        save(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        with pytest.raises(SearchError, match=r"No space left on device.*make room .* what is done stays"):
            encode(model, texts, out=tmp_path, settings=SHARDS)
    assert sorted(path.name for path in (tmp_path / "documents").glob("*vectors*")) == [
        "vectors-00000.npy",
        "vectors-00001.npy",
    ]
    again = interrupting(model)
    encode(again, texts, out=tmp_path, settings=SHARDS)
    assert set(again.encoded) == set(texts[40:])


@contextmanager
def files_of_at_most(num_bytes: int) -> Iterator[None]:
    """Lets no file grow beyond a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_file_for_which_there_is_no_room_leaves_nothing_of_itself(
    model: SentenceTransformer, many_texts: list[str], tmp_path: Path
) -> None:
    how = EncodingSettings(shard_rows=600, precision="fp32")
    with files_of_at_most(40_000), pytest.raises(SearchError, match=r"vectors-00000\.npy: cannot be written"):
        encode(model, many_texts, out=tmp_path, settings=how)
    assert sorted(path.name for path in (tmp_path / "documents").iterdir()) == [
        "encoding.json",
        "ids.parquet",
    ]
    assert len(encode(model, many_texts, out=tmp_path, settings=how)) == len(many_texts)


def test_ids_that_are_damaged_are_found_and_made_anew(
    model: SentenceTransformer, texts: list[str], tmp_path: Path
) -> None:
    encode(model, texts, out=tmp_path, settings=SHARDS)
    before, file = files_of(tmp_path), tmp_path / "documents" / "ids.parquet"
    for content, message in (
        (b"damaged", "cannot be read"),
        (None, "cannot be read"),
        ({"id": ["a"]}, "must hold 90 ids"),
        ({"no": range(90)}, "must hold 90 ids"),
    ):
        file.unlink()
        if isinstance(content, bytes):
            file.write_bytes(content)
        elif content is not None:
            pq.write_table(pa.table(content), file)
        with pytest.raises(SearchError, match=rf"ids\.parquet: {message}.* delete it and encode again"):
            _ = Encodings.open(tmp_path).ids
        encode(model, texts, out=tmp_path, settings=SHARDS)
        assert files_of(tmp_path) == before


@pytest.mark.parametrize(
    "change",
    [
        {"complete": "yes"},
        {"num_rows": None},
        {"num_rows": 0},
        {"shard_rows": 0},
        {"dimension": None},
        {"checksums": []},
        {"side": 3},
    ],
)
def test_a_record_without_what_it_must_say_is_damaged(change: dict[str, Any], tmp_path: Path) -> None:
    good = {"format": 1, "model": "m", "side": "documents", "similarity": "cosine", "dtype": "float32"}
    good |= {"dimension": 2, "num_rows": 3, "shard_rows": 4, "checksums": {}, "complete": True}
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "encoding.json").write_text(json.dumps(good | change), encoding="utf-8")
    with pytest.raises(SearchError, match=f"is damaged, see {next(iter(change))}; delete the folder"):
        Encodings.open(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_clear_error(model: SentenceTransformer, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SearchError, match=r"cannot be written to .* give another folder"):
        encode(model, ["red"], out=tmp_path / "file")


def test_a_vector_that_is_not_finite_is_named(build: Build, tmp_path: Path) -> None:
    model = build()
    with np.errstate(all="ignore"):
        model[0].model.embeddings.word_embeddings.weight.data[:] = float("nan")
    with pytest.raises(SearchError, match="the vector of 'x' is not finite"):
        encode(model, ["red"], ids=["x"], out=tmp_path)


def test_a_model_that_nothing_tells_from_others_does_not_go_on(
    tmp_path: Path, model: SentenceTransformer
) -> None:
    class Unknown:
        modalities = ("text",)

        def encode_query(self, texts: list[str], **options: Any) -> np.ndarray:
            return np.ones((len(texts), 2), np.float32)

        encode_document = encode_query

    found = encode(Unknown(), ["a", "b"], out=tmp_path)
    assert found.record["fingerprint"] is None
    with pytest.raises(SearchError, match="nothing tells the model from others"):
        encode(Unknown(), ["a", "b"], out=tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"weights")
    of_files = identify(Unknown(), None, tmp_path)
    assert of_files is not None
    assert of_files == identify(Unknown(), None, tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"Weights")
    assert of_files != identify(Unknown(), None, tmp_path)


def test_media_go_with_texts_and_a_model_must_know_them(
    model: SentenceTransformer, build: Build, tmp_path: Path
) -> None:
    files = [tmp_path / "in" / name for name in ("a.txt", "b.png", "c.txt")]
    files[0].parent.mkdir()
    for file in files:
        file.write_text(f"red {file.stem}", encoding="utf-8")
    Image.new("RGB", (20, 20), "red").save(files[1])
    joined = build_two_tower_encoder(build(), build_image_tower(32, widths=(8,)))
    found = encode(joined, files, out=tmp_path / "out", settings=EncodingSettings(precision="fp32"))
    plain = joined.encode(["red a", {"image": str(files[1])}, "red c"])
    np.testing.assert_allclose(found.array(), plain, atol=1e-5)
    assert found.ids == [str(file) for file in files]
    assert found.record["shard_rows"] == 256
    assert set(found.record["ways"]) == {"image", "text"}
    with pytest.raises(CorpusError, match="is image, and the model encodes text"):
        encode(model, files, out=tmp_path / "other")


def test_both_sides_are_ready_vectors_for_evaluation(
    model: SentenceTransformer, build: Build, toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    from isoglot.evaluation.loading import load_model as load_evaluated

    write_corpus(toy_corpus, tmp_path / "corpus")
    encode(model, tmp_path / "corpus", out=tmp_path / "out", side="queries")
    assert Encodings.open(tmp_path / "out").side == "queries"
    assert not holds_encodings(tmp_path / "out")
    encode(model, toy_corpus, out=tmp_path / "out")
    embeddings, name = load_evaluated(tmp_path / "out")
    assert name == "out"
    assert list(embeddings.query_ids) == toy_corpus.queries["query_id"].to_pylist()
    assert embeddings.document_embeddings.shape == (toy_corpus.documents.num_rows, 32)
    encode(build(seed=4), toy_corpus, out=tmp_path / "more", side="queries")
    (tmp_path / "out" / "documents").rename(tmp_path / "more" / "documents")
    with pytest.raises(SearchError, match="queries and documents differ in fingerprint"):
        read_encoded(tmp_path / "more")


def test_settings_that_cannot_be_are_said_at_once(model: SentenceTransformer, tmp_path: Path) -> None:
    settings = EncodingSettings("int4", "fp8", 0, 0, "tensorrt")
    with pytest.raises(ConfigError, match="batch_tokens must be >= 1") as caught:
        encode(model, ["a"], out=tmp_path, settings=settings)
    assert str(caught.value).count("\n") == 4
    with pytest.raises(ConfigError, match="batch_tokens must be >= 1, got 0"):
        fast_encoder(model, batch_tokens=0)


def test_a_model_by_path_keeps_its_name_and_one_that_is_gone_is_an_error(
    model: SentenceTransformer, tmp_path: Path
) -> None:
    model.save_pretrained(str(tmp_path / "mine"))
    assert encode(tmp_path / "mine", ["red"], out=tmp_path / "out").record["model"] == "mine"
    with pytest.raises(CheckpointError, match="cannot be loaded as a sentence-transformers model"):
        encode(tmp_path / "gone", ["red"], out=tmp_path / "out")


def test_a_backend_that_is_not_installed_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isoglot.encoding.loading.find_spec", lambda name: None)
    with pytest.raises(
        ConfigError, match=r"onnx needs optimum, onnxruntime; install sentence-transformers\[onnx\]"
    ):
        load_model(tmp_path, backend="onnx")
    monkeypatch.setattr("isoglot.encoding.loading.find_spec", lambda name: object())
    with pytest.raises(CheckpointError, match="cannot be loaded with backend openvino"):
        load_model(tmp_path, backend="openvino")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "must be a record of format 1"),
        ('{"format": 9}', "must be a record of format 1"),
        (None, "holds no encoding.json; write it with isoglot encode"),
    ],
)
def test_a_record_that_cannot_be_read_is_an_error(content: str | None, message: str, tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    if content is not None:
        (tmp_path / "documents" / "encoding.json").write_text(content, encoding="utf-8")
    with pytest.raises(SearchError, match=message):
        Encodings.open(tmp_path)


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import isoglot.encoding.fast
from isoglot.encoding import EncodingSettings, encode, load_model

folder, kills = Path(sys.argv[1]), int(sys.argv[2])
model = load_model(folder / "model")
texts = (folder / "texts.txt").read_text(encoding="utf-8").split("\\n")
how = EncodingSettings(dtype="int8", shard_rows=20, batch_tokens=256)

def run(out):
    child = os.fork()
    if child == 0:
        encode(model, texts, out=out, settings=how)
        os._exit(0)
    return child

start = time.monotonic()
assert os.waitpid(run(folder / "whole"), 0)[1] == 0
seconds = time.monotonic() - start
chance, killed, counts = random.Random(int(sys.argv[3])), 0, []
for target in sorted(chance.sample(range(33), kills)):
    child = run(folder / "parts")
    while len(list((folder / "parts").rglob("vectors-*"))) < target:
        time.sleep(0.001)
    time.sleep(chance.uniform(0, seconds / 50))
    os.kill(child, signal.SIGKILL)
    killed += os.waitpid(child, 0)[1] == signal.SIGKILL
    counts.append(len(list((folder / "parts").rglob("vectors-*"))))
assert counts == sorted(counts), counts
assert os.waitpid(run(folder / "parts"), 0)[1] == 0
print(killed)
"""


@pytest.mark.slow
def test_killed_at_twenty_random_points_it_ends_with_the_same_bytes(
    build: Build, many_texts: list[str], tmp_path: Path
) -> None:
    build(layers=3, hidden_size=64).save_pretrained(str(tmp_path / "model"))
    (tmp_path / "texts.txt").write_text("\n".join(many_texts), encoding="utf-8")
    command = [sys.executable, "-c", KILLED, str(tmp_path), "20", "0"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert told.returncode == 0, told.stderr
    assert int(told.stdout.split()[-1]) == 20
    assert files_of(tmp_path / "parts") == files_of(tmp_path / "whole")
    record = json.loads((tmp_path / "parts" / "documents" / "encoding.json").read_text(encoding="utf-8"))
    assert record["complete"]
