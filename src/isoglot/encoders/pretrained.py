"""Parts of pretrained transformers models: read alone, and made into modules of sentence-transformers."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from torch import nn
    from transformers import PreTrainedConfig, PreTrainedModel

ONLY_PICKLED = "there are no weights in safetensors, and pickles are never loaded; save it as safetensors"
"""What is said where transformers would advise to load pickles."""


@contextmanager
def without_bars() -> Iterator[None]:
    """Within the context, transformers shows no bar for the weights that it reads.

    Yields:
        Nothing.
    """
    from transformers.utils import logging

    was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if was_on:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def without_reports() -> Iterator[None]:
    """Within the context, transformers does not report the weights that are left out on purpose, either.

    Yields:
        Nothing.
    """
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        with without_bars():
            yield
    finally:
        logging.set_verbosity(verbosity)


def read_config(name: str) -> PreTrainedConfig:
    """The configuration of a model; no code of its own is run.

    Args:
        name: Hub name or directory.

    Returns:
        The configuration.

    Raises:
        ConfigError: If there is none, or it is of no architecture that the installed version knows.
    """
    from transformers import AutoConfig

    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"no transformers model could be read from {name!r}: {error}") from error
    return config


def side_of(config: PreTrainedConfig, side: Literal["vision", "text"]) -> PreTrainedConfig:
    """The configuration of one side of a model of two.

    Args:
        config: Of the whole.
        side: Which side.

    Returns:
        That of the side; the whole, if it is of one side alone.
    """
    part: Any = getattr(config, f"{side}_config", config)
    if part is not config and hasattr(config, "projection_dim"):
        part.projection_dim = config.projection_dim  # which the sides repeat, not always rightly
    found: PreTrainedConfig = part
    return found


def read_part(
    name: str, loader: str, config: PreTrainedConfig, optional: str = "", renamed: str = ""
) -> PreTrainedModel:
    """A model in 32 bits.

    Args:
        name: Hub name or directory.
        loader: Class of transformers.
        config: Configuration of what is read.
        optional: What the names of the weights begin with that the file may lack.
        renamed: What the names of all others begin with in the file, and not in the model.

    Returns:
        The model.

    Raises:
        ConfigError: If it cannot be read, or weights are missing or of another shape.
    """
    import torch
    import transformers

    mapping = {f"^{re.escape(renamed)}": ""} if renamed else None
    try:
        model, report = getattr(transformers, loader).from_pretrained(
            name,
            config=config,
            output_loading_info=True,
            dtype=torch.float32,
            key_mapping=mapping,
            use_safetensors=True,  # never a pickle
        )
    except Exception as error:  # a damaged file raises almost anything
        reason = ONLY_PICKLED if "use_safetensors" in str(error) else error
        raise ConfigError(f"{name}: the weights cannot be read: {reason}") from error
    missing = sorted(key for key in report["missing_keys"] if not (optional and key.startswith(optional)))
    if missing:
        raise ConfigError(
            f"{name}: {len(missing)} weights of {loader} are missing, {missing[0]} first; give the folder "
            "of a model with that part"
        )
    read: PreTrainedModel = model.eval()
    return read


def network_of(
    model: PreTrainedModel,
    processor: Any,
    medium: str,
    output: str,
    *,
    method: str = "forward",
    **options: Any,
) -> list[Any]:
    """A model of transformers, or a part of one, as modules that end in one vector each.

    Args:
        model: The part alone.
        processor: Makes its input.
        medium: What it encodes.
        output: `pooled` for the model's own pooled output, else the pooling of its vectors.
        method: Method of the model that encodes.
        **options: Further arguments of `Transformer`.

    Returns:
        A `Transformer`, and a `Pooling` where the model does not pool.
    """
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    field, feature = "last_hidden_state", "token_embeddings"
    if output == "pooled":
        field, feature = "pooler_output", "sentence_embedding"
        if hasattr(model.config, "projection_dim"):
            # sentence-transformers takes it as the width, and there is no projection in the part alone.
            model.config.projection_dim = model.config.hidden_size
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        processor.save_pretrained(folder)
        _stand_alone(processor, Path(folder))
        network = Transformer(
            folder,
            modality_config={medium: {"method": method, "method_output_name": field}},
            module_output_name=feature,
            **options,
        )
    if output == "pooled":
        return [network]
    return [network, Pooling(network.get_embedding_dimension(), output)]


def _stand_alone(processor: Any, folder: Path) -> None:
    """Makes a tokenizer, say, forget the processor that it was saved as a part of: there is none here."""
    from transformers import ProcessorMixin

    if isinstance(processor, ProcessorMixin):
        return
    for file in folder.glob("*_config.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        if content.pop("processor_class", None) is not None:
            file.write_text(json.dumps(content), encoding="utf-8")


def projection_of(linear: nn.Linear) -> Any:
    """A linear layer without bias as a module of its own, with the same weights.

    Args:
        linear: The layer.

    Returns:
        A `Dense`.
    """
    from sentence_transformers.sentence_transformer.modules import Dense

    return Dense(
        linear.in_features,
        linear.out_features,
        bias=False,
        activation_function=None,
        init_weight=linear.weight.detach().clone(),
    )
