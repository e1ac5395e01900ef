"""The student of an image-text model: an encoder of texts whose vectors lie where the teacher's do.

Carlsson et al. (2022, Multilingual-CLIP) distil the text side of CLIP into a multilingual encoder: placed
where the teacher places the English original, a text of any language lies near the pictures that the
untouched image side places there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def build_student(
    text_model: SentenceTransformer,
    width: int,
    *,
    image_tower: SentenceTransformer | None = None,
    seed: int = 0,
) -> SentenceTransformer:
    """A text encoder with embeddings as wide as a teacher's, perhaps beside the teacher's image tower.

    An encoder of another width gets a linear projection, to be trained with it. So the teacher's vectors need
    no change, and texts stay comparable with the teacher's pictures.

    Args:
        text_model: Any encoder of texts; its modules become the student's, and its prompts stay.
        width: Width of the teacher's embeddings.
        image_tower: The teacher's encoder of pictures, as `load_image_tower` gives it; its weights are
            frozen. None makes a student of texts alone.
        seed: Seed of the projection.

    Returns:
        The student, which compares by cosine.

    Raises:
        ConfigError: If there can be no such student; all problems at once.
    """
    from isoglot.encoders import freeze, join_towers

    _check(text_model, width, image_tower)
    if image_tower is None:
        return _of_width(text_model, width, seed)
    return join_towers({"text": text_model, "image": freeze(image_tower)}, dimension=width, seed=seed)


def _of_width(text_model: SentenceTransformer, width: int, seed: int) -> SentenceTransformer:
    """The encoder with a projection, if it needs one, and a step that normalises."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize

    modules: list[Any] = list(text_model)
    while isinstance(modules[-1], Normalize):
        modules.pop()
    own = text_model.get_embedding_dimension()
    assert own is not None  # `_check` has seen to it
    if own != width:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            modules.append(Dense(own, width, bias=False, activation_function=None))
    student = SentenceTransformer(modules=[*modules, Normalize()], device=str(text_model.device))
    student.prompts.update(text_model.prompts)
    student.default_prompt_name = text_model.default_prompt_name
    return student


def _check(text_model: SentenceTransformer, width: int, image_tower: SentenceTransformer | None) -> None:
    problems = []
    if width < 1:
        problems.append(f"width must be >= 1, got {width}")
    if "text" not in text_model.modalities:
        known = ", ".join(map(str, text_model.modalities))
        problems.append(f"text_model must encode texts, but it encodes {known}; give an encoder of texts")
    if text_model.get_embedding_dimension() is None:
        problems.append("text_model does not say how wide its embeddings are; add a Dense")
    if image_tower is not None and "image" in text_model.modalities:
        problems.append("text_model encodes pictures already; leave out image_tower, or give its text tower")
    if image_tower is not None and image_tower.get_embedding_dimension() != width:
        problems.append(
            f"image_tower must be {width} wide, as the teacher's texts are, got "
            f"{image_tower.get_embedding_dimension()}; give that of the same model"
        )
    if problems:
        raise ConfigError("\n".join(problems))
