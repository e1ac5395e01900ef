"""The grid of a study: multiplied out, joined where equal, checked as a whole, in order of cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from isoglot.config import read_config
from isoglot.errors import ConfigError
from isoglot.studies.cells import Cell
from isoglot.studies.config import StudyConfig
from isoglot.studies.grid import build_grid, only_arms


def grid_of(path: Path, *overrides: str) -> tuple[Cell, ...]:
    return build_grid(read_config(path, StudyConfig, overrides), str(path))


ALPHA = """
[[axes]]
key = "scheme.alpha"
values = [0.3, 0.5]
"""


def test_the_grid_is_the_product_of_axes_and_seeds(write_study) -> None:
    cells = grid_of(write_study())
    assert len(cells) == 2 * 2 * 2
    places = {(*cell.points[0].values(), cell.seed) for cell in cells}
    assert ("hybrid", "static-16", 1) in places
    chosen = next(cell for cell in cells if cell.points[0] == {"scheme.name": "hybrid", "size": "static-16"})
    assert (chosen.config.scheme.name, chosen.config.encoder.dimension) == ("hybrid", 16)
    assert chosen.config.output.endswith(f"study/cells/{chosen.id}/model")
    assert chosen.values == {"scheme.name": "hybrid", "size": "static-16"}


def test_cells_of_equal_content_are_one_and_keep_all_their_points(write_study) -> None:
    cells = grid_of(write_study(ALPHA))
    assert len(cells) == (1 + 2) * 2 * 2  # monolingual batches have no alpha
    both = [cell for cell in cells if len(cell.points) == 2]
    assert {cell.config.scheme.name for cell in both} == {"monolingual"}
    assert [point["scheme.alpha"] for point in both[0].points] == ["0.3", "0.5"]


def test_seeds_of_an_arm_share_its_content_and_nothing_else(write_study) -> None:
    cells = grid_of(write_study())
    assert len({cell.id for cell in cells}) == 8
    by_content: dict[str, set[int]] = {}
    for cell in cells:
        by_content.setdefault(cell.content, set()).add(cell.seed)
    assert list(by_content.values()) == [{0, 1}] * 4


def test_names_do_not_depend_on_where_the_study_lies_or_how_keys_are_ordered(write_study) -> None:
    path = write_study()
    here = {cell.id for cell in grid_of(path)}
    assert {cell.id for cell in grid_of(path, "study.output=elsewhere")} == here
    assert {cell.id for cell in grid_of(path, "base.training.learning_rate=0.03")}.isdisjoint(here)
    assert {cell.id for cell in grid_of(path, "base.training.robust.epsilon=0.5")} == here  # no method


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("scheme.alpha", "[0.3, 0.5]"),
        ("training.objective.contrastive", '["info_nce", "m3l"]'),
        ("training.objective.temperature", "[0.05, 0.1]"),
        ("training.robust", '[{ method = "none" }, { method = "adversarial" }, { method = "random" }]'),
        ("corpora.0.share", "[0.25, 0.5, 1.0]"),
        ("corpora.0.languages", '[["en"], ["en", "de"]]'),
        ("corpora.0.query_modality", '["text", "image"]'),
        ("training.batch_size", "[8, 16]"),
    ],
)
def test_any_key_is_an_axis(write_study, key: str, values: str) -> None:
    replaced = (
        'key = "scheme.name"\nvalues = ["monolingual", "hybrid"]',
        f'key = "{key}"\nvalues = {values}',
    )
    cells = grid_of(write_study(replaced=replaced), "study.seeds=[0]", 'axes.1.sizes=["static-8"]')
    labels = [cell.points[0][key] for cell in cells]
    assert len(labels) == len(set(labels)) >= 2
    assert len({cell.content for cell in cells}) == len(labels)


def test_cheap_cells_come_first(write_study) -> None:
    more = (
        '[[axes]]\nname = "length"\npoints = [\n'
        + "".join(
            f'{{label = "{steps}", changes = {{"training.steps" = {steps}}}}},\n' for steps in (900, 5, 40)
        )
        + "]\n"
    )
    cells = grid_of(write_study(more))
    costs = [cell.cost for cell in cells]
    assert costs == sorted(costs)
    assert [cell.config.training.steps for cell in cells][:4] == [5] * 4
    assert {cell.config.training.steps for cell in cells[-4:]} == {900}


def test_exclusions_leave_out_every_point_that_they_fit(write_study) -> None:
    more = '[[exclude]]\n"scheme.name" = "monolingual"\nsize = ["static-8", "static-16"]\n'
    cells = grid_of(write_study(more))
    assert {cell.config.scheme.name for cell in cells} == {"hybrid"}
    assert len(cells) == 4


def test_a_base_may_be_a_file(write_study, tmp_path: Path) -> None:
    inline = write_study()
    base = tmp_path / "base.toml"
    base.write_text(
        f'output = "x"\n[[corpora]]\nfolder = "{tmp_path}/corpus"\n[encoder]\nvocabulary_size = 300\n'
        "[training]\nsteps = 6\nbatch_size = 16\nlearning_rate = 0.02\n"
    )
    text = inline.read_text()
    start, end = text.index("[base]"), text.index("[[axes]]")
    outside = tmp_path / "outside.toml"
    outside.write_text(f'base = "{base}"\n' + text[:start] + text[end:])
    assert [cell.id for cell in grid_of(outside)] == [cell.id for cell in grid_of(inline)]


def test_what_is_wrong_anywhere_in_the_grid_is_said_at_once(write_study) -> None:
    more = """
