"""Searching: a query in any language or medium, a model, a store, and an answer that says why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError, SearchError
from isoglot.search.checking import MAX_LIMIT
from isoglot.search.detecting import guess_language
from isoglot.search.documents import StoredDocument, check_documents
from isoglot.search.filters import EVERYTHING, Condition, Filter
from isoglot.search.interface import Hit, Store, StoreInfo
from isoglot.search.model import Content, SearchModel
from isoglot.search.ranking import POLICIES, Policy, Ranked, rank_hits

_DIALS: dict[Policy, float] = {"any": 0.0, "mine-first": 1.0, "only": 0.0}


@dataclass(frozen=True)
class SearchSettings:
    """How to search.

    Attributes:
        limit: Documents wanted.
        where: What they must fulfil.
        policy: What the language of a document counts (`isoglot.search.ranking`).
        my_languages: The reader's languages, varieties included; if empty, and the policy asks for them, that
            of the query is guessed.
        dial: Of policy `prefer`: from 0, any language, to 1, my language first.
        hybrid: Whether words count beside meaning.
        depth: Candidates of each ranking that fusion and policies look at, at least; `limit` if that is more.
    """

    limit: int = 10
    where: Filter = EVERYTHING
    policy: Policy = "any"
    my_languages: tuple[str, ...] = ()
    dial: float = 0.5
    hybrid: bool = False
    depth: int = 100

    def check(self) -> SearchSettings:
        """The same with languages in canonical spelling.

        Returns:
            The settings.

        Raises:
            SearchError: If a value is out of its range or a language unknown; all problems at once.
        """
        problems = []
        if not 0 < self.limit <= MAX_LIMIT:
            problems.append(f"limit must be 1 to {MAX_LIMIT:,}, got {self.limit}")
        if not 0 < self.depth <= MAX_LIMIT:
            problems.append(f"depth must be 1 to {MAX_LIMIT:,}, got {self.depth}")
        if not 0 <= self.dial <= 1:
            problems.append(f"dial must be 0 to 1, got {self.dial}")
        if self.policy not in POLICIES:
            problems.append(f"policy must be one of {', '.join(POLICIES)}, got {self.policy!r}")
        languages = []
        for tag in self.my_languages:
            try:
                languages.append(normalize_language(tag))
            except CorpusError as error:
                problems.append(str(error))
        if problems:
            raise SearchError("\n".join(problems))
        return replace(self, my_languages=tuple(dict.fromkeys(languages)))


@dataclass(frozen=True)
class Answer:
    """What a search found.

    Attributes:
        results: The documents, the best first.
        model: The model's folder or name.
        fingerprint: What tells it from all others.
        index_version: Version of the store when it was asked.
        policy: The policy in force.
        dial: What the reader's languages counted, 0 to 1.
        my_languages: The reader's languages; empty if nobody asked for them.
        guessed: Whether these were guessed from the query.
    """

    results: tuple[Ranked, ...]
    model: str
    fingerprint: str
    index_version: int
    policy: Policy
    dial: float
    my_languages: tuple[str, ...]
    guessed: bool

    def record(self) -> dict[str, Any]:
        """The answer in JSON's types; of each document all but its digest."""
        return {
            "model": self.model,
            "fingerprint": self.fingerprint,
            "index_version": self.index_version,
            "policy": self.policy,
            "dial": self.dial,
            "my_languages": list(self.my_languages),
            "guessed": self.guessed,
            "results": [_record(each) for each in self.results],
        }


def _record(result: Ranked) -> dict[str, Any]:
    why = vars(result.why) | {"text": result.why.text()}
    return {"rank": result.rank, "score": result.score, **result.document.record(), "why": why}


