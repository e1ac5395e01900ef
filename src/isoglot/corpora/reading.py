"""Reading a corpus, wherever it is: a folder, or a published data set by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.datasets.registry import find_dataset, read_dataset
from isoglot.corpora.folder import read_folder
from isoglot.errors import CorpusError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from isoglot.corpora.parallel import ParallelCorpus


def read_corpus(
    path_or_name: Path | str,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    source: Path | str | None = None,
    skip_bad: bool = False,
    **options: Any,
) -> ParallelCorpus:
    """Reads a corpus folder, or a published data set by name.

    A folder wins over a data set of the same name.

    Args:
        path_or_name: A corpus folder, or a name that `isoglot data list` shows.
        languages: Tags to keep; None keeps all.
        splits: Splits to keep; None keeps all. Of a folder, the documents of all splits stay, as one
            collection; of a data set, see `read_dataset`.
        source: For a name, the data set as it was downloaded; None loads it from the Hugging Face hub.
        skip_bad: Whether media files may be missing or, of a corpus folder, changed; for
            `isoglot.corpora.drop_bad_media`, which then leaves their rows out.
        **options: For a name, options of its reader; for a folder, those of `read_folder`.

    Returns:
        The corpus.

    Raises:
        CorpusError: If there is neither such a folder nor such a data set, or it is not as it should be.
        ConfigError: If there is no such option.
    """
    folder = Path(path_or_name)
    if source is None and folder.is_dir():
        return read_folder(folder, languages=languages, splits=splits, skip_bad=skip_bad, **options)
    name = str(path_or_name)
    try:
        find_dataset(name)
    except CorpusError as error:
        raise CorpusError(f"{name}: there is no such corpus folder, and {error}") from None
    return read_dataset(name, source, languages=languages, splits=splits, skip_bad=skip_bad, **options)
