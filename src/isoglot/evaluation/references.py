"""What the names of corpora, data sets and suites stand for, and where their files lie."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.datasets import Task, find_dataset, list_datasets
from isoglot.corpora.manifest import NAME as MANIFEST
from isoglot.corpora.options import option_names
from isoglot.corpora.reading import read_corpus
from isoglot.errors import CorpusError
from isoglot.evaluation.suites import BUILT_IN, Member, list_suites

if TYPE_CHECKING:
    from isoglot.corpora.parallel import ParallelCorpus

_ARCHIVE = re.compile(r"\.(zip|tgz|tar(\.(gz|xz|bz2))?)$")


@dataclass(frozen=True)
class CorpusReference:
    """A corpus to evaluate on, found but not read.

    Attributes:
        name: Name of the data set, or the path of a corpus folder.
        source: Where its published files lie; None for the hub, the built-in corpus or a corpus folder.
        task: What it is measured by; None where nobody said, as of a corpus folder.
        split: Which judged queries or labelled pairs; None where nobody said.
        measures: What is reported; empty where nobody said.
        options: Of the reader.
        unavailable: Why it cannot be read and what to do; None if nothing speaks against it.
    """

    name: str
    source: Path | None = None
    task: Task | None = None
    split: str | None = None
    measures: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    unavailable: str | None = None

    def read(
        self,
        *,
        languages: Iterable[str] | None = None,
        splits: Iterable[str] | None = None,
        skip_bad: bool = False,
    ) -> ParallelCorpus:
        """The corpus.

        Args:
            languages: Tags to keep; None keeps all.
            splits: Splits to keep; None keeps the one of the reference, or all if it names none.
            skip_bad: Whether media files may be missing or changed, as in `read_corpus`.

        Returns:
            The corpus.

        Raises:
            CorpusError: If it is unavailable, or its files are not as published.
            ConfigError: If its reader has no such option.
        """
        if self.unavailable is not None:
            raise CorpusError(self.unavailable)
        wanted = [self.split] if splits is None and self.split is not None else splits
        if self.name in BUILT_IN:
            corpus = _build(self.name, languages)
            return corpus if wanted is None else corpus.select(splits=wanted)
        return read_corpus(
            self.name,
            languages=languages,
            splits=wanted,
            source=self.source,
            skip_bad=skip_bad,
            **self.options,
        )


def _build(name: str, languages: Iterable[str] | None) -> ParallelCorpus:
    from isoglot.world import build_text_corpus, build_world_corpus

    if name == "world-text":
        return build_text_corpus(languages=languages)
    return build_world_corpus(languages=languages, modalities=["text"])


def resolve(name_or_path: str | Path, data_dir: Path | str | None = None) -> list[CorpusReference]:
    """What a name on the command line stands for.

    A corpus folder wins over a data set of the same name, and a data set over a suite.

    Args:
        name_or_path: A corpus folder, the name of a data set or of a suite, a built-in corpus: `world-text`
            (facts), or `world` (captions of scenes; for their pictures, videos and sounds build a folder).
        data_dir: Folder that holds one folder (or archive) for each data set, called by its name or by one of
            its other names; upper case and punctuation do not matter. None takes data sets from the hub.

    Returns:
        One reference, or one for each member of a suite in its order. What is not there is among them, with
        the reason; nothing is left out.

    Raises:
        CorpusError: If there is neither such a folder nor such a name (the nearest is named), or no folder
            `data_dir`.
    """
    folder = None if data_dir is None else Path(data_dir)
    if folder is not None and not folder.is_dir():
        raise CorpusError(f"{folder}: there is no such folder of data sets")
    name = str(name_or_path)
    if (Path(name) / MANIFEST).is_file():
        return [CorpusReference(name)]
    suites = {suite.name: suite for suite in list_suites()}
    known = [*BUILT_IN, *(dataset.name for dataset in list_datasets())]
    if name in known:
        return [_refer(Member(name, "", _task(name), ()), folder)]
    if name in suites:
        return [_refer(member, folder) for member in suites[name].members]
    near = difflib.get_close_matches(name, [*known, *suites], n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join([*suites, *known])}"
    raise CorpusError(f"{name}: there is no such corpus folder, data set or suite; {hint}")


def _task(name: str) -> Task:
    return "retrieval" if name in BUILT_IN else find_dataset(name).task


def _refer(member: Member, folder: Path | None) -> CorpusReference:
    source, unavailable = _locate(member, folder)
    return CorpusReference(
        member.dataset,
        source,
        member.task,
        member.split or None,
        member.measures,
        member.options,
        unavailable,
    )


def _locate(member: Member, folder: Path | None) -> tuple[Path | None, str | None]:
    """Where a data set lies, and why it cannot be read if it cannot."""
    name = member.dataset
    if name in BUILT_IN:
        return None, None
    dataset = find_dataset(name)
    if folder is None:
        if dataset.read_hub is not None and member.options.keys() <= option_names(dataset.read_hub):
            return None, None
        what = "" if dataset.read_hub is None else f" with {', '.join(sorted(member.options))}"
        return None, f"{name}: is not on the hub{what}; download it from {dataset.url} and name its folder"
    names = (dataset.name, *dataset.folders)
    spelled = [_spelling(each) for each in names]
    found = sorted(
        (spelled.index(_spelling(entry.name)), entry.name)
        for entry in folder.iterdir()
        if _spelling(entry.name) in spelled and (entry.is_dir() or _ARCHIVE.search(entry.name.lower()))
    )
    if found:
        return folder / found[0][1], None
    return None, f"{name}: {folder} holds no folder {' or '.join(names)}; download it from {dataset.url}"


def _spelling(name: str) -> str:
    """A folder's or archive's name without what people spell differently."""
    return re.sub(r"[^a-z0-9]", "", _ARCHIVE.sub("", name.lower()))
