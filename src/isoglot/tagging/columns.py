"""What an item is scored against: tags, in one language or in all, as vectors of all that is said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoglot.retrieval.adapters import Adapter
from isoglot.retrieval.encode import Vectors, normalize
from isoglot.tagging.templates import Templates, tag_texts
from isoglot.tagging.vectors import embed_contents
from isoglot.tagging.vocabulary import EVERY_LANGUAGE, Vocabulary


@dataclass(frozen=True)
class Column:
    """One score that an item gets: of a tag, in one language or in all of them.

    Attributes:
        tag: Number of the tag in its vocabulary.
        language: The language asked for, or `EVERY_LANGUAGE`.
        texts: Of each language that has a part in the vector, what the encoder reads.
    """

    tag: int
    language: str
    texts: tuple[tuple[str, ...], ...]


def plan_columns(
    vocabulary: Vocabulary, languages: Sequence[str], templates: Templates, *, agree: bool
) -> list[Column]:
    """What is to be scored.

    Args:
        vocabulary: The tags.
        languages: The languages asked for, in canonical spelling.
        templates: What labels stand in.
        agree: Whether a tag has one vector out of all languages in which it has a label, so that neither
            scores nor decisions depend on the languages asked for; otherwise one for each of these, out of
            the label that `Tag.nearest` gives.

    Returns:
        The columns, those of a language one after another, in the order of the tags.
    """
    if agree:
        return [
            Column(
                number,
                EVERY_LANGUAGE,
                tuple(tuple(tag_texts(tag, language, templates)) for language in tag.labels),
            )
            for number, tag in enumerate(vocabulary.tags)
        ]
    return [
        Column(number, language, (tuple(tag_texts(tag, tag.nearest(language), templates)),))
        for language in languages
        for number, tag in enumerate(vocabulary.tags)
    ]


def embed_columns(
    adapter: Adapter, columns: Sequence[Column], *, batch_size: int | None = None, progress: bool = False
) -> Vectors:
    """Vectors of tags, on the side of documents.

    The texts of a language are averaged, and then the languages, each text and each language counting alike:
    where the model compares by cosine, everything that is averaged, and the average, has length 1.

    Args:
        adapter: The model.
        columns: What is to be scored.
        batch_size: Texts per batch; None chooses by the kind of model.
        progress: Whether to show a progress bar.

    Returns:
        (C, D) vectors.

    Raises:
        SearchError: If the model encodes no text, or gives vectors that are not finite.
    """
    texts = list(dict.fromkeys(text for column in columns for group in column.texts for text in group))
    place = {text: number for number, text in enumerate(texts)}
    vectors = embed_contents(
        adapter, "document", "text", texts, texts, batch_size=batch_size, progress=progress
    )
    groups = [group for column in columns for group in column.texts]
    of_groups = _means(vectors, [[place[text] for text in group] for group in groups], adapter)
    ends = np.cumsum([len(column.texts) for column in columns])
    parts = [list(range(end - len(column.texts), end)) for column, end in zip(columns, ends, strict=True)]
    return _means(of_groups, parts, adapter)


def _means(vectors: Vectors, parts: Sequence[Sequence[int]], adapter: Adapter) -> Vectors:
    """(n, D) mean of some rows each; of length 1 if that is how the model compares."""
    flat = np.array([row for part in parts for row in part], np.int64)
    counts = np.array([len(part) for part in parts])
    sums = np.add.reduceat(vectors[flat], np.concatenate([[0], np.cumsum(counts)[:-1]]), axis=0)
    means = np.asarray(sums / counts[:, None], np.float32)
    return normalize(means) if adapter.similarity == "cosine" else means