[[axes]]
key = "training.batch_size"
values = [1, 16, -3]
[[axes]]
key = "encoder.dimenson"
values = [4]
"""
    with pytest.raises(ConfigError, match="batch_size must be >= 2, got 1") as caught:
        grid_of(write_study(more))
    problems = str(caught.value).split("\n")
    assert any("got -3" in line for line in problems)
    assert any("encoder.dimenson: unknown key; did you mean dimension?" in line for line in problems)
    assert any("training.batch_size=1" in line and "and 3 more" in line for line in problems)
    assert len(problems) == len(set(problems))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[[axes]]\nname = "again"\nkey = "scheme.name"\nvalues = ["mixed"]\n', "both change scheme.name"),
        ('[[axes]]\nkey = "training.steps"\nvalues = [3, 3]\n', "training.steps has '3' twice"),
        ('[[axes]]\nkey = "training.seed"\nvalues = [3]\n', "there is study.seeds"),
        ('[[axes]]\nkey = "training.steps"\n', "give one of values, sizes and points, got none"),
        ('[[axes]]\nname = "wide"\nsizes = ["static-0"]\n', "'static-0' must be >= 1 behind the dash"),
        ('[[exclude]]\nsize = "static-9"\n', "size has no point 'static-9'; it has static-8, static-16"),
        ('[[exclude]]\nwidth = "static-8"\n', "there is no axis 'width'; there is scheme.name, size"),
        ('[[exclude]]\n"scheme.name" = ["hybrid", "monolingual"]\n', "nothing is left of the grid"),
        ('[[exclude]]\nsize = "static-8"\n[reference]\nsize = "static-8"\n', "every such cell is excluded"),
    ],
)
def test_grids_that_cannot_be_are_refused(write_study, more: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("[", r"\[")):
        grid_of(write_study(more))


def test_measures_that_there_are_not_are_known_before_the_first_cell(write_study) -> None:
    with pytest.raises(ConfigError, match=r"unknown measure 'nDGC@10'; did you mean 'nDCG@k'"):
        grid_of(write_study(), 'evaluate.measures=["AP", "nDGC@10"]')


def test_some_cells_are_chosen_by_label_axis_or_name(write_study) -> None:
    cells = grid_of(write_study())
    assert len(only_arms(cells, ["size=static-8"])) == 4
    assert len(only_arms(cells, ["hybrid"])) == 4
    assert only_arms(cells, [cells[3].id]) == (cells[3],)
    assert {cell.seed for cell in only_arms(cells, [cells[0].content])} == {0, 1}
    assert len(only_arms(cells, ["size=static-8", "hybrid"])) == 6
    with pytest.raises(ConfigError, match=r"--only huge: there is no such cell; there is scheme"):
        only_arms(cells, ["huge", "hybrid"])


def test_the_command_of_a_cell_repeats_it_alone(write_study) -> None:
    path = write_study()
    cell = build_grid(read_config(path, StudyConfig), "a b.toml", ["--set", "study.seeds=[0]"])[0]
    assert cell.command == f"isoglot study 'a b.toml' --set 'study.seeds=[0]' --only {cell.id}"
