"""A corpus read as a tagging task: its queries are items, its documents are tags in several languages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError
from isoglot.evaluation.measures import Integers
from isoglot.evaluation.placement import ALL
from isoglot.evaluation.tagging.multilabel import Labels


@dataclass(frozen=True, eq=False)
class TagNames:
    """What the tags are called in one language.

    Attributes:
        language: Its tag; `ALL` if the names have no language.
        document_rows: (t,) rows of the names.
        tags: (t,) numbers of the tags.
    """

    language: str
    document_rows: Rows
    tags: Integers


@dataclass(frozen=True, eq=False)
class Items:
    """Items in one language.

    Attributes:
        language: Its tag; `ALL` if the items have no language.
        query_rows: (n,) rows, ascending.
        labels: (n, T) which tags they have.
    """

    language: str
    query_rows: Rows
    labels: Labels


class TaggedItems:
    """Items and tags of a corpus.

    Attributes:
        names: Names of the tags, by language.
        num_tags: How many tags there are.
    """

    def __init__(self, corpus: ParallelCorpus) -> None:
        """Takes the groups of the documents for the tags.

        Args:
            corpus: The corpus.

        Raises:
            CorpusError: If a document has no group, a tag has two names in a language, there is but one tag,
                or only some items or names have a language; all problems at once.
        """
        self._corpus = corpus
        names, codes = corpus.document_languages
        problems = _problems(corpus)
        if problems:
            raise CorpusError([f"{corpus.name}: {problem}" for problem in problems])
        groups, self._tags = np.unique(corpus.document_groups, return_inverse=True)
        self.num_tags = len(groups)
        self.names: dict[str, TagNames] = {}
        for code in np.unique(codes):
            rows = np.flatnonzero(codes == code).astype(np.int32)
            language = _language(names, code)
            self.names[language] = TagNames(language, rows, self._tags[rows])

    def group_id(self, tag: int) -> str:
        """Group id of a tag."""
        row = int(np.flatnonzero(self._tags == tag)[0])
        return str(self._corpus.documents["group_id"][row].as_py())

    def items(self, split: str) -> dict[str, Items]:
        """The judged items of a split, by language; those without a tag included.

        Args:
            split: Name of the split.

        Returns:
            Language -> items.

        Raises:
            CorpusError: If there is no such split, or none of its items has a tag.
        """
        judged = self._corpus.judgements(split)
        counts = np.diff(judged.indptr)
        labels = np.zeros((len(judged), self.num_tags), bool)
        right = judged.grades > 0
        numbers = np.repeat(np.arange(len(judged)), counts)
        labels[numbers[right], self._tags[judged.document_rows[right]]] = True
        if not labels.any():
            raise CorpusError(f"no item in split {split!r} of {self._corpus.name!r} has a tag; judge some")
        names, codes = self._corpus.query_languages
        of_items = codes[judged.query_rows]
        return {
            language: Items(language, judged.query_rows[of_items == code], labels[of_items == code])
            for code in np.unique(of_items)
            for language in [_language(names, code)]
        }


def _language(names: tuple[str, ...], code: np.integer) -> str:
    """The tag of a code; `ALL` where there is none, or none to speak of, as in a picture."""
    return ALL if code < 0 or names[code] == NO_LANGUAGE else names[code]


def _problems(corpus: ParallelCorpus) -> list[str]:
    """Why a corpus is no tagging task."""
    groups, codes = corpus.document_groups, corpus.document_languages[1].astype(np.int64)
    problems = [
        f"document {_doc_id(corpus, row)!r} has no group; give all names of a tag, in any language, one"
        for row in np.flatnonzero(groups < 0)
    ]
    grouped = np.flatnonzero(groups >= 0)
    _, first, of_row = np.unique(
        np.stack([groups[grouped], codes[grouped]]), axis=1, return_index=True, return_inverse=True
    )
    for again in np.flatnonzero(first[of_row.ravel()] != np.arange(len(grouped))):
        row, before = grouped[again], grouped[first[of_row.ravel()[again]]]
        both = f"{_doc_id(corpus, before)!r} and {_doc_id(corpus, row)!r}"
        problems.append(f"documents {both} name one tag in one language; keep one")
    num_tags = len(np.unique(groups[grouped]))
    if not problems and num_tags < 2:
        problems.append(f"tagging needs two tags or more to choose from, got {num_tags}")
    for kind, of_kind in (("items", corpus.query_languages[1]), ("tags", codes)):
        if (of_kind < 0).any() and (of_kind >= 0).any():
            problems.append(f"some {kind} have a language and some have none; make them two corpora")
    return problems


def _doc_id(corpus: ParallelCorpus, row: npt.NDArray[np.integer] | np.integer) -> str:
    return str(corpus.documents["doc_id"][int(row)].as_py())
