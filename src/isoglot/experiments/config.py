"""What one experiment is: corpora, encoder, scheme, training and dev data, as read from TOML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from isoglot.batches import (
    CrossLingual,
    Hybrid,
    Mixed,
    MixEntries,
    MixPassages,
    Monolingual,
    Pooled,
    RoundRobin,
    Scheme,
)
from isoglot.encoders.images import image_tower_problems
from isoglot.errors import ConfigError
from isoglot.experiments.tower_config import AudioTowerConfig, VideoTowerConfig
from isoglot.records import Modality
from isoglot.training.settings import TrainingSettings

SchemeName = Literal[
    "monolingual",
    "cross_lingual",
    "hybrid",
    "mixed",
    "pooled",
    "mix_passages",
    "mix_entries",
    "round_robin",
]


@dataclass(frozen=True)
class SchemeConfig:
    """How batches are drawn.

    Attributes:
        name: The scheme; `isoglot.batches` describes each.
        alpha: Share of monolingual batches, for `hybrid`.
        final_alpha: What alpha becomes in a straight line over `alpha_steps` batches, for `hybrid`.
        alpha_steps: Over how many batches; goes with `final_alpha`.
        size_exponent: Languages are drawn in proportion to their number of pairs to this power: 0 uniformly,
            1 by size, 1 / T at temperature T.
        num_answers: Answers to each query, each in another language, for `pooled`.
        num_negatives: Hard negatives of each query, for a corpus that has some (`isoglot data mine`).
    """

    name: SchemeName = "hybrid"
    alpha: float = 0.5
    final_alpha: float | None = None
    alpha_steps: int = 0
    size_exponent: float = 0.0
    num_answers: int = 2
    num_negatives: int = 0

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = []
        if self.final_alpha is not None and self.name != "hybrid":
            found.append(f"final_alpha goes with name = 'hybrid', got {self.name!r}")
        if self.num_negatives < 0:
            found.append(f"num_negatives must be >= 0, got {self.num_negatives}")
        for build in (self._hybrid, self._pooled):
            try:
                build()
            except ConfigError as error:
                found += str(error).split("\n")
        return found

    def build(self) -> Scheme:
        """The scheme."""
        if self.name == "hybrid":
            return self._hybrid()
        return self._pooled() if self.name == "pooled" else _BY_SIZE[self.name](self.size_exponent)

    def _hybrid(self) -> Hybrid:
        return Hybrid(self.alpha, self.size_exponent, self.final_alpha, self.alpha_steps)

    def _pooled(self) -> Pooled:
        return Pooled(self.num_answers, self.size_exponent)


_BY_SIZE: dict[str, Callable[[float], Scheme]] = {
    "monolingual": Monolingual,
    "cross_lingual": CrossLingual,
    "mixed": Mixed,
    "mix_passages": MixPassages,
    "mix_entries": MixEntries,
    "round_robin": RoundRobin,
}
"""Schemes that know nothing but how languages are drawn."""


@dataclass(frozen=True)
class CorpusConfig:
    """Where a corpus comes from: a corpus folder, a published data set, or the built-in world.

    Attributes:
        folder: A corpus folder, as `isoglot data build` writes it.
        dataset: Name of a published data set (`isoglot data list`), or `world`.
        source: Where its published files lie; None loads it from the hub.
        options: Options of its reader.
        languages: Languages to keep; empty for all.
        splits: Splits that are trained on, together; for dev data, the one that is evaluated.
        share: Share of their groups that is trained on, drawn once for all seeds: a smaller share is part of
            a larger one.
        side: `pairs` trains on queries with their documents; `queries` on queries with their translations.
        query_modality: Medium of the queries that are trained on; None for all, which must be of one.
        document_modality: Medium of the documents that are trained on, likewise.
        weight: Makes the corpus a part of its own, which this share of the batches is drawn from, in
            proportion to the weights of all parts. Corpora without are joined into one part of weight 1.
        batch_size: Pairs a batch of this part; None takes that of the training.
        scheme: How this part's batches are drawn; None takes that of the experiment.
    """

    folder: Path | None = None
    dataset: str | None = None
    source: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    splits: tuple[str, ...] = ("train",)
    share: float = 1.0
    side: Literal["pairs", "queries"] = "pairs"
    query_modality: Modality | None = None
    document_modality: Modality | None = None
    weight: float | None = None
    batch_size: int | None = None
    scheme: SchemeConfig | None = None

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = []
        if (self.folder is None) == (self.dataset is None):
            found.append("give either folder or dataset")
        if not self.splits:
            found.append("splits: name one or more")
        if self.folder is not None and not (self.folder / "corpus.json").is_file():
            found.append(f"folder: {self.folder} holds no corpus.json; build it with `isoglot data build`")
        if self.source is not None and not self.source.exists():
            found.append(f"source: {self.source} does not exist; give the folder of the published files")
        found += [
            f"options.{key}: is no option of a reader; set {key} itself"
            for key in sorted({"languages", "skip_bad"} & set(self.options))
        ]
        if self.weight is None and (self.batch_size is not None or self.scheme is not None):
            found.append(
                "batch_size and scheme are those of a part of its own; give it a weight, such as 1.0"
            )
        if self.weight is not None and not 0 < self.weight < float("inf"):
            found.append(f"weight must be > 0, got {self.weight}")
        if self.batch_size is not None and self.batch_size < 2:
            found.append(f"batch_size must be >= 2, got {self.batch_size}")
        if not 0 < self.share <= 1:
            found.append(f"share must be > 0 and <= 1, got {self.share}")
        return found


@dataclass(frozen=True)
class ImageTowerConfig:
    """An encoder of pictures: a residual network with random weights, or what a pretrained model sees with.

    Attributes:
        path: Hub name or directory of a model of transformers, whose part that sees is taken
            (`isoglot.encoders.load_image_tower`), `{seed}` as of the encoder; None for a new network
            (`isoglot.encoders.build_image_tower`), which the other keys are of.
        side: Width and height that pictures are brought to, in pixels.
        widths: Channels of each stage.
        blocks: Residual blocks a stage.
    """

    path: str | None = None
    side: int = 64
    widths: tuple[int, ...] = (32, 64, 128)
    blocks: int = 1

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        if self.path is not None and self != ImageTowerConfig(self.path):
            return ["side, widths and blocks are those of a new network; leave them out, or path"]
        return image_tower_problems(1, self.side, self.widths, self.blocks)


@dataclass(frozen=True)
class EncoderConfig:
    """Which encoder is trained.

    Attributes:
        kind: `static` (bag of subwords) or `transformer`, both from nothing; or `pretrained`.
        path: Of a pretrained one, its hub name or directory; `{seed}` stands for the training's seed.
        dimension: Width of a new encoder's embeddings.
        vocabulary_size: Subwords of a new encoder.
        subwords: Model of the subwords.
        vocabulary_corpora: Corpora whose texts the subwords are trained on, beside the training corpora.
        weighting: First lengths of a static encoder's vectors: all alike, or by smooth inverse frequency.
        layers: Of a new transformer.
        heads: Of a new transformer.
        max_tokens: Longest text of a transformer, in tokens; None keeps a pretrained one's.
        pooling: Of a pretrained transformers model.
        query_prompt: What stands before every query; None keeps a pretrained model's.
        document_prompt: What stands before every document; None keeps a pretrained model's.
        image: Beside the encoder of texts, one of pictures, into the same space; None for none.
        video: One of videos, whose frames the encoder of pictures sees, with the same weights; None for none.
        audio: One of sounds; None for none.
        freeze: Media whose pretrained encoders are not trained; a projection or head behind them is.
        head: Widths of the fully connected layers on each frozen encoder, the last that of the embeddings;
            empty for none.
    """

    kind: Literal["static", "transformer", "pretrained"] = "static"
    path: str | None = None
    dimension: int = 256
    vocabulary_size: int = 30_000
    subwords: Literal["unigram", "bpe"] = "bpe"
    vocabulary_corpora: tuple[CorpusConfig, ...] = ()
    weighting: Literal["none", "inverse_frequency"] = "inverse_frequency"
    layers: int = 4
    heads: int = 4
    max_tokens: int | None = None
    pooling: Literal["mean", "cls", "max", "lasttoken"] | None = None
    query_prompt: str | None = None
    document_prompt: str | None = None
    image: ImageTowerConfig | None = None
    video: VideoTowerConfig | None = None
    audio: AudioTowerConfig | None = None
    freeze: tuple[Modality, ...] = ()
    head: tuple[int, ...] = ()

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = self._frozen_problems()
        if self.video is not None and self.image is None:
            found.append("video: the encoder of [encoder.image] sees its frames; add that, maybe empty")
        if (self.kind == "pretrained") != (self.path is not None):
            found.append("path goes with kind = 'pretrained', and only with it")
        if self.dimension < 1:
            found.append(f"dimension must be >= 1, got {self.dimension}")
        if self.kind == "transformer" and self.dimension % self.heads:
            found.append(f"heads must divide dimension, got {self.heads} and {self.dimension}")
        return found

    def _frozen_problems(self) -> list[str]:
        new = ["text"] if self.kind != "pretrained" else []
        if self.image is not None and self.image.path is None:
            new.append("image")
        if self.video is not None:
            new.append("video")
        if self.audio is not None and self.audio.path is None:
            new.append("audio")
        found = [
            f"freeze: the encoder for {medium} is new, and would stay as random as it is; give a pretrained "
            "one, or leave it out"
            for medium in new
            if medium in self.freeze
        ]
        if self.head and not self.freeze:
            found.append("head goes on frozen encoders; name their media in freeze, or leave it out")
        if self.head and min(self.head) < 1:
            found.append(f"head must be widths >= 1, got {list(self.head)}")
        return found


@dataclass(frozen=True)
class TeacherConfig:
    """Whose embeddings are distilled (Reimers and Gurevych 2020, arXiv 2004.09813).

    Attributes:
        path: Hub name or directory of any sentence-transformers model, or, with `part = "text"`, of a CLIP or
            SigLIP model of transformers; `{seed}` stands for the training's seed.
        language: Language of the texts that it embeds; "" for all, of a multilingual teacher.
        part: `all` for an encoder of texts; `text` for the text side of an image-text model, in whose space
            the student then is, with a projection if its width is another.
        image_tower: Whether the student gets the image side of the same model, frozen, beside it.
    """

    path: str
    language: str = "en"
    part: Literal["all", "text"] = "all"
    image_tower: bool = False

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        if self.image_tower and self.part != "text":
            return [f"image_tower goes with part = 'text', and only with it; got part = {self.part!r}"]
        return []


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment.

    Attributes:
        output: Model directory; `{seed}` stands for the training's seed.
        corpora: What is trained on: joined, but for those with a weight.
        encoder: What is trained.
        scheme: How batches are drawn, where a corpus does not say otherwise.
        training: Steps and rates.
        teacher: What is distilled, if `training.objective.distillation_weight` > 0.
        dev: Dev corpus that chooses the checkpoint, or None.
        skip_bad: Whether rows are left out whose media files cannot be read; the record beside the model then
            says what is missing, as `skipped_media`.
    """

    output: str
    corpora: tuple[CorpusConfig, ...]
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    scheme: SchemeConfig = field(default_factory=SchemeConfig)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    teacher: TeacherConfig | None = None
    dev: CorpusConfig | None = None
    skip_bad: bool = False

    def problems(self) -> list[str]:
        """What cannot be, one line each."""
        found = []
        if not self.corpora:
            found.append("corpora: name one or more")
        if self.dev is not None and self.dev.weight is not None:
            found.append("dev.weight: batches are drawn from [[corpora]] only; leave it out")
        if self.dev is not None and self.dev.side != "pairs":
            found.append("dev.side: checkpoints are chosen by queries and their documents; leave it out")
        if self.dev is not None and self.dev.share != 1:
            found.append("dev.share: checkpoints are chosen on all of a split; leave it out")
        if self.dev is not None and len(self.dev.splits) != 1:
            found.append(f"dev.splits: name one, got {len(self.dev.splits)}")
        if self.dev is None and self.training.evaluate_every_steps:
            found.append("training.evaluate_every_steps needs a [dev] corpus")
        found += self._teacher_problems()
        named = {
            "encoder": self.encoder,
            "encoder.image": self.encoder.image,
            "encoder.audio": self.encoder.audio,
            "teacher": self.teacher,
        }
        for key, part in named.items():
            path = None if part is None else part.path
            if path is not None and path.startswith((".", "/", "runs/")):
                folder = Path(path.format(seed=self.training.seed))
                if not folder.is_dir():
                    found.append(f"{key}.path: {folder} does not exist; train it first")
        return found

    def _teacher_problems(self) -> list[str]:
        found = []
        if (self.teacher is None) == (self.training.objective.distillation_weight > 0):
            found.append("a [teacher] goes with training.objective.distillation_weight > 0, and only with it")
        if self.teacher is None:
            return found
        if self.teacher.image_tower and self.encoder.image is not None:
            found.append("teacher.image_tower and [encoder.image] both encode pictures; leave one out")
        if len({each.weight for each in self.corpora} - {None}) > 0:
            found.append("a [teacher] knows the groups of one corpus; leave out the weights of [[corpora]]")
        return found
