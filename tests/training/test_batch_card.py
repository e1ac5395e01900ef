"""What plain sentence-transformers drew is on the model card and beside the model."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

from isoglot.batches.plain import (
    GroupBatchSampler,
    HybridBatchSampler,
    HybridMultiDatasetBatchSampler,
    language_pairs,
)
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import ConfigError
from isoglot.training.batch_card import BatchCard


def rows(query: str, document: str, number: int = 30) -> list[dict[str, str]]:
    return [
        {
            "query": f"{query}{group} {query}{group + 1}",
            "document": f"{document}{group} {document}{group + 1} {document}{group + 2}",
            "query_language": query,
            "document_language": document,
            "group_id": f"g{group}",
        }
        for group in range(number)
    ]


@pytest.fixture
def pairs() -> Dataset:
    return Dataset.from_list(
        [row for pair in ("en-en", "de-de", "en-de", "de-en") for row in rows(*pair.split("-"))]
    )


@pytest.fixture
def model(pairs: Dataset) -> SentenceTransformer:
    return build_static_encoder(train_subwords(pairs["document"], 200, model="bpe"), 8)


def trainer(
    model: SentenceTransformer, dataset: Any, folder: Path, card: BatchCard, **options: Any
) -> SentenceTransformerTrainer:
    args = SentenceTransformerTrainingArguments(
        str(folder),
        **{
            "per_device_train_batch_size": 8,
            "num_train_epochs": 3,
            "use_cpu": True,
            "report_to": "none",
            "disable_tqdm": True,
            "save_strategy": "no",
            **options,
        },
    )
    return SentenceTransformerTrainer(
        model, args, dataset, loss=MultipleNegativesRankingLoss(model), callbacks=[card]
    )


def drawn(made: SentenceTransformerTrainer) -> Counter[str]:
    """Counts the language pairs of the rows that the collator gets; read it after the training."""
    pairs: Counter[str] = Counter()
    collate = made.data_collator

    def remember(batch: list[dict[str, str]]) -> Any:
        pairs.update(f"{row['query'][:2]}_to_{row['document'][:2]}" for row in batch)
        return collate(batch)

    remember.valid_label_columns = collate.valid_label_columns  # type: ignore[attr-defined]
    made.data_collator = remember
    return pairs


def read(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "isoglot.json").read_text())
    return content


def test_9_settings_and_what_was_drawn_are_on_the_card_and_beside_the_model(
    model: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    sampler = HybridBatchSampler(0.25, size_exponent=0.5)
    without = SentenceTransformerTrainingArguments(str(tmp_path), batch_sampler=sampler).to_dict()
    assert "batch_sampler" not in without, "the control fails as expected"
    made = trainer(model, pairs, tmp_path, BatchCard(), batch_sampler=sampler)
    counted = drawn(made)
    made.train()
    made.save_model()
    record = read(tmp_path)
    scheme = {"name": "Hybrid", "alpha": 0.25, "size_exponent": 0.5}
    assert record["scheme"] | scheme == record["scheme"]
    assert (record["batch_size"], record["seed"], record["num_processes"]) == (8, 42, 1)
    assert record["finished"], "what evaluates the folder asks"
    assert record["num_pairs"] == {"de-de": 30, "de-en": 30, "en-de": 30, "en-en": 30}
    assert record["provenance"]["pairs"] == dict(counted)
    assert record["provenance"]["num_batches"] == 45
    card = (tmp_path / "README.md").read_text()
    assert '- `batch_sampler`: {"scheme": {"name": "Hybrid", "alpha": 0.25' in card
    assert f"- `batches drawn`: 45 ({record['provenance']['batches']['cross_lingual']} cross_lingual" in card
    assert f"{counted['en_to_de']} en_to_de" in card


def test_what_was_drawn_reconciles_with_alpha(
    model: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    card = BatchCard()
    sampler = HybridBatchSampler(0.25)
    trainer(model, pairs, tmp_path, card, batch_sampler=sampler, max_steps=200).train()
    # Three standard deviations of a binomial share of 200.
    assert card.record()["provenance"]["share_monolingual"] == pytest.approx(0.25, abs=0.092)


def test_accumulated_and_resumed_batches_are_counted_once(
    model: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    options = {
        "batch_sampler": HybridBatchSampler(),
        "gradient_accumulation_steps": 2,
        "save_strategy": "steps",
        "save_steps": 10,
    }
    made = trainer(model, pairs, tmp_path, BatchCard(), **options)
    counted = drawn(made)
    made.train()
    assert read(tmp_path)["provenance"]["pairs"] == dict(counted)
    # 15 batches an epoch are 8 steps of 2, of which the last has 1.
    assert read(tmp_path / "checkpoint-10")["provenance"]["num_batches"] == 15 + 4
    again = BatchCard()
    resumed = trainer(model, pairs, tmp_path, again, **options)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-10"))
    assert again.record()["provenance"] == read(tmp_path)["provenance"]
    assert again.record()["provenance"]["pairs"] == dict(counted)


def test_data_sets_are_counted_by_name(model: SentenceTransformer, tmp_path: Path) -> None:
    names = ("en-en", "a.en-de", "b.en-de", "captions.en-zxx", "pictures.zxx-zxx")
    data_sets = DatasetDict(
        {
            name: Dataset.from_list(rows(*name.split(".")[-1].split("-"))).select_columns(
                ["query", "document"]
            )
            for name in names
        }
    )
    sampler = HybridMultiDatasetBatchSampler(pairs=language_pairs(data_sets), batch_sizes={"b.en-de": 4})
    card = BatchCard()
    trainer(model, data_sets, tmp_path, card, multi_dataset_batch_sampler=sampler).train()
    record = card.record()
    assert set(record["provenance"]["parts"]) == set(names)
    assert record["batch_size"]["b.en-de"] == 4
    assert set(record["provenance"]["parts"]["pictures.zxx-zxx"]["batches"]) == {"any"}
    part = record["provenance"]["parts"]["b.en-de"]
    assert part["pairs"] == {"en_to_de": 4 * part["num_batches"]}


def test_batches_without_languages_are_counted(
    model: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    card = BatchCard()
    trainer(model, pairs, tmp_path, card, batch_sampler=GroupBatchSampler(), max_steps=3).train()
    assert card.record()["provenance"]["batches"] == {"any": 3}


def test_there_is_nothing_to_record_before_training(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to record before training"):
        BatchCard().write(tmp_path)


def test_other_batches_than_ours_are_refused(
    model: SentenceTransformer, pairs: Dataset, tmp_path: Path
) -> None:
    texts = pairs.select_columns(["query", "document"])
    with pytest.raises(ConfigError, match=r"set batch_sampler=isoglot\.HybridBatchSampler"):
        trainer(model, texts, tmp_path, BatchCard()).train()
