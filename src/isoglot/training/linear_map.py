"""A linear map from a multilingual text encoder into the text space of an image-text model.

After M2M (Pasi 2026, arXiv 2601.10096): linear layers, fitted on English texts alone, bring a frozen
multilingual encoder into the space where a frozen image-text model compares texts with pictures; languages
that the encoder has aligned with English come along. The paper trains its layers by gradient descent on mean
squared error and KL divergence, as the names of its checkpoints say; the rest of its recipe was not read.
Here the map is the exact solution of a penalised least squares problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from isoglot.errors import ConfigError
from isoglot.retrieval.contents import Side
from isoglot.training.least_squares import AffineMap, orthogonal_map, ridge_maps, ridge_penalty
from isoglot.training.paired_vectors import PairedVectors
from isoglot.training.text_vectors import TextVectors
from isoglot.training.texts import Fold, Texts, read_texts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Method = Literal["ridge", "orthogonal"]

RIDGES = (0.0, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Penalties that are tried, as shares of the mean eigenvalue of the source's Gram matrix."""


@dataclass(frozen=True)
class LinearMapReport:
    """How a map was fitted, and how near it comes on texts that it has not seen.

    Attributes:
        method: `ridge` or `orthogonal`.
        num_texts: Texts that the map was fitted to.
        num_choosing: Texts that the penalty was chosen on.
        num_held_out: Texts that neither has seen; the figures below are of these.
        ridge: The chosen penalty, as a share of the mean eigenvalue; None if orthogonal.
        penalty: The same in units of the squared error: what ridge regression calls alpha; None likewise.
        explained_variance: Share of the variance of the target's vectors; 0 is what their mean explains.
        cosine: Mean cosine between mapped and target vectors.
        cosine_of_mean: Mean cosine if the map gave every text the mean of the target: vectors of an
            image-text model lie close together, so a high cosine alone says little.
        tried: Penalty -> explained variance on the texts that it was chosen on.
    """

    method: Method
    num_texts: int
    num_choosing: int
    num_held_out: int
    ridge: float | None
    penalty: float | None
    explained_variance: float
    cosine: float
    cosine_of_mean: float
    tried: dict[float, float]


@dataclass(frozen=True, eq=False)
class FittedLinearMap:
    """A text encoder in the space of another.

    Attributes:
        model: The source's modules, the map and, if the target compares by cosine, a step that normalises; an
            ordinary model, ready for `join_towers` with the image tower of the target.
        report: How near it comes.
    """

    model: SentenceTransformer
    report: LinearMapReport


def fit_linear_map(
    source: SentenceTransformer,
    target: SentenceTransformer,
    texts: Texts,
    *,
    language: str = "en",
    split: str | None = "train",
    side: Side = "query",
    method: Method = "ridge",
    ridges: float | Sequence[float] = RIDGES,
    centre: bool = True,
    held_out: float = 0.1,
    cache: bool | str | Path = False,
    progress: bool = False,
) -> FittedLinearMap:
    """Maps a text encoder into the space of another by what both make of the same texts.

    The texts are read once, in chunks; what is kept of them are sums, so a million fit. Each distinct text
    counts once. A text tells by itself whether it is held out; one half of those choose the penalty, the
    other half are what the report is of.

    Args:
        source: The encoder to map, such as a multilingual one; not trained, and its modules are shared.
        target: The encoder whose space is mapped into, such as the text tower of an image-text model.
        texts: Texts that the target knows well, so in its language: some, the path of a file with one a line
            (perhaps `.gz` or `.xz`), or a corpus.
        language: Of a corpus, the language to read.
        split: Of a corpus, the split to read; None reads all.
        side: Whose prompts both models put before the texts.
        method: `ridge` for penalised least squares, `orthogonal` for a rotation with a scale (Procrustes),
            which keeps the angles of the source.
        ridges: Penalties to choose from, as shares of the mean eigenvalue of the source's Gram matrix.
        centre: Whether the map has a bias.
        held_out: Share of the texts that is not fitted to.
        cache: Whether vectors are kept on disk, and used again: True in `$ISOGLOT_CACHE` (or
            `~/.cache/isoglot`), a path there.
        progress: Whether to show progress bars.

    Returns:
        The mapped encoder and the report.

    Raises:
        ConfigError: If an argument is out of range, or there are fewer texts than can be fitted and judged.
        CorpusError: If texts cannot be read.
        SearchError: If a model does not encode texts, or its vectors are malformed.
    """
    penalties = (ridges,) if isinstance(ridges, int | float) else tuple(ridges)
    _check_arguments(source, method, penalties, held_out)
    given = TextVectors.of(source, cache, progress=progress, role="source")
    wanted = TextVectors.of(target, cache, progress=progress, role="target")
    distinct = read_texts(texts, language=language, split=split)
    pairs = PairedVectors.read(given, wanted, side, distinct, held_out)
    chosen, report = _choose(pairs, method, penalties, centre=centre)
    return FittedLinearMap(_mapped(source, chosen, unit=wanted.unit), report)


