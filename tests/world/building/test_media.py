"""What is drawn for a group: another file for each use, seed and style."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from isoglot.world.building.groups import draw_groups
from isoglot.world.building.media import document_uses, plan_rendering, render
from isoglot.world.building.options import WorldOptions

OPTIONS = WorldOptions(groups=20, modalities=("text", "image", "audio"), styles=("flat", "night"))


def test_a_rendering_depends_on_the_group_its_use_and_the_seed() -> None:
    group, other = draw_groups(OPTIONS)[:2]
    seeds = {
        plan_rendering(one, use, replace(OPTIONS, seed=seed)).seed
        for one in (group, other)
        for use in ("query", "document")
        for seed in (0, 1)
    }
    assert len(seeds) == 8
    assert plan_rendering(group, "query", OPTIONS) == plan_rendering(group, "query", OPTIONS)


def test_held_out_styles_are_half_of_what_is_tested_and_nothing_of_training() -> None:
    held_out = replace(OPTIONS, groups=400, modalities=("text", "image"), held_out_styles=("night",))
    groups = draw_groups(held_out)
    styles = {
        is_train: [
            plan_rendering(group, "document", held_out).style
            for group in groups
            if (group.split == "train") == is_train
        ]
        for is_train in (True, False)
    }
    assert set(styles[True]) == {"flat"}
    assert 0.4 < styles[False].count("night") / len(styles[False]) < 0.6


def test_a_melody_has_several_sounds_and_a_scene_one_picture() -> None:
    for group in draw_groups(OPTIONS):
        uses = document_uses(group, OPTIONS)
        assert len(uses) == (4 if group.medium == "audio" else 1) == len(set(uses))


def test_a_file_has_the_size_that_is_asked_for(tmp_path: Path) -> None:
    group = next(group for group in draw_groups(OPTIONS) if group.medium == "image")
    shown = plan_rendering(group, "query", OPTIONS)
    render(shown, tmp_path, side=48)
    assert shown.path.startswith(f"image/{shown.style}/")
    assert np.asarray(Image.open(tmp_path / shown.path)).shape == (48, 48, 3)
