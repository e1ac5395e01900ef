"""The public names: complete, real, and cheap to import."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import isoglot


@pytest.mark.parametrize("name", isoglot.__all__)
def test_every_public_name_resolves_and_is_the_object_of_its_home(name: str) -> None:
    value = getattr(isoglot, name)
    assert value is not None
    assert getattr(value, "__module__", "isoglot.").startswith(("isoglot.", "typing"))


def test_all_is_sorted_and_without_repeats() -> None:
    assert isoglot.__all__ == sorted(set(isoglot.__all__))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'isoglot' has no attribute 'trian'"):
        _ = isoglot.trian


def test_dir_lists_what_is_not_loaded_yet() -> None:
    assert set(isoglot.__all__) <= set(dir(isoglot))


def test_type_checkers_see_the_names_that_are_loaded_at_run_time() -> None:
    tree = ast.parse(Path(isoglot.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    homes = {
        alias.name: node.module
        for node in imports
        for alias in node.names
        if node.module and node.module.startswith("isoglot.")
    }
    eager = {"isoglot.errors", "isoglot.records"}
    assert set(homes) == set(isoglot.__all__)
    assert {name: home for name, home in homes.items() if home not in eager} == isoglot._HOMES


def test_importing_isoglot_loads_nothing_but_errors_and_records() -> None:
    code = "import sys, isoglot; print(' '.join(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    loaded = output.split()
    assert [name for name in loaded if name.startswith("isoglot")] == [
        "isoglot",
        "isoglot.errors",
        "isoglot.records",
    ]
    assert {"numpy", "pyarrow", "torch", "typer"}.isdisjoint(loaded)


def test_the_installed_version_is_the_version_in_the_source() -> None:
    try:
        installed = version("isoglot")
    except PackageNotFoundError:
        pytest.skip("isoglot runs from its source folder here")
    assert installed == isoglot.__version__
