"""`isoglot tag`: tags for pictures and other files, named in any language, and thresholds for them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoglot.cli.options import Encoder, Json, split_tags

if TYPE_CHECKING:
    from isoglot.tagging import Tagged, Thresholds, Vocabulary

_Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Pictures, videos, sounds and texts (.txt), whatever the model encodes; folders are walked.",
        metavar="FILES",
    ),
]
_Tags = Annotated[
    Path | None,
    typer.Option(
        help="The tags: a table with tag_id, label:LANGUAGE, gloss:LANGUAGE and parent, a text file with one "
        "a line, or a corpus folder made for tagging.",
        metavar="FILE",
    ),
]
_TagsLanguage = Annotated[
    str | None, typer.Option(help="Language of a text file of tags not called NAME.TAG.txt.", metavar="TAG")
]
_Languages = Annotated[
    list[str] | None,
    typer.Option("--language", help="To name tags in; with commas between, or given again.", metavar="TAG"),
]
_Top = Annotated[
    int | None,
    typer.Option(
        help="Tags an item, the best first, whether they reach a threshold or not; without it, all that do, "
        "or 5 without thresholds."
    ),
]
_Threshold = Annotated[float | None, typer.Option(help="Score from which on a tag is given.")]
_Calibration = Annotated[
    Path | None, typer.Option(help="Thresholds that --calibrate wrote for this model.", metavar="FILE")
]
_Templates = Annotated[
    Path | None,
    typer.Option(help="Table of language and template, such as `a photo of a {label}`.", metavar="FILE"),
]
_Agree = Annotated[
    bool,
    typer.Option(
        "--languages-agree/--languages-apart",
        help="One vector a tag, the mean over all languages of the file, so that an item has the same tags "
        "in all languages; or one for each language.",
    ),
]
_Out = Annotated[
    Path | None, typer.Option(help="File to write; without it, they are printed.", metavar="FILE")
]
_Format = Annotated[
    str | None, typer.Option("--format", help="json or csv; without it, by the ending of --out.")
]
_SkipBad = Annotated[
    bool, typer.Option("--skip-bad", help="Leave out files that cannot be read, and say which.")
]
_Calibrate = Annotated[
    str | None,
    typer.Option(
        help="In place of tagging, choose thresholds on this corpus of judged items (folder or name), and "
        "write them to --out.",
        metavar="CORPUS",
    ),
]
_Split = Annotated[str | None, typer.Option(help="Of --calibrate: whose items decide; without it, dev.")]
_Precision = Annotated[
    float | None,
    typer.Option(help="Of --calibrate: share of given tags that must be right; without it, the best F1."),
]
_PerTag = Annotated[
    bool | None,
    typer.Option(
        "--per-tag/--one-threshold",
        help="Of --calibrate: whether tags that ten items have get a threshold each; without it, they do.",
    ),
]


def tag(
    model: Encoder,
    files: _Files = None,
    tags: _Tags = None,
    tags_language: _TagsLanguage = None,
    languages: _Languages = None,
    top: _Top = None,
    threshold: _Threshold = None,
    calibration: _Calibration = None,
    templates: _Templates = None,
    languages_agree: _Agree = True,
    out: _Out = None,
    form: _Format = None,
    skip_bad: _SkipBad = False,
    calibrate: _Calibrate = None,
    split: _Split = None,
    precision: _Precision = None,
    per_tag: _PerTag = None,
    as_json: Json = False,
) -> None:
    """Tag pictures and other files out of a vocabulary, in any language.

    Zero-shot: a tag is given by the similarity of its label and the item. With --calibrate, thresholds are
    chosen instead, where the tags of items are known.
    """
    tagging = {
        "FILES": files,
        "--top": top,
        "--threshold": threshold,
        "--calibration": calibration,
        "--format": form,
        "--skip-bad": skip_bad or None,
    }
    chosen = {"split": split, "precision": precision, "per_tag": per_tag}
    _check(tags, languages, out, calibrate, tagging, chosen)
    from isoglot.tagging import read_templates, read_vocabulary

    shared = {
        "templates": None if templates is None else read_templates(templates),
        "languages": split_tags(languages),
        "languages_agree": languages_agree,
        "progress": sys.stderr.isatty(),
    }
    vocabulary = None if tags is None else read_vocabulary(tags, language=tags_language)
    if calibrate is not None and out is not None:
        given = {name: value for name, value in chosen.items() if value is not None}
        _calibrate(model, calibrate, vocabulary, out, given | shared, as_json=as_json)
    elif vocabulary is not None:
        bars = _thresholds(threshold, calibration)
        how = shared | {"top": top, "skip_bad": skip_bad, "thresholds": bars}
        _tag(model, files or [], vocabulary, how, out, form, as_json=as_json)


def _check(
    tags: Path | None,
    languages: Sequence[str] | None,
    out: Path | None,
    calibrate: str | None,
    tagging: Mapping[str, Any],
    chosen: Mapping[str, Any],
) -> None:
    """Refuses options that do not go together; all at once."""
    from isoglot.errors import ConfigError
    from isoglot.tagging.tagged import resolve_format

    if calibrate is not None:
        stray = [name for name, value in tagging.items() if value is not None and value != []]
        problems = [
            f"{name} must not go with --calibrate, which tags nothing; leave it out" for name in stray
        ]
        if out is None:
            problems.append("--calibrate must go with --out, the file to write thresholds to")
    else:
        needed = {
            "FILES must name what to tag": tagging["FILES"],
            "--tags must name the file of tags": tags,
            "--language must name a language for the tags, such as de": split_tags(languages),
        }
        problems = [rule for rule, value in needed.items() if not value]
        if tagging["--threshold"] is not None and tagging["--calibration"] is not None:
            problems.append("--threshold and --calibration must not go together; give one")
        stray = [f"--{name.replace('_', '-')}" for name, value in chosen.items() if value is not None]
        problems += [f"{name} must go with --calibrate; leave it out" for name in stray]
    if problems:
        raise ConfigError("\n".join(problems))
    if calibrate is None and (out is not None or tagging["--format"] is not None):
        resolve_format(out or "the output", tagging["--format"])


def _thresholds(threshold: float | None, calibration: Path | None) -> float | Thresholds | None:
    from isoglot.tagging import read_thresholds

    return threshold if calibration is None else read_thresholds(calibration)


def _tag(
    model: str,
    files: Sequence[Path],
    vocabulary: Vocabulary,
    how: dict[str, Any],
    out: Path | None,
    form: str | None,
    *,
    as_json: bool,
) -> None:
    from isoglot.tagging import tag as give_tags

    found = give_tags(model, files, vocabulary, **how)
    _say(found)
    if out is not None:
        found.write(out, form)
    if as_json:
        about = {
            "out": None if out is None else str(out),
            "num_items": len(found.items),
            "skipped_media": list(found.skipped),
            "passed_over": found.num_passed,
        }
        items = {} if out is not None else {"items": found.records()}
        typer.echo(json.dumps(about | items, ensure_ascii=False))
    elif out is not None:
        typer.echo(f"Tagged {len(found.items):,} items. Wrote {out}", err=True)
    elif form == "json":
        typer.echo(json.dumps(found.records(), ensure_ascii=False, indent=1))
    elif form == "csv":
        typer.echo(found.csv(), nl=False)
    else:
        _print(found)


def _say(found: Tagged) -> None:
    """What was left out, and names that are in another language than was asked for."""
    if found.skipped:
        typer.echo(f"left out {len(found.skipped):,} bad files:", err=True)
    for problem in found.skipped:
        typer.echo(f"  {problem}", err=True)
    if found.num_passed:
        typer.echo(f"passed over {found.num_passed:,} files of other kinds", err=True)
    other = {
        (each.tag_id, each.language)
        for item in found.items
        for each in item.tags
        if each.label_language != each.language
    }
    for language in sorted({language for _, language in other}):
        number = sum(each == language for _, each in other)
        typer.echo(f"{number:,} of the tags have no label in {language}, and stand in another", err=True)


def _print(found: Tagged) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column("item", overflow="fold"), "language", "tags")
    for item in found.items:
        by_language: dict[str, list[str]] = {}
        for each in item.tags:
            name = each.label if each.gloss is None else f"{each.label} ({each.gloss})"
            foreign = "" if each.label_language == each.language else f" [{each.label_language}]"
            missed = "" if each.above_threshold in (True, None) else " (below)"
            by_language.setdefault(each.language, []).append(f"{name}{foreign} {each.score:.3f}{missed}")
        for language, shown in (by_language or {"": ["none"]}).items():
            table.add_row(*(_plain(cell) for cell in (item.item, language, ", ".join(shown))))
    Console().print(table)


def _plain(cell: str) -> Any:
    """A cell in which square brackets are no markup."""
    from rich.text import Text

    return Text(cell)


def _calibrate(
    model: str,
    corpus: str,
    vocabulary: Vocabulary | None,
    out: Path,
    how: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from isoglot.corpora import read_corpus
    from isoglot.tagging import calibrate

    found = calibrate(model, read_corpus(corpus), vocabulary, **how)
    found.write(out)
    own = sum(each.chosen is not None for each in found.tags)
    for language, choice in found.overall.items():
        where = "all languages" if language == "*" else language
        typer.echo(
            f"{where}: threshold {choice.threshold:.4f}; precision {choice.precision:.3f}, recall "
            f"{choice.recall:.3f}, F1 {choice.f1:.3f} on the {found.num_items:,} items it was chosen on",
            err=True,
        )
    typer.echo(f"{own:,} of {len(found.tags):,} have a threshold of their own. Wrote {out}", err=True)
    if as_json:
        about = {
            "out": str(out),
            "model": found.model,
            "num_items": found.num_items,
            "num_tags": len(found.tags),
            "num_own": own,
            "overall": {language: choice.threshold for language, choice in found.overall.items()},
        }
        typer.echo(json.dumps(about, ensure_ascii=False))
