"""The video tower: an image tower looks at some frames, and their vectors are pooled over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from isoglot.errors import ConfigError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TimePooling = Literal["mean", "transformer"]
"""How the vectors of frames become one: their mean, or transformer layers before it."""


def build_video_tower(
    image_tower: SentenceTransformer,
    *,
    num_frames: int = 8,
    pooling: TimePooling = "mean",
    layers: int = 1,
    heads: int = 4,
    dimension: int | None = None,
    side: int | None = None,
    seed: int = 0,
) -> SentenceTransformer:
    """An encoder of videos out of one of pictures.

    The frames of all videos of a batch go through the image tower at once. It stays what it is: joined with
    the video tower by `join_towers`, it encodes pictures with the same weights, which are trained together
    and saved once.

    Args:
        image_tower: Encodes pictures, as `build_image_tower` and `load_image_tower` make one. Where it is
            frozen as a whole (`freeze`), training runs it once over every video. Or a tower of ready features
            of frames, `feature_tower(..., medium="video")`, whose videos are arrays (frames, width).
        num_frames: Frames of a video, spread evenly over its time; a shorter one has as many as there are.
            Of ready features all frames are taken.
        pooling: `mean` over the frames, which knows nothing of their order (as zero-shot CLIP is used on
            videos); or `transformer` layers before it (Huang et al. 2021, arXiv 2103.08849).
        layers: Layers of the latter.
        heads: Their heads of attention, which must divide the image tower's width.
        dimension: Width of a new linear projection behind the pooling; None adds none.
        side: How long the shorter side of a frame may be, in pixels, before the image tower's processor sees
            it: saves time where videos are much larger than its input. None leaves frames as they are.
        seed: Seed of the new weights.

    Returns:
        An encoder of videos alone, whose embeddings are not normalised. Two of its modules are no stock ones
        of sentence-transformers (three with `transformer`): `load_encoder` loads it where isoglot is.

    Raises:
        ConfigError: If an argument is out of range, or the image tower does not encode pictures; all at once.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling

    from isoglot.encoders.time_pooling import TimeTransformer
    from isoglot.encoders.video_frames import FrameSequence, VideoFrames

    given: list[Any] = list(image_tower)
    ready = _takes_features(image_tower)
    width: Any = given[0].width if ready else image_tower.get_embedding_dimension()
    problems = video_tower_problems(
        num_frames=num_frames, pooling=pooling, layers=layers, heads=heads, side=side, dimension=dimension
    )
    problems += _misfits(image_tower, width, heads if pooling == "transformer" else None)
    if problems:
        raise ConfigError("\n".join(problems))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        over_time = [TimeTransformer(width, num_frames, layers, heads)] if pooling == "transformer" else []
        if ready:
            modules = [given[0], *over_time, *given[1:]]
        else:
            frames = [VideoFrames(num_frames, side), *given, FrameSequence(width)]
            modules = [*frames, *over_time, Pooling(width, "mean")]
        if dimension is not None:
            last = modules[-1].get_embedding_dimension()
            modules.append(Dense(last, dimension, bias=False, activation_function=None))
    return SentenceTransformer(modules=modules, device=str(image_tower.device))


def _takes_features(tower: SentenceTransformer) -> bool:
    from isoglot.encoders.features import FeatureInput

    return isinstance(tower[0], FeatureInput) and tower.modalities == ["video"]


def video_tower_problems(
    *,
    num_frames: int,
    pooling: str,
    layers: int,
    heads: int,
    side: int | None = None,
    dimension: int | None = None,
) -> list[str]:
    """What keeps `build_video_tower` from building with these arguments, whatever the image tower.

    Args:
        num_frames: Frames of a video.
        pooling: How their vectors become one.
        layers: Layers of the pooling.
        heads: Their heads of attention.
        side: How long the shorter side of a frame may be, or None.
        dimension: Width of a projection, or None.

    Returns:
        The rules that do not hold, each with the value that breaks it.
    """
    sizes = {"num_frames": num_frames, "layers": layers, "heads": heads, "dimension": dimension, "side": side}
    problems = [
        f"{name} must be >= 1, got {size}" for name, size in sizes.items() if size is not None and size < 1
    ]
    if pooling not in get_args(TimePooling):
        problems.append(f"pooling must be one of {', '.join(get_args(TimePooling))}, got {pooling!r}")
    return problems


def _misfits(tower: SentenceTransformer, width: int | None, heads: int | None) -> list[str]:
    """Why a tower cannot see the frames, or its vectors not be pooled by so many heads."""
    from sentence_transformers.sentence_transformer.modules import Router

    problems = []
    fits = "image" in tower.modalities and not isinstance(tower[0], Router)
    if not (fits or _takes_features(tower)):
        known = ", ".join(str(name) for name in tower.modalities)
        problems.append(f"image_tower must encode pictures, in a single tower, got one for {known}")
    if width is None:
        problems.append("image_tower does not say how wide its embeddings are; add a Dense")
    elif heads is not None and heads > 0 and width % heads:
        problems.append(f"heads must divide the width of a frame's vector, {width}, got {heads}")
    return problems
