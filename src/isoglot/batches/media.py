"""Media in training: what a model takes for a file is made once, if it can be, and gathered for a batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from isoglot.batches.features import feature_table
from isoglot.batches.frames import frames_table
from isoglot.batches.pictures import picture_table
from isoglot.batches.waveforms import waveform_table
from isoglot.corpora.judgements import Rows
from isoglot.corpora.media_files import media_files
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import MediaError
from isoglot.media.checking import find_bad_media
from isoglot.media.opening import open_media

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from isoglot.batches.collation import Gather
    from isoglot.batches.subwords import Features


def media_gather(
    model: SentenceTransformer,
    side: Literal["query", "document"],
    modality: str,
    corpus: ParallelCorpus,
    rows: Rows,
) -> Gather:
    """What gathers the model input of media.

    Args:
        model: Encodes the medium.
        side: Whether these are rows of the queries or of the documents.
        modality: The medium.
        corpus: The corpus.
        rows: (n,) rows that will be asked for, all of this medium.

    Returns:
        Given some of the rows, their model input: what frozen modules say of them; or pixels of pictures and
        of frames, and spectrograms of sounds, that were made once, where the model takes all in one size;
        otherwise made anew for every batch.

    Raises:
        CorpusError: If files are missing; all at once.
        MediaError: If files cannot be read; all at once.
    """
    files = media_files(corpus, side, rows)
    num_rows = (corpus.queries if side == "query" else corpus.documents).num_rows
    try:
        table = _table(model, side, modality, files, rows, num_rows)
    except MediaError as error:  # found on the way; what else is bad is said as well
        bad = find_bad_media((file, modality) for file in files)
        raise MediaError(list(dict.fromkeys([*error.problems, *bad.values()]))) from error
    if table is not None:
        return table
    if bad := find_bad_media((file, modality) for file in files):
        raise MediaError(list(bad.values()))
    file_of = dict(zip(rows.tolist(), files, strict=True))

    def gather(chosen: Rows) -> Features:
        return _preprocess(model, side, modality, [file_of[row] for row in chosen.tolist()])

    return gather


def _table(
    model: SentenceTransformer,
    side: Literal["query", "document"],
    modality: str,
    files: Sequence[str],
    rows: Rows,
    num_rows: int,
) -> Gather | None:
    """What is made ready once for all batches; None if the model takes the medium in another form."""
    preprocess = partial(_preprocess, model, side, modality)
    if (frozen := feature_table(model, side, modality, files, preprocess, rows, num_rows)) is not None:
        return frozen
    if modality == "image":
        return picture_table(files, preprocess, rows, num_rows)
    if modality == "video":
        return frames_table(files, preprocess, rows, num_rows)
    if modality == "audio":
        return waveform_table(model, files, preprocess, rows, num_rows)
    return None


def _preprocess(
    model: SentenceTransformer, side: str, modality: str, contents: list[Any], **options: Any
) -> Features:
    prompt = model.prompts.get(side) or None
    inputs = [{modality: content} for content in open_media(modality, contents, model)]
    return dict(model.preprocess(inputs, prompt=prompt, task=side, **options))
