"""A hook of the site's builder: writes into the pages what the code knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoglot import cli
from isoglot.evaluation.bias import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Iterator


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put what is generated in its place.

    Args:
        markdown: The page as written.
        page: The builder's page.

    Returns:
        The page to render.
    """
    if page.file.src_uri not in GENERATED:
        return markdown
    place, make = GENERATED[page.file.src_uri]
    if place not in markdown:
        raise ValueError(f"docs/{page.file.src_uri} has no line {place}")
    return markdown.replace(place, make())


def meanings() -> str:
    """Every measure of language bias and transfer, and what it tells, as Markdown."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in MEANINGS.items()]
    return "\n".join(["| measure | what it says |", "|---|---|", *rows])


def reference() -> str:
    """Every command with its help, arguments and options, as Markdown."""
    sections = []
    for name in cli.COMMANDS:
        command = cli.load_command(name)
        context = command.make_context(f"isoglot {name}", [], resilient_parsing=True)
        sections += list(_sections(command, context))
    return "\n".join(sections)


def _sections(command: Any, context: Any) -> Iterator[str]:
    yield f"### {context.info_name}\n\n{command.help}\n"
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield f"```text\n{context.get_usage().removeprefix('Usage: ')}\n```\n"
        yield _table(command, context)
    for name, subcommand in subcommands.items():
        inner = subcommand.make_context(f"{context.info_name} {name}", [], resilient_parsing=True)
        yield from _sections(subcommand, inner)


def _table(command: Any, context: Any) -> str:
    lines = ["| | |", "|---|---|"]
    for parameter in command.params:
        names, text = parameter.get_help_record(context) or ("", "")
        if names:
            lines.append(f"| `{names}` | {text.replace('|', '&#124;')} |")
    return "\n".join(lines) + "\n" if len(lines) > 2 else ""


GENERATED = {"cli.md": ("<!-- reference -->", reference), "evaluation.md": ("<!-- meanings -->", meanings)}
"""Page -> the line that is replaced, and what makes its replacement."""
