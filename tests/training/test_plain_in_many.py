"""Plain sentence-transformers in two processes over gloo: what each sees, and what they train."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

TRAIN = Path(__file__).parent / "programs" / "plain.py"
Launch = Any


def report(folder: Path, process: int = 0) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / f"process-{process}.json").read_text())
    return content


def languages(text: str) -> str:
    """The language of the made-up words of a text."""
    return text.split(maxsplit=1)[0].rstrip("0123456789")


def words(text: str) -> frozenset[str]:
    """The words of a text without their language: what it means."""
    return frozenset(re.findall(r"\d+", text))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["flat", "several"])
def test_two_processes_train_what_one_does(launch: Launch, tmp_path: Path, kind: str) -> None:
    folders = {number: tmp_path / str(number) for number in (1, 2)}
    for number, folder in folders.items():
        folder.mkdir()
        launch(TRAIN, folder, kind, 16 // number, num_processes=number)
    one, first, second = report(folders[1]), report(folders[2]), report(folders[2], 1)
    assert one["steps"] == first["steps"] == len(first["seen"]) == len(second["seen"]) > 25
    whole = [left + right for left, right in zip(first["seen"], second["seen"], strict=True)]
    assert whole == one["seen"], "the same batches, shared"
    for left, right in zip(first["seen"], second["seen"], strict=True):
        assert len(left) == len(right)
        same = {languages(query) == languages(document) for query, document in left + right}
        assert len(same) == 1, "one kind of batch"
        pairs = {(languages(query), languages(document)) for query, document in left + right}
        assert len(pairs) == 1 or (kind == "flat" and not same.pop())
        documents = [words(document) for _, document in left + right]
        assert len(set(documents)) == len(documents), "no translation among the negatives"
    weights = [load_file(folder / "model" / "model.safetensors") for folder in folders.values()]
    for name, tensor in weights[0].items():
        torch.testing.assert_close(weights[1][name], tensor, atol=1e-5, rtol=1e-4)
    assert first["logged"] == pytest.approx(one["logged"], rel=1e-4)
    if kind == "flat":
        assert first["losses"][0] == first["losses"][1] > 0
        for process in (first, second):
            assert process["again"] == process["seen"][25:], "a resumption in the second epoch"
    else:
        assert {len(batch) for batch in first["seen"]} == {4, 8}, "no small batch was dropped"
    records = [
        json.loads((folder / "checkpoints" / "isoglot.json").read_text()) for folder in folders.values()
    ]
    assert records[0]["provenance"] == records[1]["provenance"]
    assert records[1]["num_processes"] == 2
