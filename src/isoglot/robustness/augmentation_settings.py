"""Settings of the augmentation of a training's texts, and what is built of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.languages import normalize_language
from isoglot.errors import ConfigError, CorpusError
from isoglot.robustness.augmentation import TextAugmentation, WordChanges
from isoglot.robustness.dictionaries import read_dictionary
from isoglot.robustness.subword_noise import SubwordNoise
from isoglot.robustness.synonyms import read_neighbours

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class AugmentationSettings:
    """What changes the texts that are trained on. By default nothing does, and it costs nothing.

    Attributes:
        tables: Language -> file of its neighbour table (`isoglot.robustness.synonyms.read_neighbours`).
        rate: Share of the words with neighbours that are drawn anew, from the word itself and its neighbours.
        dictionaries: Language -> language -> file of a dictionary from the first to the second
            (`isoglot.robustness.dictionaries.read_dictionary`).
        switch_rate: Share of the words with a translation that are translated.
        subword_rate: Of byte-pair encoding, probability of a merge to be left out; of a unigram model, of a
            word to be cut anew.
        copies: Copies with other words that are made of every text beforehand, one of which is drawn in each
            step; 0 draws words anew in every step.
    """

    tables: dict[str, str] = field(default_factory=dict)
    rate: float = 1.0
    dictionaries: dict[str, dict[str, str]] = field(default_factory=dict)
    switch_rate: float = 0.3
    subword_rate: float = 0.0
    copies: int = 0

    @property
    def changes_words(self) -> bool:
        """Whether words are changed."""
        return bool(self.tables and self.rate) or bool(self.dictionaries and self.switch_rate)

    @property
    def active(self) -> bool:
        """Whether anything is changed."""
        return self.changes_words or self.subword_rate > 0

    @property
    def files(self) -> dict[str, Path]:
        """Key -> the file that it names."""
        found = {f"tables.{language}": Path(path) for language, path in self.tables.items()}
        for source, targets in self.dictionaries.items():
            for target, path in targets.items():
                found[f"dictionaries.{source}.{target}"] = Path(path)
        return found

    def broken_rules(self) -> list[str]:
        """What cannot be, one line each; `TrainingSettings.problems` tells it with its own."""
        found = [
            f"{name} must be between 0 and 1, got {getattr(self, name)}"
            for name in ("rate", "switch_rate", "subword_rate")
            if not 0 <= getattr(self, name) <= 1
        ]
        if self.copies < 0:
            found.append(f"copies must be >= 0, got {self.copies}")
        if self.copies > 0 and not (self.tables or self.dictionaries):
            found.append(f"copies must be 0 without tables or dictionaries, got {self.copies}")
        for key, path in self.files.items():
            found += _language_problems(key)
            if not path.is_file():
                found.append(f"{key}: {path} does not exist; give a file")
        return found

    def checksums(self) -> dict[str, str]:
        """SHA-256 of each file that is named, by key."""
        return {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in self.files.items()}


def read_changes(settings: AugmentationSettings) -> WordChanges:
    """What words may become by some settings.

    Args:
        settings: Settings without problems.

    Returns:
        The changes.

    Raises:
        CorpusError: If a file breaks a rule; the problems of all files at once.
        ConfigError: If two keys are the same language in two spellings.
    """
    tables, dictionaries = [], []
    problems: list[str] = []
    for language, path in settings.tables.items():
        try:
            tables.append(read_neighbours(path, language))
        except CorpusError as error:
            problems += error.problems
    for source, targets in settings.dictionaries.items():
        for target, path in targets.items():
            try:
                dictionaries.append(read_dictionary(path, source, target))
            except CorpusError as error:
                problems += error.problems
    if problems:
        raise CorpusError(problems)
    return WordChanges.of(tables, dictionaries, rate=settings.rate, switch_rate=settings.switch_rate)


def build_augmentation(
    settings: AugmentationSettings, model: SentenceTransformer, *, seed: int
) -> TextAugmentation | None:
    """What changes the texts of a training.

    Args:
        settings: Settings without problems.
        model: The encoder.
        seed: Seed of the training.

    Returns:
        The augmentation; None if nothing is changed.

    Raises:
        CorpusError: If a file breaks a rule; the problems of all files at once.
        ConfigError: If subwords are to change, and the encoder's tokenizer is not known to be of byte-pair
            encoding or a unigram model.
    """
    if not settings.active:
        return None
    changes = read_changes(settings) if settings.changes_words else WordChanges()
    noise = None
    if settings.subword_rate:
        longest = getattr(model, "max_seq_length", None)
        limit = int(longest) if longest is not None and longest < float("inf") else None
        noise = SubwordNoise.of(_tokenizer(model), settings.subword_rate, seed=seed, max_tokens=limit)
    return TextAugmentation(seed, changes, noise, settings.copies)


def _tokenizer(model: SentenceTransformer) -> Tokenizer:
    """What cuts all texts of an encoder."""
    found = {tokenizer.to_str(): tokenizer for tokenizer in _tokenizers(model)}
    if len(found) != 1:
        raise ConfigError(
            "augmentation.subword_rate must be 0 unless all texts are cut by one tokenizer of the tokenizers "
            f"library; this model has {len(found)}"
        )
    return next(iter(found.values()))


def _tokenizers(model: SentenceTransformer) -> Iterator[Tokenizer]:
    from tokenizers import Tokenizer

    for module in model.modules():
        tokenizer: Any = getattr(module, "tokenizer", None)
        tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
        if isinstance(tokenizer, Tokenizer):
            yield tokenizer


def _language_problems(key: str) -> list[str]:
    """What is wrong with the languages in the key of a file."""
    found = []
    for language in key.split(".")[1:]:
        try:
            normalize_language(language)
        except CorpusError as error:
            found.append(f"{key}: {error}")
    return found
