"""`isoglot data`: list, build and check corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isoglot.cli.mine import mine
from isoglot.cli.options import SkipBad, split_tags
from isoglot.cli.show import show

if TYPE_CHECKING:
    from isoglot.corpora.media_files import SkippedMedia
    from isoglot.corpora.parallel import ParallelCorpus

app = typer.Typer(no_args_is_help=True, help="List, build, check, show and mine corpora.")

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_WORLD = "world"
_WORLD_TEXT = "world-text"
_BUILT_IN = {
    _WORLD: "Scenes as captions, pictures, videos and sounds, for retrieval, questions, tagging and pairs.",
    _WORLD_TEXT: "Questions and answers about countries, currencies, languages and cities.",
}
"""What needs no files."""


@app.command("list")
def list_names(as_json: _Json = False) -> None:
    """List what can be built: the built-in corpora, published data sets, general formats."""
    entries = _entries()
    if as_json:
        typer.echo(json.dumps(entries, ensure_ascii=False))
        return
    width = max(len(entry["name"]) for entry in entries)
    for entry in entries:
        notes = [entry[key] for key in ("task", "languages", "licence") if entry.get(key)]
        typer.echo(
            f"{entry['name']:<{width}}  {entry['description']}" + "".join(f" [{note}]" for note in notes)
        )


def _entries() -> list[dict[str, Any]]:
    from isoglot.corpora.datasets import list_datasets
    from isoglot.corpora.formats import FORMATS

    keys = ("name", "description", "task", "licence", "citation", "languages", "url", "hub")
    return [
        *(
            {"kind": "built-in", "name": name, "description": description}
            for name, description in _BUILT_IN.items()
        ),
        *({"kind": "data set", **{key: getattr(item, key) for key in keys}} for item in list_datasets()),
        *(
            {"kind": "format", "name": item.name, "description": item.description}
            for item in FORMATS.values()
        ),
    ]


@app.command()
def build(
    name: Annotated[str, typer.Argument(help="A name that `isoglot data list` shows.")],
    out: Annotated[Path, typer.Option("--out", help="The corpus folder to write.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from", help="The data set as it was downloaded; without it, from the hub where it is there."
        ),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            "--option", help="Of the reader, such as `context=true`. May be given again.", metavar="KEY=VALUE"
        ),
    ] = None,
    languages: Annotated[
        list[str] | None,
        typer.Option("--languages", help="Only these tags, with commas between, or given again."),
    ] = None,
    groups: Annotated[
        int | None, typer.Option("--groups", help="Of `world`: how many scenes; 1,000 unless told.")
    ] = None,
    modalities: Annotated[
        str | None,
        typer.Option(
            "--modalities",
            help="Of `world`: of text, image, video and audio, with commas between; all unless told.",
        ),
    ] = None,
    explicit_qrels: Annotated[
        bool, typer.Option("--explicit-qrels", help="Write every judgement as a line, for BEIR tools.")
    ] = False,
    skip_bad: SkipBad = False,
    as_json: _Json = False,
) -> None:
    """Build a corpus folder from the built-in world, a published data set or files in a general format."""
    from rich.console import Console

    from isoglot.corpora import drop_bad_media, write_corpus

    console = Console(stderr=True)
    skipped: SkippedMedia | None = None
    pairs, tags = _pairs(option or ()), list(split_tags(languages) or ()) or None
    of_world = {
        key: value for key, value in (("groups", groups), ("modalities", modalities)) if value is not None
    }
    _check_built_in(name, source, of_world)
    if name == _WORLD:
        corpus = _build_world(out, pairs, {"languages": tags, **of_world, "explicit_qrels": explicit_qrels})
    else:
        with console.status(f"reading {name}") as status:
            corpus = _read(name, source, out.name, pairs, tags, skip_bad=skip_bad)
            corpus, skipped = drop_bad_media(corpus) if skip_bad else (corpus, None)
            status.update(f"writing {out}")
            write_corpus(corpus, out, explicit_qrels=explicit_qrels)
    _say(out, corpus, skipped, as_json=as_json)


def _say(out: Path, corpus: ParallelCorpus, skipped: SkippedMedia | None, *, as_json: bool) -> None:
    """Prints what was built, and what was left out."""
    if skipped is not None:
        typer.echo(str(skipped), err=True)
    if as_json:
        record = None if skipped is None else skipped.record()
        summary = {"corpus": str(out), **_summary(corpus), "skipped_media": record}
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        typer.echo(f"{out}: {corpus!r}", err=True)


def _pairs(entries: list[str] | tuple[str, ...]) -> dict[str, str]:
    from isoglot.errors import ConfigError

    pairs = {}
    for entry in entries:
        key, equals, value = entry.partition("=")
        if not (key and equals):
            raise ConfigError(f"--option must be key=value, got {entry!r}")
        pairs[key.strip().replace("-", "_")] = value
    return pairs


def _check_built_in(name: str, source: Path | None, of_world: dict[str, Any]) -> None:
    from isoglot.errors import ConfigError

    if name in _BUILT_IN and source is not None:
        raise ConfigError("the built-in world is made, not read; leave out --from")
    if name != _WORLD and of_world:
        given = " and ".join(f"--{key}" for key in of_world)
        raise ConfigError(f"{given} must go with {_WORLD!r}, got {name!r}; leave it out")


def _build_world(out: Path, pairs: dict[str, str], given: dict[str, Any]) -> ParallelCorpus:
    """Makes the corpus of scenes straight in its folder, as its media are files."""
    from isoglot.corpora.options import parse_options
    from isoglot.world import build_world_corpus
    from isoglot.world.building.options import check_names

    # `task` is text here and is checked with everything else; in the readers of data sets it is a number.
    task = {key: pairs[key] for key in pairs if key == "task"}
    check_names(pairs)
    options = parse_options(_WORLD, build_world_corpus, {k: v for k, v in pairs.items() if k not in task})
    return build_world_corpus(out, **{**given, **options, **task}, progress=True)


def _read(
    name: str,
    source: Path | None,
    corpus_name: str,
    pairs: dict[str, str],
    languages: list[str] | None,
    *,
    skip_bad: bool,
) -> ParallelCorpus:
    from isoglot.corpora.datasets import find_dataset, read_dataset
    from isoglot.corpora.formats import FORMATS, read_format
    from isoglot.corpora.options import parse_options
    from isoglot.errors import ConfigError

    if name == _WORLD_TEXT:
        from isoglot.world import build_text_corpus

        options = parse_options(name, build_text_corpus, pairs)
        return build_text_corpus(**{**options, **({} if languages is None else {"languages": languages})})
    if name in FORMATS:
        if source is None:
            raise ConfigError(f"format {name!r} needs files; name them with --from")
        corpus = read_format(name, source, corpus_name, **parse_options(name, FORMATS[name].read, pairs))
        return corpus if languages is None else corpus.select(languages)
    dataset = find_dataset(name)
    read = dataset.read if source is not None or dataset.read_hub is None else dataset.read_hub
    options = parse_options(name, read, pairs)
    return read_dataset(
        name,
        source,
        skip_bad=skip_bad,
        **{**options, **({} if languages is None else {"languages": languages})},
    )


def _summary(corpus: ParallelCorpus) -> dict[str, Any]:
    from isoglot.corpora.manifest import summarize

    return {"name": corpus.name, **summarize(corpus)}


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="The corpus folder.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="List bad media files, and call the corpus sound without them.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Check every row, judgement and media file of a corpus folder; report all problems."""
    from rich.console import Console

    from isoglot.corpora import check_corpus
    from isoglot.errors import CorpusError

    with Console(stderr=True).status(f"checking {folder}"):
        report = check_corpus(folder, media=True)
    tolerated = report.bad_media if skip_bad else ()
    problems = [problem for problem in report.problems if problem not in set(tolerated)]
    if problems:
        raise CorpusError(problems)
    for problem in tolerated:
        typer.echo(problem, err=True)
    if as_json:
        found = {"problems": [], "bad_media": list(tolerated), "counts": report.counts}
        typer.echo(json.dumps({"corpus": str(folder), **found}, ensure_ascii=False))
        return
    counts = ", ".join(f"{key} {value:,}" for key, value in report.counts.items() if isinstance(value, int))
    splits = ", ".join(f"{key} {value:,}" for key, value in report.counts["splits"].items())
    sound = f"no problem but {len(tolerated):,} of media files" if tolerated else "no problem"
    typer.echo(f"{folder}: {sound}; {counts}; splits {splits or 'none'}")


app.command()(show)
app.command()(mine)
