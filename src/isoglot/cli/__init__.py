"""The command line: parses, calls, prints.

The commands and their help live in one module each, which is imported when its command is called, so that
`isoglot --help` and shell completion stay quick. `main` turns every outcome into an exit code:

    0    done
    1    failed; `--debug` shows where
    2    bad input; the message says what to change
    130  interrupted

Messages go to stderr. With `--json`, stdout holds one JSON document and nothing else: the command's result or
`{"error": {"type", "message", "problems", "exit_code"}}`, with one problem for each mistake in the input.
"""

from __future__ import annotations

import json
import sys
import traceback
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from isoglot.errors import IsoglotError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Command(NamedTuple):
    """A command, before its module is imported.

    Attributes:
        target: `module:name` of a function with typer annotations, or of a typer app.
        summary: The line in the list of commands; equals the first line of the command's own help.
    """

    target: str
    summary: str


COMMANDS = {
    "demo": Command(
        "isoglot.cli.demo:demo",
        "Train, evaluate and compare the batch schemes, then search pictures in any language.",
    ),
    "data": Command("isoglot.cli.data:app", "List, build, check, show and mine corpora."),
    "train": Command("isoglot.cli.train:train", "Train a retriever as a TOML file says."),
    "classify": Command(
        "isoglot.cli.classify:classify",
        "Train a classifier of sentence pairs in one language, and measure it in all.",
    ),
    "evaluate": Command(
        "isoglot.cli.evaluate:evaluate", "Measure a model on corpora: quality and language bias."
    ),
    "audit": Command(
        "isoglot.cli.audit:audit", "Say whom a model favours when one collection holds all languages."
    ),
    "study": Command("isoglot.cli.study:study", "Carry out a grid of experiments, and measure all of them."),
    "encode": Command(
        "isoglot.cli.encode:encode",
        "Encode a corpus or files into a folder of vectors, fast, and resumable at any point.",
    ),
    "index": Command(
        "isoglot.cli.index:index", "Put documents of any language and medium into a store, to search them."
    ),
    "search": Command("isoglot.cli.search:search", "Search a store, in any language."),
    "serve": Command("isoglot.cli.serve:serve", "Serve a store: an HTTP API, and a page to search with."),
    "tag": Command(
        "isoglot.cli.tag:tag", "Tag pictures and other files out of a vocabulary, in any language."
    ),
}

_IN_EXTRAS = {
    "accelerate",
    "babel",
    "datasets",
    "fastapi",
    "ir_measures",
    "jaxtyping",
    "jinja2",
    "lancedb",
    "mteb",
    "prometheus_client",
    "sentence_transformers",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
    "uvicorn",
}
"""Packages that the core does without and an extra brings."""


class LazyGroup(TyperGroup):
    """Lists the commands from `COMMANDS`, and imports the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that the arguments call.

        Args:
            ctx: Click's context.
            args: The arguments from the command's name on.

        Returns:
            Its name, the loaded command, and the arguments after the name.
        """
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, placeholder if name is None else load_command(name), rest


app = typer.Typer(
    name="isoglot",
    cls=LazyGroup,
    rich_markup_mode=None,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from isoglot import __version__

        typer.echo(f"isoglot {__version__}")
        raise typer.Exit


@app.callback()
def _isoglot(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    _debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Train, measure and repair one retriever that ranks by meaning, whatever the language."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(2)


def _placeholder() -> None:
    """Stands in the list of commands; never called."""


for _name, _command in COMMANDS.items():
    app.command(_name, help=_command.summary)(_placeholder)


@cache
def load_command(name: str) -> Any:
    """Import a command.

    Args:
        name: A key of `COMMANDS`.

    Returns:
        Typer's command or group, its help without the docstring's sections for programmers.
    """
    module, _, attribute = COMMANDS[name].target.partition(":")
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        command: Any = typer.main.get_group(target)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name)(target)
        command = typer.main.get_command(single)
    _keep_prose(command)
    return command


def _keep_prose(command: Any) -> None:
    """Cut `Args:`, `Raises:` and the like off the help of a command and of its subcommands."""
    command.rich_markup_mode = None  # square brackets are no markup
    for section in ("Args:", "Returns:", "Raises:"):
        command.help = (command.help or "").split(f"\n{section}\n")[0].strip()
    for subcommand in getattr(command, "commands", {}).values():
        _keep_prose(subcommand)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: What follows `isoglot`; None for the arguments of the process.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in arguments
    try:
        code = app(
            args=[argument for argument in arguments if argument != "--debug"],
            prog_name="isoglot",
            standalone_mode=False,
        )
        return code if isinstance(code, int) else 0
    except Exception as error:  # the outermost frame: nothing above could handle it
        if debug:
            traceback.print_exc()
        code, message = _outcome(error)
        return _fail(error, message, code, as_json="--json" in arguments)


def _outcome(error: Exception) -> tuple[int, str]:
    """The exit code and the message of an error."""
    if isinstance(error, IsoglotError):
        return 2, str(error)
    if isinstance(error, typer.TyperException):  # what the parser refuses
        return error.exit_code, error.format_message()
    if isinstance(error, ModuleNotFoundError) and error.name in _IN_EXTRAS:
        return 2, f"this needs {error.name}; install it with: pip install 'isoglot[all]'"
    return 1, f"{type(error).__name__}: {error}"


def _fail(error: Exception, message: str, code: int, *, as_json: bool) -> int:
    if as_json:
        document = {
            "type": type(error).__name__,
            "message": message,
            "problems": list(getattr(error, "problems", message.split("\n"))),
            "exit_code": code,
        }
        typer.echo(json.dumps({"error": document}, ensure_ascii=False))
    context = getattr(error, "ctx", None)
    hint = f"\nTry: {context.command_path} --help" if context else ""
    if message:  # none where the help was printed instead
        typer.echo(f"error: {message}{hint}", err=True)
    return code
