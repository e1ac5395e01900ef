"""Tables as Markdown, CSV and LaTeX: whatever the cells hold, a reader of the format gets it back."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isoglot.errors import SearchError
from isoglot.evaluation.results import Results, join_results
from isoglot.report.export import write_tables
from isoglot.report.formats import latex_text
from isoglot.report.tables import MISSING, Cell, TextTable

TABLE = TextTable(
    "AP by setting",
    ("Model", "AP", "Rank distance"),
    (
        (Cell("a_b|c"), Cell("0.512 ± 0.010", 0.51234, True, 0.5, 0.52), Cell("1,234", 1234.4)),
        (Cell("50% & more"), Cell("0.400", 0.4), Cell(MISSING)),
    ),
    "settings",
)


def of(text: str) -> TextTable:
    return TextTable("t", ("Name", "Value"), ((Cell(text), Cell("1.0", 1.0)),))


def read_csv(table: TextTable) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.csv(), newline="")))


def markdown_cells(line: str) -> list[str]:
    """The cells of a line: a pipe behind an odd number of backslashes is none of the table's."""
    return [cell.strip() for cell in re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]]


def test_markdown_marks_the_best_and_aligns_numbers():
    assert TABLE.markdown().split("\n") == [
        "| Model | AP | Rank distance |",
        "| --- | ---: | ---: |",
        "| a_b\\|c | **0.512 ± 0.010** | 1,234 |",
        "| 50% \\& more | 0.400 | – |",
    ]


def test_csv_has_numbers_in_full_and_bounds_of_their_own():
    assert read_csv(TABLE) == [
        ["Model", "AP", "AP low", "AP high", "Rank distance"],
        ["a_b|c", "0.51234", "0.5", "0.52", "1234.4"],
        ["50% & more", "0.4", "", "", ""],
    ]


def test_latex_has_the_rules_of_booktabs_and_escapes_what_is_special():
    assert TABLE.latex() == "\n".join(
        [
            "% AP by setting",
            r"\begin{tabular}{lrr}",
            r"\toprule",
            r"Model & AP & Rank distance \\",
            r"\midrule",
            r"a\_b\textbar{}c & \textbf{0.512 $\pm$ 0.010} & 1,234 \\",
            r"50\% \& more & 0.400 & -- \\",
            r"\bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("\\{}", r"\textbackslash{}\{\}"),
        ("a^b~c", r"a\textasciicircum{}b\textasciitilde{}c"),
        ("-0.020", "$-$0.020"),
        ("+0.020 to -0.1", "$+$0.020 to -0.1"),
        ("text → image", r"text $\to$ image"),
        ("[x] $5 #1 <y>", r"{[}x{]} \$5 \#1 \textless{}y\textgreater{}"),
        ('"so"', r"{\char34}so{\char34}"),
        ("سؤال\u202e", "سؤال"),
        ("two\nlines\x00", "two lines"),
    ],
)
def test_latex_sets_a_text_as_it_stands(text, latex):
    assert latex_text(text) == latex


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1"])
def test_a_spreadsheet_takes_no_text_for_a_formula(text):
    assert read_csv(of(text))[1] == [f"'{text}", "1.0"]


def test_a_negative_number_stays_a_number_in_csv():
    table = TextTable("t", ("Name", "Difference"), ((Cell("a"), Cell("-0.020", -0.02)),))
    assert read_csv(table)[1] == ["a", "-0.02"]


@pytest.mark.parametrize(
    "text", ["<img src=x>", "a|b", "**bold**", "_x_", "`code`", "[l](u)", "a\\|b", "&lt;"]
)
def test_markdown_takes_no_text_for_markup(text):
    line = of(text).markdown().split("\n")[2]
    assert len(markdown_cells(line)) == 2
    assert re.sub(r"\\(.)", r"\1", line) == f"| {text} | 1.0 |"
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>*`\[\]&]", line)


@given(st.text())
def test_any_text_is_one_cell_of_a_table(text):
    table = of(text)
    lines = table.markdown().split("\n")
    assert len(lines) == 3
    assert len(markdown_cells(lines[2])) == 2
    assert read_csv(table)[1][0].removeprefix("'") == text.removeprefix("'")
    row = table.latex().split("\n")[5]
    assert row.endswith(r" & 1.0 \\")
    assert len(re.findall(r"(?<!\\)&", row)) == 1


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\u200f", "\x1b", "\u2028", "\r"])
def test_no_unseen_character_turns_the_line(mark):
    for text in (of(f"a{mark}b").markdown(), of(f"a{mark}b").latex()):
        assert mark not in text


def test_every_table_of_the_report_is_written_in_three_formats(everything, tmp_path):
    paths = write_tables(everything, tmp_path / "tables")
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {path.name for path in paths}
    names = {path.name.rsplit(".", 1)[0] for path in paths}
    assert len(paths) == 3 * len(names)
    questions = {name.removeprefix("questions.test.") for name in names if name.startswith("questions.")}
    assert questions == {
        "settings", "measures", "languages", "language-pairs", "language-matrix", "bias", "bias-by-language",
        "transfer", "examples", "comparisons", "comparisons-by-language", "comparisons-by-pair",
        "comparisons-all-measures",
    }  # fmt: skip
    assert names >= {
        "overview.AP", "overview.spearman", "photographs.test.overview.AP",
        "photographs.test.text_to_image.settings", "photographs.test.image_to_text.settings",
        "sentences.test.pairs", "translations.test.bitext", "labels.test.tagging",
    }  # fmt: skip


def test_files_hold_the_values_of_the_results(everything, tmp_path):
    write_tables(everything, tmp_path)
    with (tmp_path / "questions.test.settings.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["Model"]: row for row in csv.DictReader(file)}
    for model in everything.models:
        value = everything.value("multilingual", model=model, corpus="questions")
        assert float(rows[model]["Multilingual AP"]) == value
    with (tmp_path / "questions.test.language-matrix.csv").open(encoding="utf-8", newline="") as file:
        rows = {(row["Model"], row["Query language"]): row for row in csv.DictReader(file)}
    cell = everything.select(
        model="labse", corpus="questions", setting="multilingual", query_language="yo",
        document_language="zh", measure="AP",
    )  # fmt: skip
    assert [float(rows["labse", "yo"]["zh"])] == [record.value for record in cell]
    assert "ما هي عاصمة" in (tmp_path / "questions.test.examples.md").read_text("utf-8")


def test_corpora_whose_files_would_have_one_name_are_refused(build_results, tmp_path):
    from dataclasses import replace

    results = build_results(("m",), ("de", "en"), ("questions",))
    other = Results(tuple(replace(record, corpus="Questions") for record in results.records))
    with pytest.raises(SearchError, match=r"two tables would be called Questions.test.settings"):
        write_tables(join_results([results, other]), tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_results_have_no_tables(tmp_path):
    with pytest.raises(SearchError, match="no results to report"):
        write_tables(Results(()), tmp_path)
