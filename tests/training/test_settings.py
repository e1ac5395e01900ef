"""Settings of a training: nested tables, flags, and every broken rule at once."""

from pathlib import Path

import pytest

from isoglot.config import read_config
from isoglot.errors import ConfigError
from isoglot.training import ObjectiveSettings, TrainingSettings


def test_settings_are_read_from_toml_and_flags(tmp_path: Path) -> None:
    path = tmp_path / "training.toml"
    path.write_text(
        "steps = 5\n[objective]\nconsistency_weight = 0.1\nmatryoshka_dimensions = [64, 32]\n"
        "several_answers = 'share'\n"
    )
    settings = read_config(path, TrainingSettings, ["objective.temperature=0.02"])
    assert settings == TrainingSettings(
        steps=5,
        objective=ObjectiveSettings(
            temperature=0.02,
            consistency_weight=0.1,
            matryoshka_dimensions=(64, 32),
            several_answers="share",
        ),
    )
    assert settings.objective.weights_by_dimension == {64: 1.0, 32: 1.0}


def test_all_broken_rules_are_told_once(tmp_path: Path) -> None:
    path = tmp_path / "training.toml"
    path.write_text(
        "mini_batch_size = -1\n[objective]\ntemperature = 0\nconsistency_weight = -0.5\n"
        "query_consistency_weight = -1\nalignment_weight = -2\ndistillation_weight = -3\n"
        "matryoshka_dimensions = [64, 64]\nmatryoshka_weights = [1.0]\n"
    )
    with pytest.raises(ConfigError, match="mini_batch_size must be >= 0, got -1") as raised:
        read_config(path, TrainingSettings)
    lines = str(raised.value).splitlines()
    assert len(lines) == 8
    assert all(line.startswith(f"{path}: objective.") for line in lines[1:])
    assert (
        "matryoshka_weights must be > 0, one for each of matryoshka_dimensions or none, got (1.0,)"
        in (lines[-1])
    )


def test_token_states_need_whole_batches() -> None:
    settings = TrainingSettings(mini_batch_size=4, objective=ObjectiveSettings(conditional_weight=1.0))
    (problem,) = settings.problems()
    assert problem.startswith("mini_batch_size must be 0 with objective.conditional_weight")
    assert problem.endswith("got 4")


def test_something_must_have_a_weight() -> None:
    nothing = TrainingSettings(objective=ObjectiveSettings(contrastive_weight=0.0))
    assert nothing.problems() == [
        "objective.contrastive_weight must be > 0 where no other term has a weight, got 0.0"
    ]
    assert not TrainingSettings().problems()
