"""Configurations: what is read, what is refused, and that all of it is refused at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from isoglot.config import build_config, read_config, to_dict, write_config
from isoglot.errors import ConfigError


@dataclass(frozen=True)
class Stage:
    steps: int
    scheme: Literal["monolingual", "cross_lingual", "hybrid"] = "hybrid"
    alpha: float = 0.5

    def problems(self) -> list[str]:
        return [] if 0 <= self.alpha <= 1 else [f"alpha must be from 0 to 1, got {self.alpha}"]


@dataclass(frozen=True)
class Encoder:
    model: str | None = None
    dimension: int = 256

    def __post_init__(self) -> None:
        if self.dimension % 8:
            raise ValueError(f"dimension must be a multiple of 8, got {self.dimension}")


@dataclass(frozen=True)
class Experiment:
    name: str
    corpora: tuple[Path, ...]
    encoder: Encoder = field(default_factory=Encoder)
    stages: tuple[Stage, ...] = ()
    betas: tuple[float, float] = (0.9, 0.999)
    weights: Mapping[str, float] = field(default_factory=dict)
    languages: tuple[str, ...] | Literal["all"] = "all"
    max_tokens: int | None = None
    shuffle: bool = True


FULL = """
name = "xquad-r"
corpora = ["a", "b/c"]
languages = ["de", "tr"]
betas = [0.9, 1]
max_tokens = 64

[encoder]
dimension = 512

[weights]
en = 2
de = 0.5

[[stages]]
steps = 100

[[stages]]
steps = 50
scheme = "monolingual"
"""


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    path = tmp_path / "experiment.toml"
    path.write_text(FULL, encoding="utf-8")
    return path


def problems_of(text: str, tmp_path: Path, overrides: tuple[str, ...] = ()) -> list[str]:
    """What is said of a configuration, without the file's name; empty if it is accepted."""
    path = tmp_path / "bad.toml"
    path.write_text(text, encoding="utf-8")
    try:
        read_config(path, Experiment, overrides)
    except ConfigError as error:
        return [line.removeprefix(f"{path}: ") for line in str(error).split("\n")]
    return []


def test_every_kind_of_value_is_read(config_file: Path) -> None:
    config = read_config(config_file, Experiment)
    assert config == Experiment(
        name="xquad-r",
        corpora=(Path("a"), Path("b/c")),
        encoder=Encoder(dimension=512),
        stages=(Stage(100), Stage(50, "monolingual")),
        betas=(0.9, 1.0),
        weights={"en": 2.0, "de": 0.5},
        languages=("de", "tr"),
        max_tokens=64,
    )
    assert isinstance(config.betas[1], float)


def test_json_and_back_gives_the_same_configuration(config_file: Path, tmp_path: Path) -> None:
    config = read_config(config_file, Experiment)
    write_config(config, tmp_path / "config.json")
    stored = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert stored == to_dict(config)
    assert build_config(stored, Experiment, source="config.json") == config
    assert [path.name for path in tmp_path.glob("*.part")] == []


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("name=plain words", "name", "plain words"),
        ('name="quoted"', "name", "quoted"),
        ("name=2024", "name", "2024"),
        ("name=true", "name", "true"),
        ("name=a=b", "name", "a=b"),
        ("max_tokens=7", "max_tokens", 7),
        ("max_tokens=", "max_tokens", None),
        ("shuffle=false", "shuffle", False),
        ("languages=all", "languages", "all"),
        ('languages=["sw"]', "languages", ("sw",)),
        ("encoder.model=7b", "encoder", Encoder("7b", 512)),
        ("encoder.model=7", "encoder", Encoder("7", 512)),
        ("stages.1.alpha=1", "stages", (Stage(100), Stage(50, "monolingual", 1.0))),
        ("weights.pt-BR=3", "weights", {"en": 2.0, "de": 0.5, "pt-BR": 3.0}),
        ('corpora=["x"]', "corpora", (Path("x"),)),
    ],
)
def test_overrides(config_file: Path, override: str, key: str, value: Any) -> None:
    assert getattr(read_config(config_file, Experiment, (override,)), key) == value


def test_the_last_override_holds(config_file: Path) -> None:
    assert read_config(config_file, Experiment, ("max_tokens=1", "max_tokens=2")).max_tokens == 2


