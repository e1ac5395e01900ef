"""`isoglot data show`: a page to look at a corpus."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from isoglot.cli.options import Json, Languages, split_tags

if TYPE_CHECKING:
    from isoglot.report.gallery import Gallery

_Corpus = Annotated[str, typer.Argument(help="A corpus folder, or a name that `isoglot data list` shows.")]
_Out = Annotated[
    Path | None,
    typer.Option(
        help="One file if it ends with .html, else a folder with the media beside the page; without it, "
        "gallery.html or, if the media are too large for that, gallery/.",
        metavar="FILE.html|DIR",
    ),
]
_Groups = Annotated[
    int, typer.Option(min=1, help="At most so many groups; half as many labelled pairs.", metavar="N")
]
_Split = Annotated[str | None, typer.Option(help="Only groups and pairs of this split.", metavar="NAME")]
_Embedded = Annotated[
    float, typer.Option(min=0, help="Size of the media up to which they go into one file.", metavar="MB")
]
_MAX_TOLD = 5
_MEGABYTE = 1_000_000


def show(
    corpus: _Corpus,
    out: _Out = None,
    groups: _Groups = 60,
    split: _Split = None,
    languages: Languages = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the choice of groups.")] = 0,
    max_embedded_megabytes: _Embedded = 20,
    as_json: Json = False,
) -> None:
    """Write a page to look at a corpus: pictures, videos, sounds and texts in all languages.

    Groups are drawn evenly over splits and media. The page asks no server for anything; it filters by text,
    language, split and medium. A missing or damaged file has a note in its place.
    """
    from rich.console import Console

    from isoglot.report.gallery import check_target, read_corpus_to_show, write_gallery

    check_target(out)
    with Console(stderr=True).status(f"reading {corpus}") as status:
        found = read_corpus_to_show(corpus, languages=split_tags(languages))
        status.update("drawing the page")
        gallery = write_gallery(
            found,
            out,
            num_groups=groups,
            split=split,
            seed=seed,
            max_embedded_bytes=round(max_embedded_megabytes * _MEGABYTE),
        )
    _tell(gallery)
    if as_json:
        typer.echo(json.dumps({**asdict(gallery), "page": str(gallery.page)}, ensure_ascii=False))


def _tell(gallery: Gallery) -> None:
    kinds = {
        "groups": gallery.num_groups,
        "labelled pairs": gallery.num_pairs,
        "distractors": gallery.num_distractors,
        "media files": gallery.num_media,
    }
    counts = ", ".join(f"{num:,} {kind}" for kind, num in kinds.items() if num)
    typer.echo(f"{gallery.page}: {counts}", err=True)
    if gallery.problems:
        lines = [f"{len(gallery.problems):,} of {gallery.num_media:,} media files cannot be shown:"]
        lines += [f"  {problem}" for problem in gallery.problems[:_MAX_TOLD]]
        if len(gallery.problems) > _MAX_TOLD:
            lines.append(f"  ... and {len(gallery.problems) - _MAX_TOLD:,} more; they are on the page")
        typer.echo("\n".join(lines), err=True)
