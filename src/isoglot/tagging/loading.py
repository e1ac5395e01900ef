"""What both tagging and calibrating begin with: the model, and the languages asked for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isoglot.corpora.languages import normalize_language
from isoglot.errors import ConfigError, CorpusError


def load_tagger(model: Any) -> Any:
    """A model by itself, or by its path or name.

    Args:
        model: A model, which stays as it is, or a path or name.

    Returns:
        The model.

    Raises:
        CheckpointError: If there is no such model, or it cannot be loaded.
    """
    if not isinstance(model, str | Path):
        return model
    from isoglot.encoders import load_encoder

    return load_encoder(model, normalize=False)


def resolve_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Languages in canonical spelling, each once, in the order asked for.

    Args:
        languages: Tags in any spelling.

    Returns:
        The tags.

    Raises:
        ConfigError: If there is none, or one is no language; all problems at once.
    """
    problems = []
    found: dict[str, None] = {}
    for language in [languages] if isinstance(languages, str) else languages:
        try:
            found[normalize_language(language)] = None
        except CorpusError as error:
            problems.append(str(error))
    if not found and not problems:
        problems.append("languages must name one at least, such as 'de'")
    if problems:
        raise ConfigError("\n".join(problems))
    return tuple(found)
