"""The teacher of an experiment, and the student that can learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.experiments.config import TeacherConfig
from isoglot.training.student import build_student
from isoglot.training.teacher import TeacherVectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, eq=False)
class Lesson:
    """Who learns from whom.

    Attributes:
        student: The encoder to train.
        teacher: What it is taught.
    """

    student: SentenceTransformer
    teacher: TeacherVectors


def build_lesson(
    config: TeacherConfig, model: SentenceTransformer, corpus: ParallelCorpus, seed: int
) -> Lesson:
    """Makes an encoder the student of a teacher.

    Args:
        config: The teacher.
        model: The encoder of the experiment, whose modules become the student's.
        corpus: What is trained on, in the split `train`.
        seed: Seed of the training.

    Returns:
        Student and teacher. From the text side of an image-text model, the student gets the width of the
        teacher; from any other teacher, the teacher's vectors get that of the student.

    Raises:
        ConfigError: If a model cannot be read, or teacher and student do not fit.
        CorpusError: If the corpus has no text in the source language.
    """
    from isoglot.encoders import load_encoder

    path = config.path.format(seed=seed)
    if config.part == "text":
        teacher, student = _text_side(path, config, model, seed)
    else:
        teacher, student = load_encoder(path), model
    vectors = TeacherVectors.build(
        teacher,
        corpus,
        language=config.language or None,
        width=student.get_embedding_dimension(),
        name=path,
        cache=True,
    )
    return Lesson(student, vectors)


def _text_side(
    path: str, config: TeacherConfig, model: SentenceTransformer, seed: int
) -> tuple[SentenceTransformer, SentenceTransformer]:
    """The text side of an image-text model, and a student of its width."""
    from isoglot.encoders import load_image_tower, load_text_tower

    teacher = load_text_tower(path)
    width = teacher.get_embedding_dimension()
    if width is None:
        raise ConfigError(f"teacher.path: the text side of {path} does not say how wide its embeddings are")
    image_tower = load_image_tower(path) if config.image_tower else None
    return teacher, build_student(model, width, image_tower=image_tower, seed=seed)
