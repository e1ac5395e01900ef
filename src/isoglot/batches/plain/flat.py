"""`batch_sampler=` for one data set whose columns say of which languages each pair is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from isoglot.batches.plain.columns import (
    PairColumns,
    group_codes,
    hide_columns,
    language_codes,
    require_columns,
)
from isoglot.batches.plain.rows import PairCell, PairRows
from isoglot.batches.plain.sampler import RowBatchSampler
from isoglot.batches.plain.shares import batch_shares
from isoglot.batches.schemes import Hybrid, Scheme

if TYPE_CHECKING:
    from datasets import Dataset

ONLY = "all"
"""What records call the data set where there is one only."""


@dataclass(frozen=True)
class SchemeBatchSampler:
    """Batches by a scheme, from a data set of pairs in many languages.

    Give it to sentence-transformers as `batch_sampler=`: its trainer calls it with a data set, for training,
    evaluation and test alike. Rows of one group never meet in a batch, be it on one process or on several:
    what stock losses take for negatives are no translations of the answer.

    Attributes:
        scheme: `Monolingual`, `CrossLingual`, `Hybrid` or `Mixed`.
        columns: Which columns say what a row means; they are kept from the tokenizer.
        num_processes: How many processes share a batch; None asks accelerate.
    """

    scheme: Scheme
    columns: PairColumns = field(default_factory=PairColumns)
    num_processes: int | None = None

    def __call__(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        valid_label_columns: list[str] | None = None,
        generator: Any = None,
        seed: int | None = 0,
    ) -> RowBatchSampler:
        """The batch sampler of a data set.

        Args:
            dataset: The data set; from now on its rows leave out the columns that say what they mean.
            batch_size: Pairs that each process takes of a batch.
            drop_last: Whether an epoch leaves out what does not fill its last batch.
            valid_label_columns: Not used: labels do not decide what meets.
            generator: Not used: batches depend on seed and epoch alone.
            seed: Seed.

        Returns:
            The batch sampler.

        Raises:
            CorpusError: If columns or values are missing, or a value is no language tag.
            ConfigError: If the pairs cannot give the scheme's batches.
        """
        require_columns(dataset, self.columns.names)
        pair_rows = _pair_rows(dataset, self.columns, batch_size)
        sampler = RowBatchSampler(
            pair_rows,
            batch_shares(self.scheme, pair_rows.cells, one_cell=False),
            num_processes=running_processes() if self.num_processes is None else self.num_processes,
            drop_last=drop_last,
            seed=seed,
            settings=settings_record(self.scheme, self.columns, batch_size),
        )
        hide_columns(dataset, self.columns.names)
        return sampler


@dataclass(frozen=True)
class HybridBatchSampler:
    """Monolingual batches with probability alpha, cross-lingual ones otherwise (arXiv 2408.10536).

    As `SchemeBatchSampler(Hybrid(alpha, size_exponent))`.

    Attributes:
        alpha: Share of monolingual batches, 0 to 1.
        size_exponent: Languages are drawn in proportion to their number of pairs to this power: 0 uniformly,
            1 by size, 1 / T at temperature T.
        columns: Which columns say what a row means; they are kept from the tokenizer.
        num_processes: How many processes share a batch; None asks accelerate.
    """

    alpha: float = 0.5
    size_exponent: float = 0.0
    columns: PairColumns = field(default_factory=PairColumns)
    num_processes: int | None = None

    def __post_init__(self) -> None:
        self._scheme  # noqa: B018  a wrong alpha is refused before any training begins

    @property
    def _scheme(self) -> Hybrid:
        return Hybrid(self.alpha, self.size_exponent)

    def __call__(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        valid_label_columns: list[str] | None = None,
        generator: Any = None,
        seed: int | None = 0,
    ) -> RowBatchSampler:
        """The batch sampler of a data set; as `SchemeBatchSampler.__call__`."""
        make = SchemeBatchSampler(self._scheme, self.columns, self.num_processes)
        return make(dataset, batch_size, drop_last, valid_label_columns, generator, seed)


@dataclass(frozen=True)
class GroupBatchSampler:
    """Batches without regard to languages, in which no group is twice.

    For data in one language, and for evaluation: like sentence-transformers' `no_duplicates`, but what means
    the same is known by id, not by string.

    Attributes:
        columns: Which columns say what a row means; those of languages need not be there. They are kept from
            the tokenizer.
        num_processes: How many processes share a batch; None asks accelerate.
    """

    columns: PairColumns = field(default_factory=PairColumns)
    num_processes: int | None = None

    def __call__(
        self,
        dataset: Dataset,
        batch_size: int,
        drop_last: bool,
        valid_label_columns: list[str] | None = None,
        generator: Any = None,
        seed: int | None = 0,
    ) -> RowBatchSampler:
        """The batch sampler of a data set.

        Args:
            dataset: The data set; from now on its rows leave out the columns that say what they mean.
            batch_size: Pairs that each process takes of a batch.
            drop_last: Whether an epoch leaves out what does not fill its last batch.
            valid_label_columns: Not used: labels do not decide what meets.
            generator: Not used: batches depend on seed and epoch alone.
            seed: Seed.

        Returns:
            The batch sampler.

        Raises:
            CorpusError: If a column of groups or a value is missing.
            ConfigError: If there are too few groups for a batch.
        """
        require_columns(dataset, self.columns.groups)
        rows = np.arange(len(dataset), dtype=np.int64)
        pair_rows = PairRows(
            (PairCell(ONLY, ONLY, "und", "und", rows, batch_size),), group_codes(dataset, self.columns.groups)
        )
        sampler = RowBatchSampler(
            pair_rows,
            batch_shares(None, pair_rows.cells, one_cell=False),
            num_processes=running_processes() if self.num_processes is None else self.num_processes,
            drop_last=drop_last,
            seed=seed,
            settings=settings_record(None, self.columns, batch_size),
        )
        hide_columns(dataset, self.columns.names)
        return sampler


def running_processes() -> int:
    """How many processes take part in this training."""
    from accelerate import PartialState

    return int(PartialState().num_processes)


def scheme_record(scheme: Scheme | None) -> dict[str, Any]:
    """A scheme by name and options."""
    if scheme is None:
        return {"name": "any"}
    assert not isinstance(scheme, type)
    return {"name": type(scheme).__name__, **asdict(scheme)}  # type: ignore[call-overload]


def settings_record(
    scheme: Scheme | None, columns: PairColumns, batch_size: int | dict[str, int]
) -> dict[str, Any]:
    """What made a batch sampler, in plain values."""
    return {
        "scheme": scheme_record(scheme),
        "columns": asdict(columns),
        "batch_size": batch_size,
    }


def _pair_rows(dataset: Dataset, columns: PairColumns, batch_size: int) -> PairRows:
    query_tags, queries = language_codes(dataset, columns.query_language)
    document_tags, documents = language_codes(dataset, columns.document_language)
    codes = queries.astype(np.int64) * len(document_tags) + documents
    order = np.argsort(codes, kind="stable")
    present, starts = np.unique(codes[order], return_index=True)
    ends = np.append(starts, len(order))[1:]
    cells = []
    for code, start, end in zip(present.tolist(), starts, ends, strict=True):
        query, document = query_tags[code // len(document_tags)], document_tags[code % len(document_tags)]
        cells.append(PairCell(ONLY, f"{query}-{document}", query, document, order[start:end], batch_size))
    return PairRows(tuple(cells), group_codes(dataset, columns.groups))
