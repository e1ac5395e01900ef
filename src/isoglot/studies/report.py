"""The report of a study: one page, the same in Markdown, its pictures as files and its fits as numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass, replace
from pathlib import Path
from typing import Any

from isoglot.config import to_dict
from isoglot.evaluation.results import join_results
from isoglot.experiments.run import Progress, say_nothing
from isoglot.files import whole_file, write_json
from isoglot.report.blocks import Block
from isoglot.report.html import NUM_COLOURS
from isoglot.report.tables import TextTable
from isoglot.report.values import language_name
from isoglot.studies import tables
from isoglot.studies.answers import answer_sentences
from isoglot.studies.cells import CellRecord, folder_of, read_records, read_study, results_of
from isoglot.studies.config import StudyConfig
from isoglot.studies.content import short_hash
from isoglot.studies.encoding_cost import EncodingCost, compare_encoding
from isoglot.studies.findings import Findings, Refused, arm_name, find
from isoglot.studies.grid import MODEL
from isoglot.studies.pictures import study_plots
from isoglot.studies.plots import draw_plot
from isoglot.studies.questions import AnswerConfig, read_answer
from isoglot.studies.scaling import Estimate
from isoglot.studies.shared import Shared
from isoglot.studies.workers import SHARED

REPORT, MARKDOWN, FITS, FIGURES = "report.html", "report.md", "fits.json", "figures"
_COSTS = "encoding.json"
_LONG_TEXT = 280


def write_report(study: Path, *, encoding: bool = True, progress: Progress | None = None) -> Path:
    """Writes `report.html`, `report.md`, `figures/*.svg`, `fits.json` and `results.json` of a study.

    Args:
        study: Its folder.
        encoding: Whether to measure what it costs to encode with the models; measured once, and kept.
        progress: Told what is being done.

    Returns:
        The page.

    Raises:
        CheckpointError: If the folder is none of a study, or a record cannot be read.
        ConfigError: If no cell finished, or the study does not say how it is answered.
    """
    tell = progress or say_nothing
    config = read_study(study)
    answer = read_answer(config)
    records = read_records(study)
    reference = reference_name(config, answer, records)
    costs: list[EncodingCost] = []
    if encoding:
        tell("timing models side by side")
        costs = encoding_costs(study, config, answer, records, reference)
    tell("writing the report")
    results = {record.id: results_of(study, record) for record in records if record.finished}
    findings = find(answer, records, lambda record: results[record.id], costs)
    join_results(replace(each, per_query=None, examples=()) for each in results.values()).write(study)
    write_json(study / FITS, fits_record(findings))
    pictures = {plot.name: draw_plot(plot) for plot in study_plots(findings)}
    for old in (study / FIGURES).glob("*.svg"):
        if old.stem not in pictures:
            old.unlink()
    for name, picture in pictures.items():
        _write(study / FIGURES / f"{name}.svg", picture)
    blocks = build_blocks(findings, records, reference)
    _write(study / MARKDOWN, render_markdown(config, findings, list(pictures), blocks))
    _write(study / REPORT, render_page(config, findings, list(pictures.values()), blocks))
    return study / REPORT


def reference_name(config: StudyConfig, answer: AnswerConfig, records: Sequence[CellRecord]) -> str:
    """Arm and size that costs are compared with.

    Args:
        config: The study; its reference counts.
        answer: How cells are read; without a reference it is the cheapest model of the baseline.
        records: The cells, the cheapest first.

    Returns:
        The name; empty if no such cell finished.
    """
    wanted = config.reference or {answer.arms: answer.baseline}
    for record in records:
        for point in record.points:
            if record.finished and wanted.items() <= point.items():
                return arm_name(answer, point)
    return ""


def encoding_costs(
    study: Path, config: StudyConfig, answer: AnswerConfig, records: Sequence[CellRecord], reference: str
) -> list[EncodingCost]:
    """What it costs to encode with the models of a study; models of one make are measured once.

    Args:
        study: Its folder, where costs are kept.
        config: The study.
        answer: Says which corpus is encoded.
        records: The cells.
        reference: Arm and size that the others are compared with.

    Returns:
        Costs for every arm and size; none if the reference did not finish.
    """
    makes: dict[str, tuple[str, Path]] = {}
    alike: dict[str, list[str]] = {}
    ordered = sorted(records, key=lambda record: record.seed)
    for record in ordered:
        for point in record.points if record.finished else ():
            make, name = short_hash(record.config["encoder"]), arm_name(answer, point)
            if name not in alike.setdefault(make, []):
                alike[make].append(name)
            if make not in makes or name == reference:
                makes.setdefault(make, (name, folder_of(study, record.id) / MODEL))
    base = next((makes[make][0] for make, names in alike.items() if reference in names), None)
    if base is None:
        return []
    measured = sorted((name, str(path)) for name, path in makes.values())
    key = short_hash([measured, answer.encoded, reference])
    kept = _kept_costs(study, key)
    if kept is None:
        each = next(
            (c for c in config.evaluate.corpora if c.name == answer.encoded), config.evaluate.corpora[0]
        )
        corpus = Shared(study / SHARED).read_evaluated(each)
        kept = compare_encoding(dict(makes.values()), corpus, reference=base)
        write_json(study / _COSTS, {"key": key, "costs": [asdict(cost) for cost in kept]})
    names = {makes[make][0]: each for make, each in alike.items()}
    return [replace(cost, model=name) for cost in kept for name in names[cost.model]]


def _kept_costs(study: Path, key: str) -> list[EncodingCost] | None:
    path = study / _COSTS
    if not path.is_file():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    return [EncodingCost(**each) for each in kept["costs"]] if kept["key"] == key else None


def build_blocks(findings: Findings, records: Sequence[CellRecord], reference: str) -> list[Block]:
    """What stands below the pictures.

    Args:
        findings: What the cells say.
        records: The cells.
        reference: Arm and size that costs are compared with.

    Returns:
        Blocks; empty ones are left out.
    """
    noise = (
        "Model and reference take turns on the same contents. The reference is timed against itself too: how "
        "far that is from 1 is the noise. Bytes are those of the vectors, without ids and graph."
    )
    counted = (
        "Operations: a multiplication and an addition are two; products of matrices, convolutions, attention "
        "and bags of subwords, forward and backward, counted in some steps and scaled to all. Energy only "
        "where CodeCarbon is installed."
    )
    shares = (
        "On the front is whom nobody beats in one of accuracy and cost without losing in the other. For the "
        "shares, seeds are drawn again; costs are taken as they are."
    )
    gains = (
        "Above 0 is to the arm's favour, whatever the measure. Intervals by Student's t with the spread over "
        "seeds of all sizes; p adjusted over sizes (Holm)."
    )
    saved = (
        "Read off straight lines between means over the logarithm of the operations; beyond the sizes "
        "measured there are bounds alone. Intervals by Student's t with the spread over seeds of all sizes."
    )
    laws = Block("Power laws", tables.fits_note(findings), (tables.fits_table(findings),))
    blocks = [
        Block("Values", "", (tables.values_table(findings),)),
        Block(f"Against {findings.answer.baseline}", gains, (tables.differences_table(findings),)),
        Block("Compute to equal accuracy", saved, (tables.ratios_table(findings),)),
        laws,
        Block("Pareto fronts", shares, (tables.fronts_table(findings),)),
        Block("Compute", counted, (tables.compute_table(findings.answer, records, reference),)),
        Block("Encoding", noise, (tables.encoding_table(findings),)),
        Block("Cells", "", folded=(tables.cells_table(records),)),
    ]
    return [block for block in blocks if block or block is laws]  # it says why there are none


def render_page(
    config: StudyConfig, findings: Findings, pictures: Sequence[str], blocks: Sequence[Block]
) -> str:
    """The page as text: no request leaves it.

    Args:
        config: The study.
        findings: What the cells say.
        pictures: SVG of each.
        blocks: What stands below them.

    Returns:
        HTML, with everything from outside escaped.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.PackageLoader("isoglot.studies", "page"),
                jinja2.PackageLoader("isoglot.report", "page"),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["language_name"] = language_name
    environment.globals.update(num_colours=NUM_COLOURS, long_text=_LONG_TEXT)
    return environment.get_template("study.html.jinja").render(
        title=config.study.name,
        question=config.study.question,
        sentences=answer_sentences(findings),
        pictures=pictures,
        blocks=blocks,
    )


