"""Time to draw pictures of the built-in world, against the bare evaluation of the distances they need.

    python benchmarks/world_rendering.py [--pictures N] [--side PIXELS]

Prints, on one core, the seconds for N pictures in every style in turns, pictures a second, and how many times
as long they take as evaluating the distance field of every shape once, which is all that could not be saved;
then the same for videos, melodies and the files of each.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from isoglot.world.rendering import (
    STYLES,
    draw_picture,
    draw_video,
    has_room,
    lay_out_picture,
    play_melody,
    write_picture,
    write_sound,
    write_video,
)
from isoglot.world.rendering.layout import Layout, patches
from isoglot.world.scenes.scene import (
    COLOURS,
    MAX_COUNT,
    MOTIONS,
    PITCHES,
    RELATIONS,
    RHYTHMS,
    SHAPES,
    SIZES,
    TEXTURES,
    TIMBRES,
    Melody,
    Motion,
    Relation,
    Scene,
    Thing,
)

REPEATS = 3


def draw_thing(rng: np.random.Generator, relation: Relation | None, *, second: bool) -> Thing:
    """A thing of every kind and number that a relation allows."""
    shape, colour, size, texture = (
        values[rng.integers(len(values))] for values in (SHAPES, COLOURS, SIZES, TEXTURES)
    )
    count = int(rng.integers(1, MAX_COUNT + 1))
    if relation == "inside":
        return Thing(shape, colour, "large" if second else "small", texture, 1 if second else count)
    return Thing(shape, colour, None if relation == "larger_than" else size, texture, count)


def draw_scenes(count: int, motions: tuple[Motion | None, ...]) -> list[Scene]:
    """Scenes of all relations and of none, in turns, with every kind of motion among some."""
    rng = np.random.default_rng(0)
    scenes = []
    for named, motion in itertools.cycle(itertools.product((None, *RELATIONS), motions)):
        relation = None if motion == "crosses" else named
        first, second = (draw_thing(rng, relation, second=number == 1) for number in range(2))
        if first.kind == second.kind:
            continue
        alone = relation is None and motion != "crosses"
        scene = Scene(first, None if alone else second, relation, motion)
        if has_room(scene):
            scenes.append(scene)
        if len(scenes) == count:
            return scenes
    return scenes


def seconds(job: Callable[[], object]) -> float:
    """The median time of a few runs."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        job()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measure_fields(layouts: list[Layout]) -> None:
    """Evaluates the distances of every shape, and nothing else."""
    for layout in layouts:
        for owner in range(len(layout.things)):
            for _ in patches(layout, owner):
                pass


def benchmark_pictures(num_pictures: int, side: int) -> None:
    """Prints the time of pictures, and of the least that they need."""
    scenes = draw_scenes(num_pictures, (None,))
    layouts = [lay_out_picture(scene, seed=seed, side=side) for seed, scene in enumerate(scenes)]
    measure_fields(layouts)  # warm up
    bare = seconds(lambda: measure_fields(layouts))
    placed = seconds(
        lambda: [lay_out_picture(scene, seed=seed, side=side) for seed, scene in enumerate(scenes)]
    )

    def draw_all() -> None:
        for seed, scene in enumerate(scenes):
            draw_picture(scene, seed=seed, side=side, style=STYLES[seed % len(STYLES)])

    whole = seconds(draw_all)
    print(
        f"{num_pictures:,} pictures of {side} x {side}: {whole:.2f} s, {num_pictures / whole:,.0f} a second"
    )
    print(f"  of that, layouts: {placed:.2f} s")
    print(f"  the bare distance fields: {bare:.2f} s; the pictures take {whole / bare:.1f} times as long")


def benchmark_others(side: int) -> None:
    """Prints the time of videos, melodies and files."""
    scenes = draw_scenes(50, MOTIONS)
    melodies = [Melody(3, *rest) for rest in itertools.product(PITCHES, ("rising",), TIMBRES, RHYTHMS)]
    videos = [draw_video(scene, seed=seed, side=side) for seed, scene in enumerate(scenes)]
    sounds = [play_melody(melody, seed=seed) for seed, melody in enumerate(melodies)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        jobs: list[tuple[str, int, Callable[[], object]]] = [
            (
                "videos of 16 frames",
                50,
                lambda: [draw_video(s, seed=n, side=side) for n, s in enumerate(scenes)],
            ),
            ("melodies", len(melodies), lambda: [play_melody(m, seed=n) for n, m in enumerate(melodies)]),
            ("PNG files", 50, lambda: [write_picture(path / "a.png", video[0]) for video in videos]),
            ("WebM files", 50, lambda: [write_video(path / "a.webm", video) for video in videos]),
            ("WAV files", len(sounds), lambda: [write_sound(path / "a.wav", sound) for sound in sounds]),
        ]
        for name, count, job in jobs:
            print(f"{name}: {1000 * seconds(job) / count:.1f} ms each")


def main() -> None:
    """Reads the arguments and prints the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1_000)
    parser.add_argument("--side", type=int, default=64)
    arguments = parser.parse_args()
    benchmark_pictures(arguments.pictures, arguments.side)
    benchmark_others(arguments.side)


if __name__ == "__main__":
    main()
