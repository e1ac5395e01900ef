"""`multi_dataset_batch_sampler=` for data sets of one language pair each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from isoglot.batches.plain.columns import PairColumns, hide_columns, value_codes
from isoglot.batches.plain.flat import running_processes, settings_record
from isoglot.batches.plain.rows import PairCell, PairRows
from isoglot.batches.plain.sampler import RowBatchSampler
from isoglot.batches.plain.shares import batch_shares
from isoglot.batches.schemes import Hybrid
from isoglot.corpora.languages import normalize_language
from isoglot.errors import ConfigError, CorpusError

if TYPE_CHECKING:
    from datasets import Dataset
    from torch.utils.data import ConcatDataset

_SEPARATOR = re.compile(r"[./:\s]+")
LanguagePair = tuple[str, str]
"""Language of the queries, and of the documents."""


def language_pairs(names: Iterable[str]) -> dict[str, LanguagePair]:
    """The language pair that each name of a data set ends or begins with.

    One part of the name, between dots, colons, slashes or spaces, must be two language tags with a hyphen
    between them: `en-de`, `squad.en-de`, `pt_BR-en` (inside a tag, write `_` for its hyphens).

    Args:
        names: Names of data sets; a `DatasetDict` will do.

    Returns:
        (query language, document language) by name, in their order.

    Raises:
        ConfigError: If a name has no such part, or may be read in two ways; names all of them.
    """
    pairs, problems = {}, []
    for name in names:
        readings = {pair for part in _SEPARATOR.split(name) for pair in _readings(part)}
        if len(readings) == 1:
            pairs[name] = readings.pop()
        else:
            found = " or ".join(sorted(map("-".join, readings))) or "no pair of language tags"
            problems.append(
                f"data set {name!r}: {found}; name it like 'squad.en-de', or give the pairs as a mapping: "
                f"{{{name!r}: ('en', 'de')}}"
            )
    if problems:
        raise ConfigError("\n".join(problems))
    return pairs


def _readings(part: str) -> set[LanguagePair]:
    """Every way to read a part of a name as two language tags."""
    found = set()
    for hyphen in re.finditer("-", part):
        try:
            found.add((normalize_language(part[: hyphen.start()]), normalize_language(part[hyphen.end() :])))
        except CorpusError:
            continue
    return found


@dataclass(frozen=True)
class HybridMultiDatasetBatchSampler:
    """Each batch from one data set, so in one language pair: X-X with probability alpha, X-Y otherwise.

    Give it to sentence-transformers as `multi_dataset_batch_sampler=`, for a `DatasetDict` with one data set
    a language pair. It draws the rows itself, each data set in an order of its own. The trainer does not tell
    it the names of the data sets: give their languages as `pairs`, unless the rows say of which data set they
    are (sentence-transformers sees to that where `loss` or `prompts` is a dictionary).

    Attributes:
        alpha: Share of monolingual batches, 0 to 1.
        size_exponent: Languages are drawn in proportion to their number of pairs to this power: 0 uniformly,
            1 by size.
        pairs: (query language, document language) by name of the data set, in the order of the `DatasetDict`,
            such as `language_pairs(train_dataset)`.
        batch_sizes: Pairs that each process takes of a batch, by name, where it is not the trainer's.
        columns: `groups` are columns by which rows are kept apart; a data set without them has a group a row.
            All these columns are kept from the tokenizer.
        num_processes: How many processes share a batch; None asks accelerate.
    """

    alpha: float = 0.5
    size_exponent: float = 0.0
    pairs: Mapping[str, LanguagePair] | None = None
    batch_sizes: Mapping[str, int] = field(default_factory=dict)
    columns: PairColumns = field(default_factory=PairColumns)
    num_processes: int | None = None

    def __post_init__(self) -> None:
        self._scheme  # noqa: B018  a wrong alpha is refused before any training begins
        wrong = [f"{name}: {size}" for name, size in self.batch_sizes.items() if size < 1]
        if wrong:
            raise ConfigError(f"batch_sizes must be >= 1, got {', '.join(wrong)}")

    @property
    def _scheme(self) -> Hybrid:
        return Hybrid(self.alpha, self.size_exponent)

    def __call__(
        self,
        dataset: ConcatDataset[Any],
        batch_samplers: Sequence[Any],
        generator: Any = None,
        seed: int | None = 0,
    ) -> RowBatchSampler:
        """The batch sampler of several data sets.

        Args:
            dataset: All of them; from now on their rows leave out the columns that say what they mean.
            batch_samplers: The trainer's sampler of each, for its batch size; their order is not used.
            generator: Not used: batches depend on seed and epoch alone.
            seed: Seed.

        Returns:
            The batch sampler.

        Raises:
            ConfigError: If names and data sets do not fit, if `batch_sampler` asks for something that this
                sampler does not do, or if the pairs cannot give such batches.
        """
        parts: list[Dataset] = list(dataset.datasets)
        pairs = self._pairs_of(parts)
        if unknown := sorted(set(self.batch_sizes) - set(pairs)):
            raise ConfigError(f"batch_sizes names {unknown}; the data sets are {sorted(pairs)}")
        drop_last = all(_check_default(sampler).drop_last for sampler in batch_samplers)
        sizes = [_batch_size(sampler) for sampler in batch_samplers]
        cells, start = [], 0
        for (name, (query, document)), part, size in zip(pairs.items(), parts, sizes, strict=True):
            rows = np.arange(start, start + len(part), dtype=np.int64)
            cells.append(PairCell(name, name, query, document, rows, self.batch_sizes.get(name, size)))
            start += len(part)
        pair_rows = PairRows(tuple(cells), _groups(parts, self.columns.groups))
        sampler = RowBatchSampler(
            pair_rows,
            batch_shares(self._scheme, cells, one_cell=True),
            num_processes=running_processes() if self.num_processes is None else self.num_processes,
            drop_last=drop_last,
            seed=seed,
            settings=settings_record(
                self._scheme, self.columns, {cell.name: cell.batch_size for cell in cells}
            ),
        )
        for part in parts:
            hide_columns(part, self.columns.names)
        return sampler

    def _pairs_of(self, parts: Sequence[Dataset]) -> dict[str, LanguagePair]:
        """The language pair of each data set, in their order, by name."""
        names = [_own_name(part) for part in parts]
        known = [name for name in names if name is not None]
        pairs = language_pairs(known) if self.pairs is None else dict(self.pairs)
        if len(known) < len(parts):
            if self.pairs is None:
                raise ConfigError(
                    "sentence-transformers does not tell a multi-dataset batch sampler the names of its data "
                    "sets; say their languages with pairs=isoglot.language_pairs(train_dataset)"
                )
            names = list(pairs)
        if len(names) != len(parts) or set(names) != set(pairs):
            raise ConfigError(
                f"pairs names {len(pairs)} data sets ({', '.join(pairs)}), the trainer has {len(parts)}"
                f"{' (' + ', '.join(known) + ')' if known else ''}; give the pairs of the DatasetDict that "
                "is trained on, in its order"
            )
        return {name: _normalized(name, pairs[name]) for name in map(str, names)}


def _own_name(part: Dataset) -> str | None:
    """The name that the trainer has put into the rows of a data set."""
    name = part[0].get("dataset_name") if len(part) else None
    return None if name is None else str(name)


def _normalized(name: str, pair: LanguagePair) -> LanguagePair:
    try:
        query, document = map(normalize_language, pair)
    except (CorpusError, ValueError) as error:
        raise ConfigError(f"pairs[{name!r}] is {pair!r}, not two language tags ({error})") from error
    return query, document


def _check_default(sampler: Any) -> Any:
    """A child sampler whose wishes this one can grant: the default, or one that knows groups."""
    if isinstance(sampler, RowBatchSampler) or type(sampler).__name__ == "DefaultBatchSampler":
        return sampler
    raise ConfigError(
        f"HybridMultiDatasetBatchSampler draws the rows of each data set itself, and batch_sampler asks for "
        f"{type(sampler).__name__}; leave batch_sampler at its default, or use isoglot.GroupBatchSampler()"
    )


def _batch_size(sampler: Any) -> int:
    return sampler.pairs_a_process if isinstance(sampler, RowBatchSampler) else int(sampler.batch_size)


def _groups(parts: Sequence[Dataset], names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """(rows of all, columns) what each row means, by value over all data sets."""
    columns, offset = [], 0
    for name in names:
        codes: dict[Any, int] = {}
        for part in parts:
            if name in part.column_names:
                values, places = value_codes(part, name)
                own = np.array([codes.setdefault(value, len(codes)) for value in values], np.int64)[places]
                columns.append(own + offset)
            else:
                columns.append(np.full(len(part), -1, np.int64))
        offset += len(codes)
    joined = np.concatenate(columns).reshape(len(names), -1).T
    unknown = np.argwhere(joined < 0)
    joined[unknown[:, 0], unknown[:, 1]] = offset + np.arange(len(unknown))
    return joined