def test_an_override_makes_the_table_it_names(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_text('name = "n"\ncorpora = []\n', encoding="utf-8")
    assert read_config(path, Experiment, ("encoder.dimension=8",)).encoder.dimension == 8


MINIMAL = 'name = "n"\ncorpora = []\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("corpora = []", "name: missing; add name = ..."),
        (MINIMAL + "betsa = [1, 2]", "betsa: unknown key; did you mean betas?"),
        (MINIMAL + "[encoder]\nqq = 1", "encoder.qq: unknown key; known here: model, dimension"),
        (MINIMAL + "shuffle = 1", "shuffle: must be true or false, got 1"),
        (MINIMAL + "max_tokens = 1.5", "max_tokens: must be a whole number, got 1.5"),
        (MINIMAL + "max_tokens = true", "max_tokens: must be a whole number, got true"),
        (MINIMAL + "betas = [1, 2, 3]", "betas: must have 2 items, got 3"),
        (MINIMAL + "betas = [1, nan]", "betas.1: must be a number, got nan"),
        (MINIMAL + "encoder = 3", "encoder: must be a table, got 3; write [encoder] above its keys"),
        (MINIMAL + "weights = 3", "weights: must be a table, got 3; write [weights] above its keys"),
        (MINIMAL + "stages = {}", "stages: must be an array, got a table; put it in [ ]"),
        (MINIMAL + '[weights]\nen = "x"', 'weights.en: must be a number, got "x"'),
        ('name = "n"\ncorpora = [""]', 'corpora.0: must be a path, got ""'),
        (
            MINIMAL + '[[stages]]\nsteps = 1\nscheme = "hybird"',
            'stages.0.scheme: must be one of "monolingual", "cross_lingual", "hybrid", got "hybird"; '
            "did you mean hybrid?",
        ),
        (MINIMAL + "[[stages]]\nsteps = 1\nalpha = 2", "stages.0: alpha must be from 0 to 1, got 2.0"),
        (MINIMAL + "[encoder]\ndimension = 9", "encoder: dimension must be a multiple of 8, got 9"),
        ("name = ?", "not TOML: Invalid value (at line 1, column 8)"),
    ],
)
def test_one_problem(text: str, problem: str, tmp_path: Path) -> None:
    assert problems_of(text, tmp_path) == [problem]


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    text = 'nmae = "n"\ncorpora = "a"\n[encoder]\ndimension = 9\n[[stages]]\nsteps = 1\nalpha = 2\n'
    assert problems_of(text, tmp_path, ("shuffle=maybe", "nonsense")) == [
        "--set nonsense: not of the form key=value",
        "nmae: unknown key; did you mean name?",
        "name: missing; add name = ...",
        'corpora: must be an array, got "a"; put it in [ ]',
        "encoder: dimension must be a multiple of 8, got 9",
        "stages.0: alpha must be from 0 to 1, got 2.0",
        'shuffle: must be true or false, got "maybe"',
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("=1", "not of the form key=value"),
        ("name.first=x", "'name' is not a table here; drop what follows it"),
        ("corpora.5=x", "'5' is not an item of this array, which has 0; count from 0"),
        ("stages.0.steps=5", "'0' is not a table here; drop what follows it"),
    ],
)
def test_overrides_that_lead_nowhere(override: str, problem: str, tmp_path: Path) -> None:
    said = problems_of(MINIMAL + "stages = []", tmp_path, (override,))
    assert f"--set {override}: {problem}" in said


def test_an_override_cannot_smuggle_in_a_second_key(tmp_path: Path) -> None:
    assert problems_of(MINIMAL, tmp_path, ("max_tokens=1\nshuffle=false",)) == [
        'max_tokens: must be a whole number, got "1\\nshuffle=false"'
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        read_config(tmp_path / "missing.toml", Experiment)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path, Experiment)
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(ConfigError, match="byte 8 is not UTF-8"):
        read_config(tmp_path / "latin.toml", Experiment)


@dataclass(frozen=True)
class Either:
    part: Stage | Encoder


def test_of_several_tables_the_one_that_fits_is_read_or_the_closest_explained() -> None:
    assert build_config({"part": {"steps": 3}}, Either, source="test") == Either(Stage(3))
    assert build_config({"part": {"dimension": 8}}, Either, source="test") == Either(Encoder(dimension=8))
    with pytest.raises(ConfigError, match=r"^test: part: dimension must be a multiple of 8, got 9$"):
        build_config({"part": {"dimension": 9}}, Either, source="test")


@dataclass(frozen=True)
class Odd:
    value: bytes


def test_a_type_that_toml_cannot_fill_is_our_own_mistake() -> None:
    with pytest.raises(TypeError, match=r"configurations cannot hold .*bytes.* \(value\)"):
        build_config({"value": "x"}, Odd, source="test")
