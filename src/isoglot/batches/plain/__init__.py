"""Batches for plain sentence-transformers: its own trainer, collator and losses, with rows chosen here.

    args = SentenceTransformerTrainingArguments(..., batch_sampler=HybridBatchSampler(alpha=0.5))
    SentenceTransformerTrainer(model, args, train_dataset, loss=MultipleNegativesRankingLoss(model)).train()

columns.py    which columns of a data set say what a row means; they are kept from the tokenizer
rows.py       rows by language pair, and the order in which they come
shares.py     how often each kind of batch and each language pair is drawn
sampler.py    the batch sampler that the trainer iterates over
flat.py       `batch_sampler=` for one data set
several.py    `multi_dataset_batch_sampler=` for one data set a language pair
"""

from isoglot.batches.plain.columns import PairColumns
from isoglot.batches.plain.flat import GroupBatchSampler, HybridBatchSampler, SchemeBatchSampler
from isoglot.batches.plain.sampler import RowBatchSampler
from isoglot.batches.plain.several import HybridMultiDatasetBatchSampler, language_pairs

__all__ = [
    "GroupBatchSampler",
    "HybridBatchSampler",
    "HybridMultiDatasetBatchSampler",
    "PairColumns",
    "RowBatchSampler",
    "SchemeBatchSampler",
    "language_pairs",
]
