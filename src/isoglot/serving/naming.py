"""Tagging with the model that serves: labels are encoded once, and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError
from isoglot.search.documents import StoredDocument
from isoglot.search.model import SearchModel
from isoglot.serving.asked import GivenTagLabels
from isoglot.tagging import Label, Tag, Tagged, Vocabulary, tag

_KEPT_LABELS = 20_000


class Tagger:
    """A search model in the form in which tagging takes one; for one thread at a time."""

    def __init__(self, model: SearchModel) -> None:
        """Wraps a model.

        Args:
            model: The model.
        """
        self.model = model
        self.similarity_fn_name = model.similarity
        self.modalities = model.modalities
        self._labels: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()

    def encode_query(self, inputs: Sequence[Any], **how: Any) -> npt.NDArray[np.float32]:
        """(n, D) vectors of items."""
        return self.model.embed_queries(inputs)

    def encode_document(self, inputs: Sequence[str], **how: Any) -> npt.NDArray[np.float32]:
        """(n, D) vectors of labels, as far as they are new."""
        new = [text for text in dict.fromkeys(inputs) if text not in self._labels]
        if new:
            vectors = self.model.embed_documents([StoredDocument(text, text=text) for text in new])
            self._labels.update(zip(new, vectors, strict=True))
        found = np.stack([self._labels[text] for text in inputs])
        while len(self._labels) > _KEPT_LABELS:
            self._labels.popitem(last=False)
        return found

    def tag(self, items: Sequence[Any], vocabulary: Vocabulary, languages: Sequence[str], top: int) -> Tagged:
        """Tags items.

        Args:
            items: Texts, and files or pictures under the name of their medium.
            vocabulary: What to choose from.
            languages: Languages to name tags in.
            top: Tags of each item and language.

        Returns:
            The items with their tags.

        Raises:
            IsoglotError: If an item, a language or the model is not what it should be.
        """
        return tag(self, items, vocabulary, languages=languages, top=top)  # type: ignore[arg-type]


def vocabulary_in(given: Sequence[GivenTagLabels]) -> Vocabulary:
    """The tags of a request.

    Args:
        given: The tags, one at least.

    Returns:
        The vocabulary.

    Raises:
        CorpusError: If a tag is there twice, a label is empty or a language unknown; all problems at once.
    """
    tags, problems = [], []
    for each in given:
        labels = {}
        for language, text in each.labels.items():
            try:
                labels[normalize_language(language)] = Label(text)
            except CorpusError as error:
                problems.append(f"tag {each.tag_id!r}: {error}")
        tags.append(Tag(each.tag_id, labels))
    if problems:
        raise CorpusError(problems)
    return Vocabulary("the request", tuple(tags))
