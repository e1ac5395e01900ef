"""One self-contained HTML page of results: no request leaves it, it reads on a phone, dark and light."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from isoglot.errors import SearchError
from isoglot.evaluation.curves import unperturbed
from isoglot.evaluation.results import Results, join_results
from isoglot.files import whole_file
from isoglot.report.provenance import provenance_block
from isoglot.report.sections import build_overview, build_sections
from isoglot.report.values import language_name

NUM_COLOURS = 8
_LONG_TEXT = 280
"""Characters of a text that is shown in full without being asked for."""


def write_html(results: Results | Iterable[Results], path: str | Path) -> None:
    """Writes the page.

    Args:
        results: One evaluation or several; several models on one corpus stand side by side.
        path: The file.

    Raises:
        SearchError: If there is nothing to show, or two evaluations have the same name.
    """
    page = render_html(results)
    with whole_file(path) as file:
        file.write(page.encode())


def render_html(results: Results | Iterable[Results]) -> str:
    """The page as text.

    Args:
        results: One evaluation or several.

    Returns:
        HTML, with everything from outside escaped.

    Raises:
        SearchError: If there is nothing to show, or two evaluations have the same name.
    """
    import jinja2

    joined = results if isinstance(results, Results) else join_results(results)
    if not joined.records:
        raise SearchError("no results to report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("isoglot.report", "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["language_name"] = language_name
    environment.globals.update(num_colours=NUM_COLOURS, long_text=_LONG_TEXT)
    return environment.get_template("page.html.jinja").render(
        title=_title(unperturbed(joined)),
        overview=build_overview(joined),
        sections=build_sections(joined),
        provenance=provenance_block(joined),
    )


def _title(results: Results) -> str:
    models, corpora = results.models, results.corpora
    who = models[0] if len(models) == 1 else f"{len(models)} models"
    return f"{who} on {corpora[0] if len(corpora) == 1 else f'{len(corpora)} corpora'}"
