"""Reading a corpus to look at it, also where a medium is missing or damaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from isoglot.corpora.manifest import read_manifest, verify
from isoglot.corpora.mapped import open_mapped
from isoglot.corpora.reading import read_corpus
from isoglot.corpora.tables import TABLES
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

MEDIA = "media"
"""Folder of the media below the corpus folder, as the keys of its checksums begin."""


def read_corpus_to_show(
    path_or_name: Path | str, *, languages: Iterable[str] | None = None
) -> ParallelCorpus:
    """Reads a corpus like `isoglot.corpora.read_corpus`, but leaves the media of a folder unread.

    Everything else is verified. Of a corpus with many media, those that are shown are looked at later, one
    by one.

    Args:
        path_or_name: A corpus folder, or a name that `isoglot data list` shows.
        languages: Tags to keep; None keeps all.

    Returns:
        The corpus.

    Raises:
        CorpusError: If there is no such corpus, or its tables, judgements or pairs are not as they should be.
    """
    folder = Path(path_or_name)
    if not folder.is_dir():
        return read_corpus(path_or_name, languages=languages)
    manifest = read_manifest(folder)
    listed = {name: digest for name, digest in manifest.checksums.items() if not name.startswith(f"{MEDIA}/")}
    problems = list(verify(folder, listed).values())
    problems += [
        f"{folder / name}:1: is missing; write the corpus again"
        for name in TABLES
        if name not in listed and not (folder / name).is_file()
    ]
    if problems:
        raise CorpusError(problems)
    corpus = replace(open_mapped(folder, manifest), media_root=str(folder / MEDIA))
    return corpus if languages is None else corpus.select(languages)
