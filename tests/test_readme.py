"""What README, docs and config headers tell a reader to type can be typed.

    ```console
    $ isoglot train configs/a.toml --set seed=2
    $ make demo
    ```

In a `console`, `bash` or `sh` block, every line that begins with `isoglot` or `make` (after `$ `, where the
block has prompts) is checked against the commands and their options; a backslash continues a line. Every
`python` block must parse and may use only public names of isoglot; one that stands under `<!-- runs -->` is
run in an empty folder, after the marked ones above it in the same file. Every `toml` block is read as an
experiment, or as a part of one, and the guide to training names every key.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import typer

import isoglot
from isoglot import cli
from isoglot.config import build_config, read_config
from isoglot.experiments import ExperimentConfig
from isoglot.experiments.config import CorpusConfig, EncoderConfig, SchemeConfig, TeacherConfig
from isoglot.experiments.tower_config import AudioTowerConfig, VideoTowerConfig
from isoglot.studies.config import StudyConfig
from isoglot.studies.questions import AnswerConfig
from isoglot.training import ObjectiveSettings, TrainingSettings

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONFIGS = sorted((ROOT / "configs").rglob("*.toml"))
BLOCK = re.compile(r"^(<!-- runs -->\n+)?```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path, *languages: str) -> list[tuple[bool, str]]:
    """The fenced blocks in these languages: whether each is marked as running, and its text."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(bool(marked), text) for marked, language, text in found if language in languages]


def typed_lines(text: str) -> list[str]:
    """What a reader types at the prompt, of a console block."""
    lines = [line.strip() for line in text.replace("\\\n", " ").split("\n")]
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    lines = prompted or lines
    return [line for line in lines if line.split(" ")[0] in {"isoglot", "make"}]


def header_lines(config: Path) -> list[str]:
    """Commands in the comment that opens a configuration."""
    lines = config.read_text(encoding="utf-8").split("\n")
    header = lines[: next((number for number, line in enumerate(lines) if line[:1] != "#"), len(lines))]
    return typed_lines("\n".join(line.lstrip("# ") for line in header))


def parse(command: Any, arguments: list[str], name: str) -> None:
    """Parse without validating values (the files named need not be there); raise what the parser says."""
    context = command.make_context(name, [], resilient_parsing=True)
    context.resilient_parsing = False
    given, rest, _ = command.make_parser(context).parse_args(list(arguments))
    missing = [item.name for item in command.params if item.required and not given.get(item.name)]
    if missing:
        raise ValueError(f"{name}: {missing} missing")
    if not hasattr(command, "commands"):
        if rest:
            raise ValueError(f"{name}: {rest} left over")
    elif rest:
        _, subcommand, after = command.resolve_command(context, rest)
        parse(subcommand, after, f"{name} {rest[0]}")


def parse_line(line: str) -> None:
    """Raise if a line that a reader is told to type names a command, option or target that is not there."""
    program, *arguments = shlex.split(line, comments=True)
    if program == "isoglot":
        parse(typer.main.get_command(cli.app), arguments, program)
        return
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    if not set(arguments) <= targets:
        raise ValueError(f"the Makefile has no target {sorted(set(arguments) - targets)}")


def unknown_names(code: str) -> set[str]:
    """Names that a block takes from isoglot and that are not public there."""
    tree = ast.parse(code)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "isoglot"
    }
    used |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "isoglot"
        for alias in node.names
    }
    return used - {*isoglot.__all__, "__version__"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    lines = [line for _, text in blocks(page, "console", "bash", "sh") for line in typed_lines(text)]
    refused = {}
    for line in lines:
        try:
            parse_line(line)
        except (typer.TyperException, ValueError) as error:
            refused[line] = str(error)
    assert refused == {}


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: str(config.relative_to(ROOT / "configs")))
def test_a_configuration_opens_with_the_command_that_runs_it(config: Path) -> None:
    lines = header_lines(config)
    assert any(str(config.relative_to(ROOT)) in line for line in lines), "name the command in the header"
    for line in lines:
        parse_line(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_in_the_docs_uses_public_names(page: Path) -> None:
    assert [unknown_names(code) for _, code in blocks(page, "python") if unknown_names(code)] == []


def marked_code(page: Path) -> str:
    return "\n".join(code for marked, code in blocks(page, "python") if marked)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if marked_code(page)], ids=lambda page: page.name)
