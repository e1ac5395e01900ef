"""A small corpus of scenes in four media, with everything in it that a page must not take for markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from isoglot.corpora import CorpusBuilder, CorpusInfo, ParallelCorpus
from isoglot.corpora.labelled import label_pairs
from isoglot.world.rendering import (
    draw_picture,
    draw_video,
    play_melody,
    write_picture,
    write_sound,
    write_video,
)
from isoglot.world.scenes.scene import Melody, Scene, Thing

LANGUAGES = ("ar", "de", "en", "hi", "zh")
CAPTIONS = {
    "ar": ("ABC دائرة حمراء كبيرة", "نجمة صفراء", "ثلاث نغمات"),
    "de": ("ein großer roter Kreis", "ein gelber Stern", "drei Töne"),
    "en": ("a large red <b>circle</b>", "a yellow star & more", "three tones"),
    "hi": ("बड़ा लाल वृत्त", "पीला तारा", "तीन स्वर"),
    "zh": ("一个红色的大圆", "一颗黄色的星", "三个音"),
}
THINGS = (Thing("circle", "red", "large", "dotted", 1), Thing("star", "yellow", "small", "plain", 1))
MELODY = Melody(3, "high", "falling", "flute", "slow")
HOSTILE = '<img/src=x:/onerror=alert(1)>"&'
"""An id, the name of a file and more."""


def scenes(folder: Path) -> ParallelCorpus:
    """Four groups of two splits, one without query, three distractors and two labelled pairs.

    Groups: `picture` (train) and `video`, `sound` and one of a hostile name (test), each with captions in
    every language on both sides, and one medium on both, another rendering as query and as document.
    """
    builder = CorpusBuilder(
        CorpusInfo(
            "scenes <i>", licence="Apache-2.0 <u>", citation="A & B", description="<script>no</script>"
        )
    )
    media = folder / "media"
    _add(builder, "picture", 0, "image", _pictures(media, "picture.png", 0))
    _add(builder, "video", 1, "video", _videos(media))
    _add(builder, "sound", 2, "audio", _sounds(media))
    _add(builder, HOSTILE, 1, "image", _pictures(media, "<i>&\"'#?% ü.png", 1))
    builder.judge_group("train", "picture")
    for group in ("video", "sound", HOSTILE):
        builder.judge_group("test", group)
    builder.add_document("near.en", "near", "en", "a large red square")
    builder.add_document("apart.en", None, "en", "nothing <s>of</s> the kind", title="A <q>title</q>")
    builder.add_document("apart.ar", None, "ar", "لا شيء")
    write_picture(media / "apart.png", draw_picture(Scene(THINGS[1]), seed=5))
    builder.add_document("apart", None, None, None, modality="image", path="apart.png")
    corpus = replace(builder.build(), media_root=str(media))
    pairs = [("picture", "video", "0"), ("picture", "picture", "1")]
    return label_pairs(corpus, "test", "paraphrase", pairs)


def _add(builder: CorpusBuilder, group: str, number: int, modality: str, paths: tuple[str, str]) -> None:
    for language in LANGUAGES:
        text = CAPTIONS[language][number]
        builder.add_query(f"{group}.q.{language}", group, language, text)
        builder.add_document(f"{group}.d.{language}", group, language, f"{text}.")
    builder.add_query(f"{group}.q", group, "zxx", None, modality=modality, path=paths[0])
    builder.add_document(f"{group}.d", group, None, None, modality=modality, path=paths[1])


def _pictures(media: Path, name: str, thing: int) -> tuple[str, str]:
    for side in ("q", "d"):
        write_picture(media / side / name, draw_picture(Scene(THINGS[thing]), seed=len(name) + ord(side)))
    return f"q/{name}", f"d/{name}"


def _videos(media: Path) -> tuple[str, str]:
    for seed, side in enumerate(("q", "d")):
        video = draw_video(Scene(THINGS[1], motion="moves_left"), seed=seed, num_frames=8)
        write_video(media / side / "video.webm", video)
    return "q/video.webm", "d/video.webm"


def _sounds(media: Path) -> tuple[str, str]:
    for seed, side in enumerate(("q", "d")):
        write_sound(media / side / "sound.wav", play_melody(MELODY, seed=seed, sample_rate=8_000))
    return "q/sound.wav", "d/sound.wav"
