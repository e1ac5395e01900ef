"""Mining hard negatives: what a model takes for answers and what, by group and by score, is none.

Where queries of many languages search one collection, the documents that a model ranks highest are in the
languages that it favours. Negatives mined from that ranking would be told from answers by their language, and
teach the very bias. So each document language is mined for itself, and a limit on a negative's score is set
by the answers in its own language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from isoglot.corpora.equivalents import Equivalents
from isoglot.corpora.judgements import Judgements, Rows
from isoglot.corpora.negatives import HardNegatives
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.retrieval.encode import Embeddings, embed
from isoglot.retrieval.exact import search
from isoglot.retrieval.layout import Collection, lay_out
from isoglot.retrieval.mined import Mined
from isoglot.retrieval.mining_rules import MiningRules
from isoglot.retrieval.targets import Wanted
from isoglot.retrieval.ties import tie_ranks

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SLAB_QUERIES = 4_096
"""Queries that are searched for together."""
_SLAB_CELLS = 2**23
"""Candidates of a slab, at most: a deep search takes fewer queries at a time."""
_PAIRS_AT_ONCE = 65_536
_SPARE = 8
"""Candidates beyond those that are wanted, as some will be too good to be wrong."""


@dataclass(frozen=True, eq=False)
class _Block:
    """Documents of one medium, and of one language unless all are searched together.

    Attributes:
        rows: (n,) their rows, ascending.
        queries: (q,) numbers of the queries that look for negatives there.
        answers: (q,) score of the answer of each that negatives are held against.
    """

    rows: Rows
    queries: Integers
    answers: Vectors


def mine_hard_negatives(
    model: SentenceTransformer | Embeddings,
    corpus: ParallelCorpus,
    split: str = "train",
    *,
    rules: MiningRules | None = None,
    batch_size: int | None = None,
    cache: bool | str | Path = False,
    progress: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Mined:
    """Hard negatives for the queries of a split, by exact search over all documents.

    Never a negative, whatever its score: a document that answers the query or its translation, in any split;
    what has the group of such a document or of the query; a document in a medium in which the query has no
    answer.

    Args:
        model: A model, or ready vectors by id.
        corpus: The corpus.
        split: Split of the queries.
        rules: How many negatives, how close to the answers, in which languages; None takes the defaults.
        batch_size: Texts per batch; None chooses by the kind of model.
        cache: Whether vectors are kept on disk and used again, as for `isoglot.retrieval.embed`.
        progress: Whether to show a progress bar while encoding.
        on_progress: Told how much of the search is done, and of how much.

    Returns:
        The negatives, for `isoglot.corpora.negatives.add_negatives`. Ties break by `doc_id`, as everywhere.

    Raises:
        ConfigError: If a rule is out of range, or leaves no negative.
        CorpusError: If there is no such split, or it has no query with an answer.
        SearchError: If vectors are missing or malformed.
    """
    rules = rules or MiningRules()
    if problems := rules.problems():
        raise ConfigError("\n".join(problems))
    answers = corpus.judgements(split).relevant()
    if not len(answers.document_rows):
        raise CorpusError(f"split {split!r} of {corpus.name!r} has no query with an answer; name another")
    everything = np.arange(corpus.documents.num_rows, dtype=np.int32)
    vectors = embed(
        model,
        corpus,
        answers.query_rows,
        everything,
        batch_size=batch_size,
        progress=progress,
        cache=cache,
        scale_documents=False,
    )
    collection = lay_out(
        vectors.document_embeddings, corpus.documents["doc_id"], similarity=vectors.similarity
    )
    mining = _Mining(corpus, answers, vectors.query_embeddings, collection, rules, Equivalents.of(corpus))
    blocks = list(mining.blocks())
    total = sum(len(block.queries) for block in blocks)
    found: list[_Found] = []
    done = 0
    for block in blocks:
        for part in mining.mine(block):
            found.append(part)
            done += part.num_finished
            if on_progress is not None:
                on_progress(done, total)
    if not any(len(part.rows) for part in found):
        raise ConfigError(
            f"no document is a negative for split {split!r} of {corpus.name!r}: none is as far below the "
            "answers as the rules say, or in such a language; lower the margins, or take another model"
        )
    return _collect(corpus, split, answers, found)


@dataclass(frozen=True, eq=False)
class _Found:
    """Negatives as parallel arrays, and with how many queries that ends.

    Attributes:
        queries: (e,) numbers of queries.
        rows: (e,) document rows.
        scores: (e,) scores.
        margins: (e,) how far below the answer.
        num_finished: Queries that need no further search.
    """

    queries: Integers
    rows: Rows
    scores: Vectors
    margins: Vectors
    num_finished: int


@dataclass(frozen=True, eq=False)
class _Mining:
    """One search for negatives.

    Attributes:
        corpus: The corpus.
        answers: Relevant documents of the queries, which are known by their number among them.
        query_embeddings: (Q, D).
        collection: All documents.
        rules: Which are negatives.
        equivalents: Which are not.
    """

    corpus: ParallelCorpus
    answers: Judgements
    query_embeddings: Vectors
    collection: Collection
    rules: MiningRules
    equivalents: Equivalents

    def blocks(self) -> Iterator[_Block]:
        """The documents by medium and language, with the queries that look there."""
        asked, spoken = self.corpus.query_languages
        names, languages = self.corpus.document_languages
        _, media = self.corpus.document_modalities
        scores = self._answer_scores()
        owners = np.repeat(np.arange(len(self.answers)), np.diff(self.answers.indptr))
        answer_rows = self.answers.document_rows
        together = self.rules.languages == "any"
        codes = np.zeros_like(languages) if together else languages
        keys = media.astype(np.int32) << 16 | (codes.astype(np.int32) + 1)
        for key in np.unique(keys).tolist():
            medium, code = key >> 16, (key & 0xFFFF) - 1
            rows = np.flatnonzero((media == medium) & (codes == code)).astype(np.int32)
            in_medium = media[answer_rows] == medium
            queries = np.unique(owners[in_medium])
            if not together and code >= 0:
                own = np.isin(spoken, [at for at, name in enumerate(asked) if name == names[code]])
                queries = queries[self._looks_in(own[self.answers.query_rows[queries]])]
            here = in_medium & (codes[answer_rows] == code)
            in_block = self._reference(owners[here], scores[here])[queries]
            anywhere = self._reference(owners[in_medium], scores[in_medium])[queries]
            yield _Block(rows, queries, np.where(np.isnan(in_block), anywhere, in_block))

    def _looks_in(self, own: Mask) -> Mask:
        """Which queries look in a language, from whether it is their own."""
        if self.rules.languages == "own":
            return own
        return ~own if self.rules.languages == "other" else np.ones_like(own)

    def _reference(self, owners: Integers, scores: Vectors) -> Vectors:
        """(Q,) score of the answer that counts among some answers; NaN for a query without."""
        choose, worst = (np.minimum, np.inf) if self.rules.answer == "lowest" else (np.maximum, -np.inf)
        reference = np.full(len(self.answers), worst, np.float32)
        choose.at(reference, owners, scores)
        return np.where(np.isinf(reference), np.float32(np.nan), reference)

    def _answer_scores(self) -> Vectors:
        """(J,) score of every relevant document."""
        owners = np.repeat(np.arange(len(self.answers)), np.diff(self.answers.indptr))
        scores = np.empty(len(owners), np.float32)
        for start in range(0, len(owners), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            documents = self.collection.vectors(self.answers.document_rows[part])
            scores[part] = np.einsum("pd,pd->p", self.query_embeddings[owners[part]], documents)
        return scores

    def mine(self, block: _Block) -> Iterator[_Found]:
        """The negatives in a block, slab by slab of queries.

        Those whose best candidates are too good are searched for again, four times as deep.
        """
        ids = self.corpus.documents["doc_id"].take(pa.array(block.rows))
        documents = lay_out(self.collection.vectors(block.rows), ids)
        depth = min(self.rules.skip_top + 2 * self.rules.num_negatives + _SPARE, len(block.rows))
        left = np.arange(len(block.queries))
        while len(left):
            missing = []
            size = max(1, min(_SLAB_QUERIES, _SLAB_CELLS // depth))
            for start in range(0, len(left), size):
                chosen = left[start : start + size]
                part, short = self._mine_slab(block, documents, chosen, depth)
                missing.append(chosen[short])
                yield part
            left = np.concatenate(missing)
            depth = min(4 * depth, len(block.rows))

    def _mine_slab(
        self, block: _Block, documents: Collection, chosen: Integers, depth: int
    ) -> tuple[_Found, Mask]:
        """Negatives of some queries of a block, and which of these must be searched for deeper."""
        queries = block.queries[chosen]
        top = search(
            self.query_embeddings[queries], documents, depth, excluded=self._excluded(block, queries)
        )
        answers = block.answers[chosen]
        fits = (top.document_rows >= 0) & (top.scores <= self.rules.limits(answers)[:, None])
        fits[:, : self.rules.skip_top] = False
        fits &= np.cumsum(fits, axis=1) <= self.rules.num_negatives
        exhausted = (top.document_rows[:, -1] < 0) | (depth == len(block.rows))
        short = (fits.sum(axis=1) < self.rules.num_negatives) & ~exhausted
        at, places = np.nonzero(fits & ~short[:, None])
        scores = top.scores[at, places]
        found = _Found(
            queries[at],
            block.rows[top.document_rows[at, places]],
            scores,
            answers[at] - scores,
            int((~short).sum()),
        )
        return found, short

    def _excluded(self, block: _Block, queries: Integers) -> Wanted:
        """The documents of a block that are no negatives of the queries, by their place in it."""
        groups = self.corpus.query_groups[self.answers.query_rows[queries]]
        indptr, rows = self.equivalents.rows_for(groups)
        places = np.minimum(np.searchsorted(block.rows, rows), len(block.rows) - 1)
        inside = block.rows[places] == rows
        kept_before = np.concatenate([[0], np.cumsum(inside)])
        return Wanted(kept_before[indptr].astype(np.int64), places[inside].astype(np.int32))


def _collect(corpus: ParallelCorpus, split: str, answers: Judgements, found: list[_Found]) -> Mined:
    """What was found in all blocks, by query and then by descending score."""
    queries = np.concatenate([part.queries for part in found])
    rows = np.concatenate([part.rows for part in found])
    scores = np.concatenate([part.scores for part in found])
    margins = np.concatenate([part.margins for part in found])
    ties = tie_ranks(corpus.documents["doc_id"])
    order = np.lexsort((ties[rows], -scores, queries))
    negatives = HardNegatives.from_pairs(
        corpus.queries.num_rows, answers.query_rows[queries[order]], rows[order], scores[order]
    )
    answered = answers.query_rows[np.diff(answers.indptr) > 0]
    return Mined(split, negatives, margins[order], answered)