def _choose(
    pairs: PairedVectors, method: Method, ridges: Sequence[float], *, centre: bool
) -> tuple[AffineMap, LinearMapReport]:
    """The map that explains most of the texts to choose by; of several, that of the first penalty."""
    fitting, choosing, reported = (pairs.moments[fold] for fold in get_args(Fold))
    tried: dict[float, float] = {}
    if method == "orthogonal":
        best, chosen = None, orthogonal_map(fitting, centre=centre)
    else:
        maps = dict(zip(ridges, ridge_maps(fitting, ridges, centre=centre), strict=True))
        tried = {ridge: choosing.explained_variance(each) for ridge, each in maps.items()}
        best = max(tried, key=lambda ridge: tried[ridge])
        chosen = maps[best]
    return chosen, LinearMapReport(
        method=method,
        num_texts=fitting.count,
        num_choosing=choosing.count,
        num_held_out=reported.count,
        ridge=best,
        penalty=None if best is None else ridge_penalty(fitting, best, centre=centre),
        explained_variance=reported.explained_variance(chosen),
        cosine=pairs.mean_cosine(chosen),
        cosine_of_mean=pairs.mean_cosine_of_mean(),
        tried=tried,
    )


def _mapped(source: SentenceTransformer, fitted: AffineMap, *, unit: bool) -> SentenceTransformer:
    """The source with a map after it; its prompts and its device stay."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    weight, bias = (torch.from_numpy(each.astype(np.float32)) for each in (fitted.weight.T, fitted.bias))
    width, new_width = fitted.weight.shape
    dense = Dense(
        width, new_width, activation_function=None, init_weight=weight.contiguous(), init_bias=bias
    ).to(next((each.dtype for each in source.parameters()), torch.float32))
    modules = [*source, dense, *([Normalize()] if unit else [])]
    mapped = SentenceTransformer(
        modules=modules, device=str(source.device), similarity_fn_name="cosine" if unit else "dot"
    )
    mapped.prompts.update(source.prompts)
    mapped.default_prompt_name = source.default_prompt_name
    return mapped


def _check_arguments(
    source: SentenceTransformer, method: Method, ridges: Sequence[float], held_out: float
) -> None:
    problems = []
    if method not in ("ridge", "orthogonal"):
        problems.append(f"method must be 'ridge' or 'orthogonal', got {method!r}")
    if not ridges or not all(np.isfinite(ridge) and ridge >= 0 for ridge in ridges):
        problems.append(f"ridges must be one number >= 0 or more, got {list(ridges)}")
    if not 0 < held_out < 1:
        problems.append(f"held_out must be between 0 and 1, got {held_out}")
    if getattr(source, "truncate_dim", None) is not None:
        problems.append(
            f"truncate_dim of the source must be None, got {source.truncate_dim}; a map is fitted to all "
            "dimensions that it is given"
        )
    if problems:
        raise ConfigError("\n".join(problems))
