"""The command line as a whole: what it lists, what it imports, and how it fails."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Annotated

import pytest
import typer

import isoglot
from isoglot import cli
from isoglot.errors import ConfigError, CorpusError

ENCODER_LIBRARIES = ("torch", "sentence_transformers", "transformers", "datasets", "accelerate")
SLOW_LIBRARIES = (*ENCODER_LIBRARIES, "pyarrow", "numpy", "ir_measures", "babel", "langcodes", "matplotlib")


def imported(statement: str) -> set[str]:
    """The top-level packages in a fresh interpreter after a statement."""
    code = f"import sys\n{statement}\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    return set(output.split("\n")[-2].split(" "))


def fake_train(
    config: Annotated[Path, typer.Argument(help="The file.")],
    overrides: Annotated[list[str] | None, typer.Option("--set", help="key=value")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Do as the file says, with [square brackets].

    Args:
        config: For programmers only.
    """
    failures = {
        "config": ConfigError("a.toml: key: wrong; mend it"),
        "corpus": CorpusError([f"rows.tsv:{line}: empty; fill it" for line in range(1, 31)]),
        "torch": ModuleNotFoundError("No module named 'torch'", name="torch"),
        "unknown": ModuleNotFoundError("No module named 'nowhere'", name="nowhere"),
        "bug": ZeroDivisionError("division by zero"),
        "interrupt": KeyboardInterrupt(),
    }
    if config.name in failures:
        raise failures[config.name]
    typer.echo(f"{config} {overrides} {as_json}")


@pytest.fixture
def with_fake_train(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put `fake_train` where `isoglot train` is."""
    module = types.ModuleType("fake_command")
    module.train = fake_train  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fake_command", module)
    monkeypatch.setitem(cli.COMMANDS, "train", cli.Command("fake_command:train", "Train."))
    cli.load_command.cache_clear()
    monkeypatch.setattr(cli, "load_command", cli.load_command.__wrapped__)


def test_help_lists_every_command_without_importing_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in cli.COMMANDS if f" {name} " not in shown] == []
    loaded = imported("from isoglot.cli import main; main(['--help'])")
    assert loaded.isdisjoint(SLOW_LIBRARIES)
    assert "typer" in loaded


def test_importing_the_command_line_imports_nothing_slow() -> None:
    assert imported("import isoglot.cli").isdisjoint(SLOW_LIBRARIES)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_help_of_a_command_imports_no_encoder_library(name: str) -> None:
    statement = f"from isoglot.cli import main; assert main([{name!r}, '--help']) == 0"
    assert imported(statement).isdisjoint(ENCODER_LIBRARIES)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_list_of_commands_says_what_the_command_says(name: str) -> None:
    summary = cli.load_command(name).help.split("\n\n")[0].replace("\n", " ")
    assert summary == cli.COMMANDS[name].summary


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"isoglot {isoglot.__version__}\n"


def test_without_a_command_the_help_is_shown_and_the_exit_code_is_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([]) == 2
    assert "Usage: isoglot" in capsys.readouterr().out


@pytest.mark.usefixtures("with_fake_train")
def test_a_command_is_called_with_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "a.toml", "--set", "x=1", "--set", "y=2"]) == 0
    assert capsys.readouterr().out == "a.toml ['x=1', 'y=2'] False\n"


@pytest.mark.usefixtures("with_fake_train")
def test_help_leaves_out_the_sections_for_programmers(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "with [square brackets]." in shown
    assert "For programmers" not in shown


@pytest.mark.usefixtures("with_fake_train")
@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "config"], 2, "error: a.toml: key: wrong; mend it\n"),
        (["train", "torch"], 2, "error: this needs torch; install it with: pip install 'isoglot[all]'\n"),
        (["train", "unknown"], 1, "error: ModuleNotFoundError: No module named 'nowhere'\n"),
        (["train", "bug"], 1, "error: ZeroDivisionError: division by zero\n"),
        (["train"], 2, "error: Missing argument 'config'.\nTry: isoglot train --help\n"),
        (["train", "a", "--sett", "x"], 2, "error: No such option: --sett"),
        (["trian"], 2, "error: No such command 'trian'. Did you mean 'train'?\nTry: isoglot --help\n"),
    ],
)
def test_failures_are_one_clean_message_on_stderr(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == code
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert captured.out == ""
    assert "Traceback" not in captured.err


@pytest.mark.usefixtures("with_fake_train")
def test_an_interrupt_is_exit_code_130() -> None:
    assert cli.main(["train", "interrupt"]) == 130


@pytest.mark.usefixtures("with_fake_train")
@pytest.mark.parametrize("arguments", [["--debug", "train", "bug"], ["train", "bug", "--debug"]])
def test_debug_shows_the_traceback_wherever_it_stands(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 1
    shown = capsys.readouterr().err
    assert "Traceback (most recent call last)" in shown
    assert shown.endswith("error: ZeroDivisionError: division by zero\n")


@pytest.mark.usefixtures("with_fake_train")
def test_with_json_a_failure_is_json_on_stdout_with_every_problem(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["train", "corpus", "--json"]) == 2
    captured = capsys.readouterr()
    error = json.loads(captured.out)["error"]
    assert error["type"] == "CorpusError"
    assert error["exit_code"] == 2
    assert len(error["problems"]) == 30
    assert captured.err.startswith("error: rows.tsv:1: empty; fill it\n")


@pytest.mark.usefixtures("with_fake_train")
def test_with_json_a_usage_error_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["problems"] == ["Missing argument 'config'."]


def test_python_m_ends_with_the_exit_code() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "isoglot.cli", "no-such-command"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no-such-command" in done.stderr
