"""A model as whatever encodes much sees it: the fast way where there is one, the model's own where not."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.encoding.loading import identify, load_model
from isoglot.encoding.numerics import Precision, calculating, resolve_precision
from isoglot.errors import ConfigError
from isoglot.retrieval.adapters import Adapter, Vectors, adapt
from isoglot.retrieval.contents import Side
from isoglot.retrieval.encode import as_vectors

if TYPE_CHECKING:
    from isoglot.encoding.fast import TextTower

_LOGGER = logging.getLogger(__name__)
_BATCH_TOKENS = {"cpu": 1024}
"""Budget by device: on a CPU what its caches hold counts, elsewhere that a large product is efficient."""
_DEVICE_BATCH_TOKENS = 32_768


@dataclass(frozen=True, eq=False)
class FastEncoder:
    """What encodes contents of one medium and side with a model.

    Attributes:
        model: The model.
        adapter: The model's own way.
        precision: What it calculates in.
        batch_tokens: Tokens of a batch of texts at most.
        source: The path or name that it was loaded from, if it was.
    """

    model: Any
    adapter: Adapter
    precision: Precision
    batch_tokens: int
    source: str | Path | None = None

    @property
    def name(self) -> str:
        """What records call the model: its name, or that of its folder."""
        if self.source is None:
            return "model"
        return Path(self.source).resolve().name if Path(self.source).is_dir() else str(self.source)

    @cached_property
    def fingerprint(self) -> str | None:
        """What tells the model from others, if anything does."""
        return identify(self.model, self.adapter.identify(), self.source)

    def encode(
        self,
        side: Side,
        modality: str,
        contents: Sequence[str],
        advance: Callable[[int], None] | None = None,
    ) -> Vectors:
        """Vectors of contents.

        Args:
            side: Whether they are queries or documents.
            modality: Their medium.
            contents: (n,) texts or files, 1 at least.
            advance: Told numbers of contents as they are done.

        Returns:
            (n, D) vectors, as the model gives them.

        Raises:
            SearchError: If the model gives anything else.
            MediaError: If files cannot be read; all at once.
        """
        tower = self._towers[side] if modality == "text" else None
        if not isinstance(tower, str) and tower is not None:
            from isoglot.encoding.fast import NotUnderstoodError

            try:
                return tower.encode(contents, advance)
            except NotUnderstoodError as reason:
                _LOGGER.debug("%d texts are left to the model's own encode: %s", len(contents), reason)
        vectors = self._encode_slowly(side, modality, contents)
        if advance is not None:
            advance(len(contents))
        return vectors

    def ways(self, side: Side) -> dict[str, str]:
        """How each medium is encoded on a side, in words, for the record."""
        fast = f"batches of {self.batch_tokens} tokens in {self.precision}"
        tower = self._towers[side]
        texts = f"the model's own encode in fp32: {tower}" if isinstance(tower, str) else fast
        others = f"the model's own encode in {self.precision if self._stock else 'fp32'}"
        return {name: texts if name == "text" else others for name in self.adapter.modalities}

    def _encode_slowly(self, side: Side, modality: str, contents: Sequence[str]) -> Vectors:
        as_fast = modality != "text" and self._stock
        with calculating(self.model, self.precision) if as_fast else nullcontext():
            given = self.adapter.encode(
                side, modality, list(contents), batch_size=self.adapter.batch_size, progress=False
            )
        return as_vectors(given, len(contents), side, modality)

    @cached_property
    def _towers(self) -> dict[Side, TextTower | str]:
        """For either side the fast way, or why there is none."""
        from isoglot.encoding.fast import NotUnderstoodError, text_tower

        found: dict[Side, TextTower | str] = {}
        sides: tuple[Side, Side] = ("query", "document")
        for side in sides:
            try:
                found[side] = text_tower(self.model, side, self.precision, self.batch_tokens)
            except NotUnderstoodError as reason:
                _LOGGER.debug("%s texts are left to the model's own encode: %s", side, reason)
                found[side] = str(reason)
        return found

    @cached_property
    def _stock(self) -> bool:
        from isoglot.encoding.fast import is_stock

        return is_stock(self.model)


def fast_encoder(
    model: Any, *, precision: str = "auto", batch_tokens: int | None = None, backend: str = "torch"
) -> FastEncoder:
    """What encodes fast with a model.

    Args:
        model: A model that can be searched with (`isoglot.retrieval.adapters.adapt`), or its path or name.
        precision: bf16, fp32, or auto: bf16 where the device multiplies it in hardware.
        batch_tokens: Tokens of a batch of texts at most, padding included; None chooses by the device.
        backend: What runs a model that is given by path or name: torch, onnx or openvino.

    Returns:
        The encoder.

    Raises:
        SearchError: If it is no model to search with.
        CheckpointError: If it cannot be loaded.
        ConfigError: If the precision, the budget or the backend cannot be.
    """
    if batch_tokens is not None and batch_tokens < 1:
        raise ConfigError(f"batch_tokens must be >= 1, got {batch_tokens}")
    source = model if isinstance(model, str | Path) else None
    loaded: Any = model if source is None else load_model(source, backend=backend)
    adapter = adapt(loaded)
    resolved = resolve_precision(precision, loaded) if hasattr(loaded, "parameters") else "fp32"
    device = getattr(getattr(loaded, "device", None), "type", "cpu")
    budget = batch_tokens or _BATCH_TOKENS.get(device, _DEVICE_BATCH_TOKENS)
    return FastEncoder(loaded, adapter, resolved, budget, source)


def fast_adapter(model: Any, *, precision: str = "auto", batch_tokens: int | None = None) -> Adapter:
    """A model as `isoglot.retrieval.adapters.adapt` sees it, with the fast way in place of its own.

    Args:
        model: A model that can be searched with, or its path or name.
        precision: As of `fast_encoder`.
        batch_tokens: As of `fast_encoder`.

    Returns:
        The adapter; its `batch_size` and `progress` are without meaning where the fast way is taken, and its
        vectors are cached apart from those of another precision.

    Raises:
        SearchError: If it is no model to search with.
        CheckpointError: If it cannot be loaded.
        ConfigError: If the precision or the budget cannot be.
    """
    encoder = fast_encoder(model, precision=precision, batch_tokens=batch_tokens)

    def encode(side: Side, modality: str, contents: list[str], **_: Any) -> Any:
        return encoder.encode(side, modality, contents)

    def context(side: Side, modality: str) -> str:
        return f"{encoder.adapter.context(side, modality)}\0{encoder.precision}"

    return replace(encoder.adapter, encode=encode, context=context)
