"""A hook of the site's builder: writes what each measure of language bias means into `evaluation.md`."""

from __future__ import annotations

from typing import Any

from isoglot.evaluation.bias import MEANINGS

PLACE = "<!-- meanings -->"


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put the table in its place.

    Args:
        markdown: The page as written.
        page: The builder's page.

    Returns:
        The page to render.
    """
    if page.file.src_uri != "evaluation.md":
        return markdown
    if PLACE not in markdown:
        raise ValueError(f"docs/evaluation.md has no line {PLACE}")
    rows = [f"| `{name}` | {meaning} |" for name, meaning in MEANINGS.items()]
    return markdown.replace(PLACE, "\n".join(["| measure | what it says |", "|---|---|", *rows]))
