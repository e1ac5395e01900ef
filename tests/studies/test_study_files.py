"""The study files that come with the project: each grid can be, and each answer fits it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from isoglot.config import read_config
from isoglot.studies.config import StudyConfig
from isoglot.studies.grid import build_grid
from isoglot.studies.questions import read_answer

FOLDER = Path(__file__).parents[2] / "configs" / "studies"
FILES = sorted(FOLDER.glob("*.toml"))
_FOLDER = re.compile(r'(folder|source) = "([^"]+)"')


def read_elsewhere(path: Path, root: Path) -> tuple[Path, StudyConfig]:
    """The study, with empty folders in place of the corpora that it names."""

    def moved(found: re.Match[str]) -> str:
        folder = root / found[2].replace("../", "").replace("/", "-")
        folder.mkdir(exist_ok=True)
        (folder / "corpus.json").write_text("{}")
        return f'{found[1]} = "{folder}"'

    copy = root / path.name
    copy.write_text(_FOLDER.sub(moved, path.read_text()))
    return copy, read_config(copy, StudyConfig)


def test_there_is_a_small_and_a_full_one_for_every_question() -> None:
    names = {path.stem for path in FILES}
    assert names == {f"q{number}{kind}" for number in range(1, 6) for kind in ("", "-full")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_grid_and_the_answer_fit(path: Path, tmp_path: Path) -> None:
    copy, config = read_elsewhere(path, tmp_path)
    cells = build_grid(config, str(copy))
    answer = read_answer(config)
    assert config.study.name == path.stem
    assert len(config.study.seeds) >= 3
    sizes = {point[answer.sizes] for cell in cells for point in cell.points}
    assert len(sizes) >= 3
    assert f"isoglot study configs/studies/{path.name}" in path.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_more_corpora_are_named_than_prepared(path: Path) -> None:
    prepared = (FOLDER / "prepare.py").read_text()
    for _, folder in _FOLDER.findall(path.read_text()):
        if folder.startswith("runs/"):
            assert f'"{Path(folder).name}": build_' in prepared