def test_python_that_is_marked_runs(page: Path, tmp_path: Path) -> None:
    code = marked_code(page)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


REQUIRED = {"output =": 'output = "model"\n', "corpora]]": 'corpora = [{ dataset = "world-text" }]\n'}
"""What an experiment must have, and what is put before a block that lacks it."""


def test_configurations_in_the_docs_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text for page in PAGES for _, text in blocks(page, "toml")]
    monkeypatch.chdir(tmp_path)
    for folder in re.findall(r'folder = "(.*)"', "".join(texts)):
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, "corpus.json").touch()
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.toml"
        if text.startswith("[study]"):
            path.write_text(text, encoding="utf-8")
            assert read_config(path, StudyConfig).study.seeds
            continue
        if text.startswith("[study.answer]"):
            answer = tomllib.loads(text)["study"]["answer"]
            assert build_config(answer, AnswerConfig, source="study.answer").values
            continue
        before = "".join(line for key, line in REQUIRED.items() if key not in text)
        path.write_text(before + text, encoding="utf-8")
        assert read_config(path, ExperimentConfig).output
    assert len(texts) >= 3


@pytest.mark.parametrize(
    "keys",
    [
        TrainingSettings,
        ObjectiveSettings,
        CorpusConfig,
        EncoderConfig,
        VideoTowerConfig,
        AudioTowerConfig,
        SchemeConfig,
        TeacherConfig,
    ],
)
def test_the_guide_to_training_names_every_key(keys: type) -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^(\w+) =|`(\w+)`", page, re.MULTILINE))
    known = {name for pair in named for name in pair}
    assert {field.name for field in fields(keys)} - known - {"objective"} == set()


def test_the_guide_to_training_knows_the_defaults() -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| `?([\w.-]+)`? \|", page, re.MULTILINE)
    kept = {
        field.name: str(field.default)
        for keys in (TrainingSettings, ObjectiveSettings, SchemeConfig)
        for field in fields(keys)
    }
    compared = {name: (value, kept[name]) for name, value in told if name in kept and value != "none"}
    assert len(compared) > 20
    for name, (value, default) in compared.items():
        assert value.lower() == default.lower() or float(value) == float(default), name


PAGE = """
<!-- runs -->
```python
import isoglot
```

```python
isoglot.trian()
```

```console
$ isoglot --version
isoglot 0.1.0
$ make \\
    test
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_blocks_are_found(page: Path) -> None:
    assert blocks(page, "python") == [(True, "import isoglot\n"), (False, "isoglot.trian()\n")]
    assert typed_lines(blocks(page, "console")[0][1]) == ["isoglot --version", "make      test"]


def test_a_name_that_is_not_public_is_found() -> None:
    assert unknown_names("import isoglot\nisoglot.trian()\nfrom isoglot import Query, Qurey") == {
        "trian",
        "Qurey",
    }


@pytest.mark.parametrize("line", ["isoglot --version", "isoglot --debug", "make test check", "make"])
def test_a_good_line_is_accepted(line: str) -> None:
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("isoglot trian x.toml", "No such command 'trian'"),
        ("isoglot --verison", "No such option: --verison"),
        ("make coffee", "no target"),
    ],
)
def test_a_bad_line_is_refused(line: str, message: str) -> None:
    with pytest.raises((typer.TyperException, ValueError), match=message):
        parse_line(line)


def fake_train(config: Path, seed: int = 0) -> None:
    """Stands for a command."""


@pytest.mark.parametrize(
    ("line", "message"),
    [("", "config"), ("a.toml --sede 1", "No such option: --sede"), ("a.toml b.toml", "left over")],
)
def test_the_arguments_of_a_command_are_parsed(line: str, message: str) -> None:
    single = typer.Typer(add_completion=False)
    single.command()(fake_train)
    command = typer.main.get_command(single)
    parse(command, ["not-there.toml", "--seed", "1"], "train")
    with pytest.raises((typer.TyperException, ValueError), match=message):
        parse(command, shlex.split(line), "train")