class Searcher:
    """A model and a store that belong together."""

    def __init__(self, model: SearchModel, store: Store) -> None:
        """Joins them.

        Args:
            model: The model.
            store: The store.

        Raises:
            SearchError: If the store holds vectors of another model.
        """
        check_model(model, store.info)
        self.model = model
        self.store = store
        self._languages: tuple[int, tuple[str, ...]] = (-1, ())

    def search(self, query: Content, settings: SearchSettings | None = None) -> Answer:
        """Searches.

        Args:
            query: A text, or something of another medium under its name, such as `{"image": "dog.jpg"}`.
            settings: How; None for the usual.

        Returns:
            The answer.

        Raises:
            SearchError: If the query or a setting cannot be, or the store fails.
            MediaError: If a file cannot be read.
        """
        checked = (settings or SearchSettings()).check()
        text = query if isinstance(query, str) else query.get("text")
        return self.search_vector(self.model.embed_queries([query])[0], checked, text=text)

    def search_vector(
        self,
        vector: npt.NDArray[np.float32],
        settings: SearchSettings | None = None,
        *,
        text: str | None = None,
    ) -> Answer:
        """Searches with a vector that the model has made, such as one of a batch of queries.

        Args:
            vector: (D,) the query's vector.
            settings: How; None for the usual.
            text: The query, if it is a text: its words count in hybrid search, and its language is guessed
                from it.

        Returns:
            The answer.

        Raises:
            SearchError: If a setting cannot be, or the store fails.
        """
        how = (settings or SearchSettings()).check()
        info = self.store.info
        mine, guessed = self._my_languages(how, text, info.version)
        if how.policy == "only":
            how = replace(how, where=how.where & _readable(mine))
        dial = _DIALS.get(how.policy, how.dial)
        filters = [how.where]
        if dial > 0:  # what the reader can read must be there, however deep it lies
            filters.append(how.where & _readable(mine))
        depth = max(how.depth, how.limit) if dial > 0 or how.hybrid else how.limit
        dense = [hit for where in filters for hit in self.store.search(vector, depth, where)]
        lexical: list[Hit] | None = None
        if how.hybrid and text is not None:
            lexical = [hit for where in filters for hit in self.store.search_text(text, depth, where)]
        ranked = rank_hits(dense, lexical, how.limit, dial, lambda language: _reads(mine, language))
        return Answer(
            tuple(ranked),
            self.model.name,
            self.model.fingerprint,
            info.version,
            how.policy,
            dial,
            mine,
            guessed,
        )

    def _my_languages(
        self, settings: SearchSettings, text: str | None, version: int
    ) -> tuple[tuple[str, ...], bool]:
        """The reader's languages, and whether they were guessed, among those of the documents."""
        if settings.policy == "any" or settings.my_languages:
            return settings.my_languages, False
        if self._languages[0] != version:
            self._languages = version, tuple(self.store.tally("language"))
        guess = None if text is None else guess_language(text, self._languages[1])
        if guess is None:
            raise SearchError(f"policy {settings.policy!r} must know your language; name it")
        return (guess,), True

    def add(self, documents: Sequence[StoredDocument]) -> None:
        """Adds documents, and replaces those whose ids are there.

        Args:
            documents: Documents with distinct ids; of a text without a language, it is guessed.

        Raises:
            SearchError: If a document cannot be added; nothing is changed then.
            MediaError: If files cannot be read; all at once.
        """
        check_documents(documents, self.store.info.fields)
        named = with_languages(documents)
        self.store.add(named, self.model.embed_documents(named))


def check_model(model: SearchModel, info: StoreInfo) -> None:
    """Refuses a model that did not make a store's vectors.

    Args:
        model: The model.
        info: What the store says of itself.

    Raises:
        SearchError: If it is another one.
    """
    if model.fingerprint != info.fingerprint:
        raise SearchError(
            f"{info.uri}: holds vectors of the model {info.model} ({info.fingerprint[:8]}), and {model.name} "
            f"({model.fingerprint[:8]}) is another, or was changed since; take that model, or index into a "
            "new store"
        )


def with_languages(documents: Iterable[StoredDocument]) -> list[StoredDocument]:
    """Documents, those of text that name no language with one that is guessed.

    Args:
        documents: The documents.

    Returns:
        The same documents, in their order.

    Raises:
        SearchError: If a language is to be guessed, and the package for it is not installed.
    """
    return [
        replace(each, language=guess_language(each.words))
        if each.language is None and each.modality == "text"
        else each
        for each in documents
    ]


def _readable(languages: tuple[str, ...]) -> Filter:
    return Filter((Condition("language", "=", languages, or_missing=True),))


def _reads(languages: tuple[str, ...], language: str | None) -> bool:
    return language is None or any(language == tag or language.startswith(f"{tag}-") for tag in languages)
