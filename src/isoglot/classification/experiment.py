"""A classifier of pairs from a configuration: trained plainly, or robustly."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from isoglot.classification.classifier import build_classifier
from isoglot.classification.examples import PairTexts, augment_pairs, pair_texts
from isoglot.classification.fitting import Tell, fit_classifier
from isoglot.classification.robust import perturbed_loss
from isoglot.classification.settings import ClassifierSettings
from isoglot.config import to_dict
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import load_encoder
from isoglot.robustness.augmentation_settings import AugmentationSettings, read_changes
from isoglot.robustness.settings import RobustSettings


@dataclass(frozen=True)
class ClassificationConfig:
    """What `run_classification` does.

    Attributes:
        encoder: Folder or name of the encoder; `{seed}` is the seed of the training.
        output: Folder of the classifier; likewise.
        task: What is classified.
        language: Language of the pairs that are trained on and that the epoch is chosen by.
        training: The head and its training.
        robust: Perturbations of input embeddings in training.
        augmentation: RS-DA: what words become. Its `copies` take the place of each pair; `subword_rate` is
            for the training of encoders, and must be 0.
    """

    encoder: str
    output: str
    task: Literal["paraphrase", "entailment"]
    language: str = "en"
    training: ClassifierSettings = field(default_factory=ClassifierSettings)
    robust: RobustSettings = field(default_factory=RobustSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)

    def problems(self) -> list[str]:
        """What cannot be, one line each; the training tells its own."""
        found = [f"robust.{problem}" for problem in self.robust.broken_rules()]
        found += [f"augmentation.{problem}" for problem in self.augmentation.broken_rules()]
        if self.augmentation.subword_rate:
            found.append(
                f"augmentation.subword_rate must be 0 for a classifier, got {self.augmentation.subword_rate}"
            )
        if self.augmentation.changes_words and not self.augmentation.copies:
            found.append("augmentation.copies must be >= 1 where words are changed, got 0")
        return found


def run_classification(
    config: ClassificationConfig, corpus: ParallelCorpus, *, progress: Tell | None = None
) -> Path:
    """Trains a classifier; started again, it goes on where it stopped.

    Args:
        config: What to do.
        corpus: Has labelled pairs in the splits `train` and `dev`.
        progress: Told of every step.

    Returns:
        The folder of the classifier.

    Raises:
        IsoglotError: If encoder or pairs cannot be read, or the folder holds another training.
    """
    seed = config.training.seed
    config = replace(config, encoder=config.encoder.format(seed=seed), output=config.output.format(seed=seed))
    pairs = pair_texts(corpus, "train", task=config.task, language=config.language)
    dev = pair_texts(corpus, "dev", task=config.task, language=config.language)
    encoder = load_encoder(config.encoder)
    classifier = build_classifier(
        encoder,
        config.task,
        joint=config.training.joint,
        hidden=config.training.hidden,
        dropout=config.training.dropout,
        seed=seed,
    )
    fit_classifier(
        classifier,
        _augmented(pairs, config),
        output_dir=config.output,
        settings=config.training,
        dev=dev,
        loss=perturbed_loss(config.robust),
        record={**to_dict(config), "files": config.augmentation.checksums(), "passes": config.robust.passes},
        progress=progress,
    )
    return Path(config.output)


def _augmented(pairs: PairTexts, config: ClassificationConfig) -> PairTexts:
    if not config.augmentation.changes_words:
        return pairs
    changes = read_changes(config.augmentation)
    copies, seed = config.augmentation.copies, config.training.seed
    return augment_pairs(pairs, changes, copies=copies, seed=seed, language=config.language)
