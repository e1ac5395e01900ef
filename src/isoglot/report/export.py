"""Every table of a report as files: Markdown for a README, CSV for a spreadsheet, LaTeX for a paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from isoglot.errors import SearchError
from isoglot.evaluation.results import Results, join_results, slug
from isoglot.files import whole_file
from isoglot.report.blocks import all_tables
from isoglot.report.provenance import provenance_block
from isoglot.report.sections import Section, build_overview, build_sections
from isoglot.report.tables import TextTable

_FORMATS = {"md": TextTable.markdown, "csv": TextTable.csv, "tex": TextTable.latex}


def write_tables(results: Results | Iterable[Results], folder: str | Path) -> list[Path]:
    """Writes every table of the report in three formats, each file whole or not at all.

    A file is called `CORPUS.SPLIT.TABLE.md`, `.csv` or `.tex`. Where a corpus has several directions between
    media, or several kinds of task, `SPLIT` is followed by such as `.text_to_image` or `.pairs.text_to_text`,
    and `CORPUS.SPLIT.overview.MEASURE` has them all; so has `overview.MEASURE` all corpora.

    The tables are, where there is anything to put in them: `settings`, `measures`, `languages`,
    `language-pairs`, `language-matrix`, `bias`, `bias-by-language`, `transfer`, `examples` (the worst
    queries), `comparisons` (in the main measure), `comparisons-by-language`, `comparisons-by-pair`,
    `comparisons-all-measures`; `perturbed` and `perturbed-by-language`; of models that say what they were
    trained on, `training` and, by number, `training-pairs-1`; and in place of `settings` and `measures`,
    `pairs` for pairs of texts, `bitext` for translations, `tagging` for tags.

    Args:
        results: One evaluation or several.
        folder: Made if need be; files of the same name are replaced.

    Returns:
        The files, in the order of the report.

    Raises:
        SearchError: If there is nothing to show, two evaluations have the same name, or the names of two
            corpora make the same name of a file.
    """
    joined = results if isinstance(results, Results) else join_results(results)
    if not joined.records:
        raise SearchError("no results to report")
    tables: dict[str, TextTable] = {}
    taken: set[str] = set()
    for name, table in _tables(joined):
        if name.casefold() in taken:
            raise SearchError(f"two tables would be called {name}; give the corpora distinct names")
        taken.add(name.casefold())
        tables[name] = table
    return [path for name, table in tables.items() for path in _write(table, Path(folder), name)]


def _tables(results: Results) -> Iterator[tuple[str, TextTable]]:
    for table in all_tables([build_overview(results), provenance_block(results)]):
        yield table.name, table
    for section in build_sections(results):
        yield from _tables_of(section)


def _tables_of(section: Section) -> Iterator[tuple[str, TextTable]]:
    """Name without ending, and table."""
    where = f"{slug(section.corpus)}.{slug(section.split)}"
    for table in all_tables([section.overview, section.robustness, section.worst]):
        yield f"{where}.{table.name}", table
    for direction in section.directions:
        place = f"{where}.{direction.slug}" if direction.slug else where
        for table in all_tables(direction.blocks):
            yield f"{place}.{table.name}", table


def _write(table: TextTable, folder: Path, name: str) -> Iterator[Path]:
    for ending, write in _FORMATS.items():
        path = folder / f"{name}.{ending}"
        with whole_file(path) as file:
            file.write(write(table).removesuffix("\n").encode() + b"\n")
        yield path