def render_markdown(
    config: StudyConfig, findings: Findings, pictures: Sequence[str], blocks: Sequence[Block]
) -> str:
    """The report as Markdown.

    Args:
        config: The study.
        findings: What the cells say.
        pictures: Names of the files of pictures.
        blocks: What stands below them.

    Returns:
        Markdown; pictures are those in the folder beside it.
    """
    parts = [f"# {config.study.name}", config.study.question, "## Answer"]
    parts.append("\n".join(f"- {sentence}" for sentence in answer_sentences(findings)))
    parts += [f"![{name}]({FIGURES}/{name}.svg)" for name in pictures]
    for block in blocks:
        parts += [f"## {block.title}", *([block.note] if block.note else [])]
        parts += [_table(table) for table in (*block.tables, *block.folded) if table.rows]
    return "\n\n".join(parts) + "\n"


def _table(table: TextTable) -> str:
    return f"{table.title}:\n\n{table.markdown()}"


def fits_record(findings: Findings) -> list[dict[str, Any]]:
    """Fits, tests, turns and fronts as plain values.

    Args:
        findings: What the cells say.

    Returns:
        An entry for each value and arm.
    """
    found = []
    for each in findings.values:
        for arm, series in each.series.items():
            points = {"sizes": list(series.sizes), "x": series.x.tolist(), "means": series.means.tolist()}
            fit = each.fits[arm]
            entry: dict[str, Any] = {
                "value": to_dict(each.value),
                "arm": arm,
                "seeds": list(series.seeds),
                **points,
            }
            if isinstance(fit, Refused):
                entry["fit"] = {"refused": fit.reason}
            else:
                estimates: Mapping[str, Estimate] = {
                    "offset": fit.offset, "amplitude": fit.amplitude, "exponent": fit.exponent
                }  # fmt: skip
                entry["fit"] = {name: asdict(estimate) for name, estimate in estimates.items()} | {
                    "x0": fit.law.scale,
                    "determined": fit.determined,
                    "misfit_p": fit.misfit_p,
                }
            entry["crossing"] = _plain(each.crossings.get(arm))
            entry["compute_to_equal"] = _plain(each.ratios.get(arm))
            found.append(entry)
    return found


def _plain(found: Any) -> Any:
    """Findings as JSON can hold them: infinity is a word there."""
    if isinstance(found, Refused):
        return {"refused": found.reason}
    if is_dataclass(found) and not isinstance(found, type):
        return {name: _plain(value) for name, value in asdict(found).items()}
    if isinstance(found, dict):
        return {name: _plain(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_plain(each) for each in found]
    return "infinity" if found == float("inf") else found


def _write(path: Path, text: str) -> None:
    with whole_file(path) as file:
        file.write(text.encode())
