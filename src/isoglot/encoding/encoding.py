"""Encoding a corpus, files or texts into a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoding.encoder import FastEncoder, fast_encoder
from isoglot.encoding.encodings import Encodings
from isoglot.encoding.inputs import Inputs, Side, check_side, corpus_inputs, text_inputs
from isoglot.encoding.job import EncodingJob, EncodingSettings, OnProgress
from isoglot.encoding.reading import read_inputs

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Source = ParallelCorpus | Path | str | Sequence[str] | Sequence[Path]


def encode(
    model: SentenceTransformer | FastEncoder | str | Path,
    source: Source,
    *,
    out: str | Path,
    side: str = "documents",
    ids: Sequence[str] | None = None,
    languages: Iterable[str] | None = None,
    settings: EncodingSettings | None = None,
    on_progress: OnProgress | None = None,
) -> Encodings:
    """Vectors of a corpus, of files or of texts, in a folder.

    Texts are sorted by length within a shard, and batches hold a number of tokens. A job that was stopped at
    any point goes on with the first shard that is missing, and ends with the same bytes; the same job once
    more does nothing.

    Args:
        model: A sentence-transformers model, or one that follows MTEB's `EncoderProtocol`; its path or name;
            or an encoder that is ready, whose precision and budget then hold.
        source: A corpus, or the path or name of one; paths (`pathlib.Path`) of tables, files and folders; or
            texts, none of which is taken for a path.
        out: The folder; vectors lie in its folder `documents` or `queries`.
        side: documents or queries: the side that is taken of a corpus, and whose prompts apply.
        ids: Of texts in memory, their ids; None numbers them from 0.
        languages: Tags to keep, varieties included; what has no language stays. None keeps all.
        settings: How to encode; None takes the defaults.
        on_progress: Told how many inputs are done, and how many there are.

    Returns:
        The encodings.

    Raises:
        ConfigError: If a setting cannot be.
        CheckpointError: If the model cannot be loaded.
        CorpusError: If what is to be encoded is not as it should be.
        SearchError: If the folder holds something else, cannot be written, or a vector is not finite.
    """
    how, wanted = settings or EncodingSettings(), check_side(side)
    how.check()
    encoder = model if isinstance(model, FastEncoder) else build_encoder(model, how)
    inputs = _resolve(source, wanted, encoder, ids, languages)
    return EncodingJob(encoder, inputs, how).run(Path(out), on_progress)


def build_encoder(model: SentenceTransformer | str | Path, settings: EncodingSettings) -> FastEncoder:
    """What encodes with a model as settings say; for several calls of `encode`.

    Args:
        model: A model, or its path or name.
        settings: The settings.

    Returns:
        The encoder.

    Raises:
        ConfigError: If a setting cannot be.
        CheckpointError: If the model cannot be loaded.
        SearchError: If it is no model to search with.
    """
    return fast_encoder(
        model,
        precision=settings.precision,
        batch_tokens=settings.batch_tokens,
        backend=settings.backend,
    )


def _resolve(
    source: Source,
    side: Side,
    encoder: FastEncoder,
    ids: Sequence[str] | None,
    languages: Iterable[str] | None,
) -> Inputs:
    """The inputs that a source stands for."""
    if isinstance(source, ParallelCorpus):
        return corpus_inputs(source, side, languages=languages)
    given: list[Any] = [source] if isinstance(source, str | Path) else list(source)
    if isinstance(source, str) or (given and all(isinstance(each, Path) for each in given)):
        return read_inputs(given, side, modalities=encoder.adapter.modalities, languages=languages)
    return text_inputs(given, side, ids=ids)
