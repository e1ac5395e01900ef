"""How often each kind of batch is drawn, and each language pair in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.batches.plain.rows import PairCell
from isoglot.batches.schemes import CrossLingual, Hybrid, Mixed, Monolingual, Scheme
from isoglot.errors import ConfigError

Probabilities = npt.NDArray[np.float64]
_OPTIONS = frozenset({"alpha", "size_exponent", "final_alpha", "alpha_steps"})


@dataclass(frozen=True, eq=False)
class BatchShare:
    """One kind of batch.

    Attributes:
        kind: `monolingual`, `cross_lingual`, `mixed`, or `any` where languages are not asked for.
        probabilities: (cells,) probability of each cell.
        one_cell: Whether a batch is of one cell, or each of its places is drawn from a cell of its own.
        share: Its share of the batches, at first.
        final_share: What that becomes, in a straight line.
        share_steps: Over how many whole batches; 0 if it stays.
    """

    kind: str
    probabilities: Probabilities
    one_cell: bool
    share: float = 1.0
    final_share: float = 1.0
    share_steps: int = 0

    def share_at(self, step: int) -> float:
        """Its share at a whole batch, counted from 0 at the beginning of the training."""
        if not self.share_steps:
            return self.share
        return self.share + (self.final_share - self.share) * min(1.0, step / self.share_steps)


def batch_shares(
    scheme: Scheme | None, cells: Sequence[PairCell], *, one_cell: bool
) -> tuple[BatchShare, ...]:
    """What a scheme says about rows that are fixed pairs.

    Args:
        scheme: `Monolingual`, `CrossLingual`, `Hybrid` or `Mixed`; None draws every row alike, whatever its
            languages.
        cells: The rows by language pair.
        one_cell: Whether cross-lingual batches too are of one cell.

    Returns:
        The kinds of batches whose share is ever above 0.

    Raises:
        ConfigError: If fixed pairs cannot give such batches, or these pairs cannot, or there are none.
    """
    empty = [cell.name for cell in cells if not len(cell.rows)]
    if empty or not cells:
        raise ConfigError(
            f"there are no rows in {', '.join(empty) or 'the data set'}; leave out what is empty"
        )
    if scheme is None:
        sizes = np.array([len(cell.rows) for cell in cells], float)
        return (BatchShare("any", sizes / sizes.sum(), one_cell=False),)
    _check(scheme)
    exponent: float = getattr(scheme, "size_exponent", 0.0)
    steps: int = getattr(scheme, "alpha_steps", 0)
    shares = []
    for kind, first, last in _kinds(scheme):
        if max(first, last) > 0:
            chosen = np.array([_FITS[kind](cell) for cell in cells])
            if not chosen.any():
                raise ConfigError(_nothing_to_draw(kind, cells))
            together = kind == "monolingual" or (one_cell and kind == "cross_lingual")
            probabilities = _probabilities(cells, chosen, exponent)
            shares.append(BatchShare(kind, probabilities, together, first, last, steps))
    return tuple(shares)


_FITS: dict[str, Callable[[PairCell], bool]] = {
    "monolingual": lambda cell: cell.monolingual,
    "cross_lingual": lambda cell: cell.cross_lingual,
    "mixed": lambda cell: cell.monolingual,
}


def _check(scheme: Scheme) -> None:
    """Refuses a scheme that draws what fixed pairs do not have, such as several answers to a query."""
    if type(scheme) not in (Monolingual, CrossLingual, Hybrid, Mixed) or _other_options(scheme):
        raise ConfigError(
            "a data set of fixed pairs can give the batches of Monolingual, CrossLingual, Hybrid and Mixed, "
            f"with {', '.join(sorted(_OPTIONS))}; got {scheme!r}: use isoglot.train for it"
        )


def _kinds(scheme: Scheme) -> list[tuple[str, float, float]]:
    """Kind, first and last share of the batches of a scheme."""
    if isinstance(scheme, Mixed):
        return [("mixed", 1.0, 1.0)]
    first: float = getattr(scheme, "alpha", float(isinstance(scheme, Monolingual)))
    final: float | None = getattr(scheme, "final_alpha", None)
    last = first if final is None else final
    return [("monolingual", first, last), ("cross_lingual", 1 - first, 1 - last)]


def _other_options(scheme: Any) -> list[str]:
    """Options of a scheme that are set and that fixed pairs know nothing of."""
    return [
        option.name
        for option in fields(scheme)
        if option.name not in _OPTIONS
        and option.default is not MISSING
        and getattr(scheme, option.name) != option.default
    ]


def _nothing_to_draw(kind: str, cells: Sequence[PairCell]) -> str:
    wanted = "two languages" if kind == "cross_lingual" else "one language"
    found = ", ".join(sorted({f"{cell.query_language}-{cell.document_language}" for cell in cells}))
    alpha = {"cross_lingual": "alpha=1", "monolingual": "alpha=0"}.get(kind)
    remedy = f", or draw the others alone ({alpha})" if alpha else ""
    return (
        f"{kind} batches need pairs in {wanted}, and there are only {found}; add such pairs{remedy}. For "
        "data sets of one pair use multi_dataset_batch_sampler=isoglot.HybridMultiDatasetBatchSampler(...)"
    )


def _probabilities(
    cells: Sequence[PairCell], chosen: npt.NDArray[np.bool_], exponent: float
) -> Probabilities:
    """(cells,) probability of each: by query language, then by document language, then by size."""
    sizes = np.array([len(cell.rows) for cell in cells], float) * chosen
    queries = np.array([cell.query_language for cell in cells])
    documents = np.array([cell.document_language for cell in cells])
    probabilities = np.zeros(len(cells))
    by_query = _tempered({tag: sizes[queries == tag].sum() for tag in np.unique(queries)}, exponent)
    by_document = {tag: sizes[documents == tag].sum() for tag in np.unique(documents)}
    for query, share in by_query.items():
        of_query = (queries == query) & chosen
        answered = _tempered({tag: by_document[tag] for tag in np.unique(documents[of_query])}, exponent)
        for document, conditional in answered.items():
            pair = of_query & (documents == document)
            probabilities[pair] = share * conditional * sizes[pair] / sizes[pair].sum()
    return np.asarray(probabilities / probabilities.sum())


def _tempered(sizes: dict[str, float], exponent: float) -> dict[str, float]:
    """Share of each language: its size to that power, 0 where it has none."""
    weights = {tag: size**exponent for tag, size in sizes.items() if size > 0}
    total = sum(weights.values())
    return {tag: weight / total for tag, weight in weights.items()}
