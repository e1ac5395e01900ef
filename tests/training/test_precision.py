"""Sixteen-bit training: where the processor has it, and a clear word where it has not."""

import runpy
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch

from isoglot.batches import Hybrid
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.training import TrainingSettings, fit
from isoglot.training.precision import bf16_problem

build = runpy.run_path(str(Path(__file__).parent / "programs" / "train.py"))["build"]
CPU = torch.device("cpu")


@pytest.mark.parametrize("kind", ["static", "transformer"])
@pytest.mark.skipif(bf16_problem(CPU) is not None, reason="a processor without bfloat16")
def test_sixteen_bits_train_about_the_same_model(
    toy_corpus: ParallelCorpus, tmp_path: Path, kind: str
) -> None:
    vectors = {}
    for bf16 in (False, True):
        model = build(kind, toy_corpus.documents["text"].to_pylist())
        settings = TrainingSettings(steps=6, batch_size=8, learning_rate=0.01, bf16=bf16)
        trained = fit(model, toy_corpus, scheme=Hybrid(), output_dir=tmp_path / str(bf16), settings=settings)
        assert {parameter.dtype for parameter in trained.parameters()} == {torch.float32}
        vectors[bf16] = trained.encode(["en1 en2 en3", "de4 de5", "th6"], normalize_embeddings=True)
    assert (np.sum(vectors[True] * vectors[False], axis=1) > 0.98).all()
    if kind == "transformer":  # a static encoder looks up and adds, which autocast leaves in 32 bits
        assert not np.array_equal(vectors[True], vectors[False])


def test_a_processor_without_it_is_named_before_any_work(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    model = build("static", ["en1 en2"])
    settings = TrainingSettings(batch_size=1, bf16=True)
    with (
        mock.patch("torch.ops.mkldnn._is_mkldnn_bf16_supported", return_value=False),
        pytest.raises(ConfigError, match=r"batch_size must be .*\nbf16: the cpu processor has no bfloat16"),
    ):
        fit(model, toy_corpus, scheme=Hybrid(), output_dir=tmp_path / "m", settings=settings)
    assert not (tmp_path / "m").exists()
