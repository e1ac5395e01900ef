"""The report of a study that was really run, from its cells to the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from isoglot.config import read_config
from isoglot.errors import CheckpointError
from isoglot.studies.config import StudyConfig
from isoglot.studies.grid import build_grid
from isoglot.studies.report import write_report
from isoglot.studies.runner import Running, run_study

ANSWER = """
[study.answer]
arms = "scheme.name"
baseline = "monolingual"
sizes = "size"
values = [{ measure = "AP", title = "AP <pooled>" }, { measure = "loss" }]
"""


@pytest.fixture(scope="module")
def study(write_study_to: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("reported")
    path = write_study_to(root, ANSWER, steps=11)
    config = read_config(path, StudyConfig)
    cells = build_grid(config, str(path))
    run_study(config, cells, running=Running(num_workers=0))
    return config.study.folder


class Page(HTMLParser):
    """Collects what the page would load, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href") and value]


def test_the_report_holds_together(study: Path) -> None:
    page = write_report(study)
    text = page.read_text()
    parsed = Page()
    parsed.feed(text)
    assert parsed.loaded == []
    assert "AP &lt;pooled&gt;: " in text
    assert "AP <pooled>" not in text
    assert text.count('class="study-plot"') == len(list((study / "figures").glob("*.svg"))) == 4
    assert "isoglot study" in text
    assert text.count("needs 4 sizes or more, got 2") == 2  # in the answer, and with the power laws
    markdown = (study / "report.md").read_text()
    for picture in (study / "figures").glob("*.svg"):
        assert f"(figures/{picture.name})" in markdown
    commands = {json.loads(path.read_text())["command"] for path in study.glob("cells/*/cell.json")}
    assert len(commands) == 8
    assert all(command.rsplit(" ", 1)[1] in markdown for command in commands)
    fits = json.loads((study / "fits.json").read_text())
    assert [(entry["arm"], entry["value"]["measure"]) for entry in fits[:2]] == [
        ("monolingual", "AP"),
        ("hybrid", "AP"),
    ]
    assert fits[1]["crossing"]["verdict"]
    assert fits[0]["compute_to_equal"] is None
    assert {each["size"] for each in fits[1]["compute_to_equal"]} <= {"static-8", "static-16"}
    records = json.loads((study / "results.json").read_text())
    assert len({record["model"] for record in records}) == 8


def test_pictures_of_values_that_are_no_longer_asked_for_go(study: Path) -> None:
    (study / "figures").mkdir(exist_ok=True)
    (study / "figures" / "old.svg").write_text("<svg/>")
    write_report(study, encoding=False)
    assert not (study / "figures" / "old.svg").exists()


def test_models_are_timed_once(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(study)
    costs = json.loads((study / "encoding.json").read_text())["costs"]
    assert {cost["modality"] for cost in costs} == {"text"}
    assert len({cost["model"] for cost in costs}) == 2  # two sizes; the schemes share their make
    monkeypatch.setattr("isoglot.studies.report.compare_encoding", None)
    assert write_report(study).is_file()


def test_sizes_that_are_called_otherwise_are_timed_again(
    study: Path, write_study_to: Callable[..., Path]
) -> None:
    """The cells are those of before, by their content; what was timed is kept by name."""
    write_report(study)
    sizes = 'sizes = ["static-8", "static-16"]'
    points = 'name = "size"\n' + "".join(
        f'[[axes.points]]\nlabel = "{label}"\nchanges = {{ "encoder.dimension" = {width} }}\n'
        for label, width in (("static-8", 8), ("16 wide", 16))
    )
    path = write_study_to(study.parent, ANSWER, steps=11, replaced=(sizes, points))
    config = read_config(path, StudyConfig)
    run_study(config, build_grid(config, str(path)), running=Running(num_workers=0))
    assert "| hybrid, 16 wide |" in write_report(study).with_suffix(".md").read_text()
    costs = json.loads((study / "encoding.json").read_text())["costs"]
    assert {cost["model"].split(", ")[1] for cost in costs} == {"static-8", "16 wide"}


def test_a_folder_that_is_no_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="run `isoglot study` first"):
        write_report(tmp_path)
