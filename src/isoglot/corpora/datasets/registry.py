"""The data sets that can be read by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isoglot.corpora.datasets.entry import Dataset
from isoglot.corpora.datasets.media_entries import MEDIA
from isoglot.corpora.datasets.parallel_entries import PARALLEL
from isoglot.corpora.datasets.question_entries import QUESTIONS
from isoglot.corpora.options import check_options, option_names
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError

_DATASETS = (*QUESTIONS, *PARALLEL, *MEDIA)
_BY_NAME = {dataset.name: dataset for dataset in _DATASETS}


def list_datasets() -> tuple[Dataset, ...]:
    """All data sets that can be read by name."""
    return _DATASETS


def find_dataset(name: str) -> Dataset:
    """A data set by name.

    Args:
        name: One of `list_datasets`.

    Returns:
        The data set.

    Raises:
        CorpusError: If there is none of that name; the nearest is named.
    """
    if name not in _BY_NAME:
        near = difflib.get_close_matches(name, _BY_NAME, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(_BY_NAME)}"
        raise CorpusError(f"no data set {name!r}; {hint}")
    return _BY_NAME[name]


def read_dataset(
    name: str,
    source: Path | str | None = None,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    skip_bad: bool = False,
    **options: Any,
) -> ParallelCorpus:
    """Reads a published data set.

    Args:
        name: One of `list_datasets`.
        source: Folder, archive or file with the data set as it was downloaded; None loads it from the Hugging
            Face hub.
        languages: Tags to keep; None keeps all.
        splits: Splits to keep; None keeps all. Where splits are files of their own, documents of the others
            are not read; elsewhere they stay, as all splits share one collection.
        skip_bad: Whether files may be missing in the folder of the media; the corpus then names them as
            `damaged`, for `isoglot.corpora.drop_bad_media`.
        **options: Those of its reader.

    Returns:
        The corpus.

    Raises:
        CorpusError: If there is no such data set, it is not on the hub, or its files are not as published;
            all problems at once.
        ConfigError: If the reader has no such option.
    """
    dataset = find_dataset(name)
    read, place = (dataset.read_hub, dataset.hub) if source is None else (dataset.read, Path(source))
    if read is None:
        raise CorpusError(f"{name!r} is not on the hub; download it from {dataset.url} and give its folder")
    check_options(name, read, options)
    asked = {key: value for key, value in (("languages", languages), ("splits", splits)) if value is not None}
    while_reading = {key: value for key, value in asked.items() if key in option_names(read)}
    corpus = read(place, dataset.info, **while_reading, **options)
    if corpus.damaged and not skip_bad:
        raise CorpusError(list(corpus.damaged.values()))
    afterwards = {key: value for key, value in asked.items() if key not in while_reading}
    return corpus.select(**afterwards) if afterwards else corpus
