"""Sounds in training: a batch gathered from the table is what the model makes of the files."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import ClapFeatureExtractor

from isoglot.batches.media import media_gather
from isoglot.batches.waveforms import WaveformTable, waveform_table
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.encoders import build_audio_tower
from isoglot.errors import MediaError

SECONDS = (0.3, 1.0, 2.5, 0.3)


@pytest.fixture
def corpus(tmp_path: Path) -> ParallelCorpus:
    """Four sounds, three lengths, between texts."""
    builder = CorpusBuilder(CorpusInfo("sounds"))
    rng = np.random.default_rng(0)
    for number, seconds in enumerate(SECONDS):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(rng.integers(-9_000, 9_000, round(seconds * 16_000)).astype("<i2").tobytes())
        builder.add_query(f"q{number}", f"g{number}", "en", f"sound {number}")
        builder.add_document(f"t{number}", f"g{number}", "en", f"a sound {number}")
        builder.add_document(f"d{number}", f"g{number}", None, None, modality="audio", path=f"{number}.wav")
        builder.judge_group("train", f"g{number}")
    return replace(builder.build(), media_root=str(tmp_path))


def tower() -> SentenceTransformer:
    return build_audio_tower(8, seconds=2, bands=16, width=16, layers=1, heads=2)


def sound_rows(corpus: ParallelCorpus) -> np.ndarray:
    names, codes = corpus.document_modalities
    return np.flatnonzero(codes == names.index("audio")).astype(np.int32)


def test_a_batch_is_the_model_input_of_its_files(corpus: ParallelCorpus) -> None:
    model = tower()
    rows = sound_rows(corpus)
    table = media_gather(model, "document", "audio", corpus, rows)
    assert isinstance(table, WaveformTable)
    assert table.inputs["input_features"].shape == (4, 16, 100)
    chosen = rows[[2, 0, 2]]
    made = table(chosen)
    sounds = []
    for row in chosen.tolist():
        with wave.open(f"{corpus.media_root}/{corpus.document(row).path}", "rb") as file:
            sounds.append(np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 2**15)
    expected = model.preprocess([{"audio": {"array": s, "sampling_rate": 16_000}} for s in sounds])
    assert made["modality"] == expected["modality"] == "audio"
    assert made["input_features"].dtype == torch.float32
    assert (made["input_features"] - expected["input_features"]).abs().max() < 1e-3
    assert made["input_features"].std() > 0.1
    assert (table.places >= 0).nonzero()[0].tolist() == rows.tolist()


def test_every_file_is_opened_once_and_its_rows_share_it() -> None:
    opened: list[Any] = []

    def preprocess(contents: list[Any]) -> dict[str, Any]:
        opened.extend(each for each in contents if isinstance(each, str))
        lengths = [float(len(each)) for each in contents if isinstance(each, str)] or [0.0]
        return {"input_features": torch.tensor(lengths)[:, None], "count": len(lengths)}

    files = ["aa", "b", "aa", "cccc"]
    rows = np.array([5, 1, 3, 0], np.int32)
    table = waveform_table(tower(), files, preprocess, rows, 7)
    assert table is not None
    assert opened == ["aa", "b", "cccc"]
    assert table(np.array([0, 3, 1, 5], np.int32))["input_features"].tolist() == [[4.0], [2.0], [1.0], [2.0]]
    assert table.places.tolist() == [2, 1, -1, 0, -1, 0, -1]


def test_further_inputs_of_a_fixed_size_are_kept_in_their_type() -> None:
    extractor = ClapFeatureExtractor(truncation="rand_trunc", max_length_s=1)

    def preprocess(contents: list[Any]) -> dict[str, Any]:
        sounds = [np.full(27_000, len(each) % 7, np.float32) for each in contents]
        return dict(extractor(sounds, sampling_rate=48_000, return_tensors="pt"))

    table = waveform_table(tower(), ["a.wav", "bb.wav"], preprocess, np.array([0, 1], np.int32), 2)
    assert table is not None
    made = table(np.array([1, 0], np.int32))
    assert made["is_longer"].dtype == torch.bool
    expected = preprocess(["bb.wav", "a.wav"])["input_features"]
    assert (made["input_features"] - expected).abs().max() < 0.1  # of about 100 decibels


def test_a_model_that_takes_longer_sounds_as_larger_arrays_has_no_table() -> None:
    def preprocess(contents: list[Any]) -> dict[str, Any]:
        return {"input_values": torch.zeros(len(contents), max(len(each) for each in contents))}

    assert waveform_table(tower(), ["a.wav"], preprocess, np.array([0], np.int32), 1) is None
    opening_files_itself: Any = object()
    assert waveform_table(opening_files_itself, ["a.wav"], preprocess, np.array([0], np.int32), 1) is None


def test_all_bad_sounds_are_told_before_training_starts(corpus: ParallelCorpus) -> None:
    root = Path(str(corpus.media_root))
    (root / "1.wav").write_bytes(b"no sound")
    (root / "3.wav").write_bytes((root / "3.wav").read_bytes()[:2_000])
    with pytest.raises(MediaError, match=r"1\.wav: cannot be read(.|\n)*3\.wav: is cut off"):
        media_gather(tower(), "document", "audio", corpus, sound_rows(corpus))
