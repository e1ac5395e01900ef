"""The rules of the house that a machine can check, over the whole tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import isoglot
from isoglot import cli

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
LONG_FILE = "# Long because"
"""A file over the limit argues for itself in a comment that begins like this."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def text_files() -> list[Path]:
    """What a clone would hold, in so far as it is text that somebody wrote."""
    kinds = {".py", ".toml", ".md", ".yml", ".cff", ".txt", ".html", ".css", ".js", ".json", ".sh"}
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\n") if name]
    return [
        path
        for path in paths
        if path.is_file() and (path.suffix in kinds or path.name in {"Makefile", "run"})
    ]


def test_the_checks_see_the_tree() -> None:
    assert ROOT / "src/isoglot/errors.py" in SOURCES
    assert Path(__file__) in TESTS


def test_files_are_short_or_argue_for_their_length() -> None:
    long = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        num_lines = text.count("\n")
        if num_lines > MAX_FILE_LINES and LONG_FILE not in text:
            long.append(f"{place(path, num_lines)}: split it, or say '{LONG_FILE} ...' in a comment")
    assert not long, "\n".join(long)


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring not counted: what explains more is no longer to read."""
    first = node.body[0]
    explained = isinstance(first, ast.Expr) and ast.get_docstring(node) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if explained else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_functions_are_short() -> None:
    long = [
        f"{place(path, node.lineno)}: {node.name} has {length(node)} lines"
        for path in SOURCES
        for node in functions(path)
        if length(node) > MAX_FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_every_module_says_what_it_is_for() -> None:
    silent = [place(path, 1) for path in SOURCES if not ast.get_docstring(parsed(path))]
    assert not silent, "\n".join(silent)


FORBIDDEN_CALLS = {
    "splitlines": "splits at U+2028 and its like, which texts hold; split at a line feed",
    "pickle.load": "runs what a file says",
    "pickle.loads": "runs what a file says",
    "read_pickle": "runs what a file says",
    "joblib.load": "runs what a file says",
}


def forbidden(call: ast.Call) -> str | None:
    """Why this call has no place here, or None."""
    name = ast.unparse(call.func)
    keywords = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if keywords.get("allow_pickle") == "True":
        return "allow_pickle=True: runs what a file says"
    if name == "torch.load" and keywords.get("weights_only") != "True":
        return "torch.load without weights_only=True: runs what a file says"
    for ending, reason in FORBIDDEN_CALLS.items():
        if name == ending or name.endswith(f".{ending}"):
            return f"{name}: {reason}"
    return None


@pytest.mark.parametrize(
    ("code", "fine"),
    [
        ("text.splitlines()", False),
        ("pickle.load(f)", False),
        ("np.load(f, allow_pickle=True)", False),
        ("torch.load(f)", False),
        ("torch.load(f, weights_only=True)", True),
        ("json.load(f)", True),
        ("text.split('\\n')", True),
    ],
)
def test_the_check_of_calls_finds_what_it_should(code: str, fine: bool) -> None:
    call = next(calls(ast.parse(code)))
    assert (forbidden(call) is None) == fine


def test_no_call_splits_texts_at_odd_places_or_loads_a_pickle() -> None:
    found = [
        f"{place(path, call.lineno)}: {reason}"
        for path in SOURCES
        for call in calls(parsed(path))
        if (reason := forbidden(call))
    ]
    assert not found, "\n".join(found)


def test_no_path_of_one_machine_is_written_down() -> None:
    machine_path = re.compile(r"(?<![\w.~:/*)}\]-])/(?:work|root|home|tmp|Users|mnt|farm)/[\w.]")
    found = [
        f"{place(path, number)}: {line.strip()}"
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1)
        if machine_path.search(line)
    ]
    assert not found, "\n".join(found)


CHECKING = re.compile(r"(?:^|[._])(?:raises|warns|fail|assert\w*|check\w*|expect\w*)$")


def checks_something(test: ast.AST) -> bool:
    """True if the test can fail by more than an accident."""
    asserts = [node for node in ast.walk(test) if isinstance(node, ast.Assert)]
    if any(isinstance(node.test, ast.Tuple | ast.List | ast.ListComp | ast.Constant) for node in asserts):
        return False  # always true; of a list it is surely meant that all or none of it holds
    return bool(asserts) or any(
        CHECKING.search(ast.unparse(call.func)) or "check=True" in map(ast.unparse, call.keywords)
        for call in calls(test)
    )


@pytest.mark.parametrize(
    ("code", "fine"),
    [
        ("def test(): run()", False),
        ("def test(): assert (run(), 'why')", False),
        ("def test(): assert [run(x) for x in y]", False),
        ("def test(): assert run()", True),
        ("def test(): subprocess.run(command, check=True)", True),
        ("def test():\n with pytest.raises(ValueError, match='x'): run()", True),
        ("def test(): np.testing.assert_allclose(run(), 1)", True),
    ],
)
def test_the_check_of_tests_finds_what_it_should(code: str, fine: bool) -> None:
    assert checks_something(ast.parse(code)) == fine


def test_every_test_can_fail() -> None:
    idle = [
        f"{place(path, node.lineno)}: {node.name} checks nothing, or asserts what is always true"
        for path in TESTS
        for node in functions(path)
        if node.name.startswith("test_") and not checks_something(node)
    ]
    assert not idle, "\n".join(idle)


def expects_anything(call: ast.Call) -> bool:
    """True if a test expects an error whatever it says; an interrupt says nothing."""
    if ast.unparse(call.func) not in {"pytest.raises", "pytest.warns"}:
        return False
    expected = ast.unparse(call.args[0]) if call.args else ""
    return expected not in {"KeyboardInterrupt", "SystemExit"} and "match" not in {
        keyword.arg for keyword in call.keywords
    }


def test_an_expected_error_is_expected_with_its_message() -> None:
    loose = [
        f"{place(path, call.lineno)}: add match=..."
        for path in TESTS
        for call in calls(parsed(path))
        if expects_anything(call)
    ]
    assert not loose, "\n".join(loose)


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
    ]
    package = re.compile(r"[\w.-]+")
    wanted_names = {match[0].lower() for name in wanted if (match := package.match(name))} - {"isoglot"}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("\n")
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert {"torch", "hatchling"} <= wanted_names
    assert wanted_names <= pinned


def test_the_citation_names_the_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {isoglot.__version__}\n" in citation


RAISED = re.compile(r"in the docstring: \[(.*)\]\. Raised exceptions in the body: \[(.*)\]\.")


def undocumented(report: str) -> list[str]:
    """Lines of a pydoclint report on errors that a body raises and its docstring leaves out.

    The other direction is no mistake: a docstring also lists what the functions that are called raise.
    """
    found = []
    for line in report.split("\n"):
        match = RAISED.search(line)
        if "DOC501" in line or (match and not set(names(match[2])) <= set(names(match[1]))):
            found.append(line.strip())
    return found


def names(listed: str) -> list[str]:
    return re.findall(r"'([^']+)'", listed)


def test_the_check_of_raises_sections_finds_what_it_should() -> None:
    said = "DOC503: ... Raised exceptions in the docstring: [{}]. Raised exceptions in the body: [{}]."
    assert undocumented(said.format("'A', 'B'", "'A'")) == []
    assert undocumented(said.format("'A'", "'A', 'B'")) != []
    assert undocumented("10: DOC501: Function `f` has raise statements") != []
    assert undocumented("10: DOC502: Function `f` has a Raises section") == []


def test_docstrings_list_every_error_that_the_body_raises() -> None:
    options = ["--quiet", "--skip-checking-raises=False", "--show-filenames-in-every-violation-message=True"]
    command = [sys.executable, "-m", "pydoclint.main", *options, "src"]
    report = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert report.returncode in (0, 1), report.stderr
    found = undocumented(report.stdout + report.stderr)
    assert not found, "\n".join(found)


def commands(command: object, path: str) -> Iterator[tuple[str, str]]:
    """Every command and its help; groups come before what is in them."""
    yield path, getattr(command, "help", "") or ""
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from commands(subcommand, f"{path} {name}")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help_and_is_in_the_docs(name: str) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    written = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    for path, help_text in commands(cli.load_command(name), f"isoglot {name}"):
        assert help_text, f"{path} has no help"
        assert path in written, f"{path} is neither in README.md nor in docs/"
