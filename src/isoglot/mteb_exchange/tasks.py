"""Corpora as tasks of MTEB's own classes, pooled multilingual collections among them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError
from isoglot.evaluation.placement import Setting
from isoglot.mteb_exchange.known import KNOWN
from isoglot.mteb_exchange.naming import MAIN_SCORE, revision, task_name
from isoglot.mteb_exchange.subsets import Direction, Subset, direction_of, subsets_of
from isoglot.retrieval.mteb_encoder import language_script, require_mteb

if TYPE_CHECKING:
    from mteb.abstasks import AbsTaskRetrieval

DEPTH = 1_000
"""Documents of each query that MTEB ranks, by its own choice."""


def build_task(
    corpus: ParallelCorpus,
    setting: Setting = "multilingual",
    *,
    split: str = "test",
    query_modality: str | None = None,
    document_modality: str | None = None,
    depth: int = DEPTH,
    **described: Any,
) -> AbsTaskRetrieval:
    """A corpus as a retrieval task that `mteb.evaluate` runs, without a network.

    In the setting `multilingual` all documents are in one pooled collection, and each language of the query
    is a subset; `cross_lingual` has a subset for each ordered pair of languages, `monolingual` for each
    language. For the same vectors MTEB's scores are those of `isoglot.evaluate`, rounded by MTEB to five
    digits. MTEB ranks `depth` documents and cuts MAP there: with the size of the collection as depth,
    `map_at_<depth>` is AP.

    Scores of a pooled subset have language bias beside them: `rank_distance`, `worst_rank` and, to compare
    with, `random_rank_distance`. If not all of the collection was ranked, what is missing counts as if it
    came next, and the first two are called `rank_distance_at_<depth>` and `worst_rank_at_<depth>`: they are
    lower bounds.

    MTEB encodes the collection once for each subset; wrap a slow model in its `CachedEmbeddingWrapper`.

    Args:
        corpus: The corpus.
        setting: What is searched with what.
        split: Which judged queries.
        query_modality: Medium of the queries; None if the corpus has but one.
        document_modality: Medium of the documents; None if the corpus has but one.
        depth: Documents of each query that are ranked, at least 10.
        **described: Fields of MTEB's `TaskMetadata` that are to say something else, such as `date`.

    Returns:
        The task.

    Raises:
        ConfigError: If the corpus has no such part, an argument is out of range, or a field is not accepted.
        CorpusError: If there is no such split.
        SearchError: If mteb is not installed, or a language has no code.
    """
    if depth < 10:
        raise ConfigError(f"depth must be >= 10, as the main score is nDCG@10, got {depth}")
    require_mteb()
    from isoglot.mteb_exchange.parallel_retrieval import build_parallel_retrieval

    direction = direction_of(corpus, split, query_modality, document_modality)
    subsets = subsets_of(direction, setting)
    fields = _describe(direction, setting, split, subsets) | dict(KNOWN.get(corpus.name, {})) | described
    try:
        return build_parallel_retrieval(
            fields, direction, subsets, split, depth, pooled=setting == "multilingual"
        )
    except ValueError as error:
        raise ConfigError(f"MTEB does not accept the description of {corpus.name!r}: {error}") from error


def _describe(direction: Direction, setting: str, split: str, subsets: list[Subset]) -> dict[str, Any]:
    """Fields of `TaskMetadata`, as far as a corpus says them itself."""
    info = direction.corpus.info
    query_modality, document_modality = direction.query_modality, direction.document_modality
    media = list(dict.fromkeys((query_modality, document_modality)))
    text_only = media == ["text"]
    reference = re.search(r"https?://[^\s),;]+", info.citation)
    paper = re.search(r"(?<!\d)\d{4}\.\d{4,5}(?!\d)", info.citation)
    return {
        "name": task_name(info.name, setting, query_modality, document_modality),
        "description": f"{info.description or info.name} Setting: {setting}.",
        "reference": f"https://arxiv.org/abs/{paper[0]}" if paper else reference and reference[0],
        "dataset": {
            "path": f"isoglot/{info.name}",
            "revision": revision(info.version, direction.corpus.checksums),
        },
        "type": "Retrieval" if text_only else "Any2AnyMultilingualRetrieval",
        "category": f"{query_modality[0]}2{document_modality[0]}",
        "modalities": media,
        "eval_splits": [split],
        "eval_langs": {part.name: [language_script(tag) for tag in part.tags] for part in subsets},
        "main_score": MAIN_SCORE,
        "license": _licence(info.licence),
        "dialect": [],
        "bibtex_citation": info.citation if info.citation.lstrip().startswith("@") else "",
    }


def _licence(text: str) -> str:
    """The licence in MTEB's spelling; `not specified` where it has none for it."""
    from mteb.types import Licenses

    spelled = text.strip().lower().replace(" ", "-")
    known = {name for part in get_args(Licenses) for name in get_args(part) or (part,)}
    return spelled if spelled in known else "not specified"
