"""What the sentences of one language find when they look for their translations in another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from isoglot.corpora.judgements import Rows
from isoglot.evaluation.bitext.aligned_sentences import AlignedSentences, Bitext
from isoglot.evaluation.bitext.margins import Margin, Neighbours, Pairing, Pairs, best_by_margin, mine_pairs
from isoglot.evaluation.measures import Floats
from isoglot.evaluation.row_vectors import RowVectors
from isoglot.retrieval.thresholds import best_f1_threshold


@dataclass(frozen=True)
class Mining:
    """How pairs of sentences are scored and chosen.

    Attributes:
        margin: How a pair is scored.
        pairing: Which pairs are candidates.
        neighbours: How many nearest neighbours the margin looks at.
        oracle: Whether the threshold that is best on the measured sentences themselves is tried, too.
    """

    margin: Margin
    pairing: Pairing
    neighbours: int
    oracle: bool


@dataclass(frozen=True, eq=False)
class Mined:
    """Pairs taken from a threshold on.

    Attributes:
        query_rows: (n,) sentences of the language that looks.
        counts: (n, 3) of each, whether it is in a right pair, in any pair, and has a translation at all.
        threshold: The margin from which on pairs were taken.
    """

    query_rows: Rows
    counts: Floats
    threshold: float


@dataclass(frozen=True, eq=False)
class Translated:
    """What the sentences of one language found in another.

    Attributes:
        pair: The two languages.
        query_rows: (a,) the sentences with a translation.
        hits: (a, 2) whether the nearest candidate translates it, and whether the best by margin does.
        mined: Pairs from the threshold on that is best where it was calibrated; None if there was nothing to
            calibrate on.
        oracle: Pairs from the threshold on that is best for themselves; None if not asked for.
    """

    pair: tuple[str, str]
    query_rows: Rows
    hits: Floats
    mined: Mined | None
    oracle: Mined | None


@dataclass(frozen=True, eq=False)
class TranslationSearch:
    """Vectors of sentences, and how their neighbours are judged.

    Attributes:
        vectors: Of all sentences and candidates.
        mining: How pairs are scored and chosen.
    """

    vectors: RowVectors
    mining: Mining

    def measure(
        self, pair: tuple[str, str], test: AlignedSentences, dev: AlignedSentences | None
    ) -> Translated:
        """What the sentences of one language find in another.

        Args:
            pair: The language that looks, and the one that is searched.
            test: The sentences to measure.
            dev: Where the threshold is chosen; None mines with the oracle's threshold at most.

        Returns:
            Hits sentence by sentence, and pairs.
        """
        everything = test.between(*pair)
        aligned = everything.aligned()
        mined = oracle = None
        calibrating = None if dev is None else dev.between(*pair)
        threshold = self._best_threshold(calibrating) if calibrating and len(calibrating.pairs) else None
        if threshold is not None or self.mining.oracle:
            pairs = self._mine(everything)
            mined = None if threshold is None else _take(everything, pairs, threshold)
            if self.mining.oracle:
                oracle = _take(everything, pairs, _threshold(everything, pairs))
        return Translated(pair, aligned.query_rows, self._hits(aligned), mined, oracle)

    def _hits(self, bitext: Bitext) -> Floats:
        forward, backward = self._neighbours(bitext)
        nearest = forward.columns[:, 0].astype(np.int64)
        best = best_by_margin(forward, backward.means, self.mining.margin).columns
        return np.stack([bitext.are_translations(nearest), bitext.are_translations(best)], 1).astype(float)

    def _best_threshold(self, bitext: Bitext) -> float:
        return _threshold(bitext, self._mine(bitext))

    def _mine(self, bitext: Bitext) -> Pairs:
        return mine_pairs(*self._neighbours(bitext), self.mining.margin, self.mining.pairing)

    def _neighbours(self, bitext: Bitext) -> tuple[Neighbours, Neighbours]:
        """Of the sentences among the candidates, and the other way round; ties by id."""
        from isoglot.retrieval import lay_out, search

        queries = self.vectors.of_queries(bitext.query_rows)
        documents = self.vectors.of_documents(bitext.document_rows)
        corpus = self.vectors.corpus
        query_ids = corpus.queries["query_id"].take(pa.array(bitext.query_rows))
        doc_ids = corpus.documents["doc_id"].take(pa.array(bitext.document_rows))
        forward = search(queries, lay_out(documents, doc_ids), self.mining.neighbours)
        backward = search(documents, lay_out(queries, query_ids), self.mining.neighbours)
        return (
            Neighbours(forward.document_rows, forward.scores),
            Neighbours(backward.document_rows, backward.scores),
        )


def _threshold(bitext: Bitext, pairs: Pairs) -> float:
    paired = pairs.columns >= 0
    right = bitext.are_translations(pairs.columns)[paired]
    return best_f1_threshold(pairs.scores[paired], right, int(bitext.has_translation.sum()))[0]


def _take(bitext: Bitext, pairs: Pairs, threshold: float) -> Mined:
    taken = pairs.scores >= threshold
    right = taken & bitext.are_translations(pairs.columns)
    counts = np.stack([right, taken, bitext.has_translation], axis=1).astype(np.float64)
    return Mined(bitext.query_rows, counts, threshold)
