"""What MTEB calls things: tasks, revisions, scores and languages."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

from isoglot.evaluation.measures import is_measure
from isoglot.evaluation.placement import ALL

MAIN_SCORE = "ndcg_at_10"
_SETTINGS = {"monolingual": "Monolingual", "cross_lingual": "CrossLingual", "multilingual": "Pooled"}
_FAMILIES = {
    "AP": "map",
    "nDCG": "ndcg",
    "RR": "mrr",
    "R": "recall",
    "P": "precision",
    "success": "hit_rate",
    "Rprec": "r_precision",
}


def task_name(corpus: str, setting: str, query_modality: str, document_modality: str) -> str:
    """The name of the task of a corpus in one setting, such as `XquadRPooledRetrieval`.

    Args:
        corpus: Name of the corpus.
        setting: `monolingual`, `cross_lingual` or `multilingual`, which MTEB's users call pooled.
        query_modality: Medium of the queries; `*` for several.
        document_modality: Medium of the documents; `*` for several.

    Returns:
        Letters and digits; with the direction, such as `T2I`, unless it is from text to text.
    """
    words = re.findall(r"[^\W_]+", corpus)
    name = "".join(word[0].upper() + word[1:] for word in words)
    letters = [
        "Any" if medium == ALL else medium[0].upper() for medium in (query_modality, document_modality)
    ]
    direction = "" if letters == ["T", "T"] else "2".join(letters)
    return f"{name}{_SETTINGS.get(setting, setting.title().replace('_', ''))}{direction}Retrieval"


def subset_name(query_language: str, document_language: str) -> str:
    """The name of a subset: a language, or the query's and the document's.

    Args:
        query_language: Tag.
        document_language: Tag, or `*` for a pooled collection.

    Returns:
        `de` for one language or a pooled collection, `de-en` for two.
    """
    one = document_language in (ALL, query_language)
    return query_language if one else f"{query_language}-{document_language}"


def revision(version: str, checksums: Mapping[str, str]) -> str:
    """The revision of a corpus: a digest of its files, or its version if it was not read from files."""
    if not checksums:
        return version
    return hashlib.sha256(json.dumps(dict(checksums), sort_keys=True).encode()).hexdigest()[:40]


def score_name(measure: str) -> str:
    """What MTEB calls a measure: `ndcg_at_10` for `nDCG@10`; without a cut-off, `map` for `AP`."""
    family, _, cutoff = measure.partition("@")
    name = _FAMILIES[family] if is_measure(measure) else family
    return f"{name}_at_{cutoff}" if cutoff else name
