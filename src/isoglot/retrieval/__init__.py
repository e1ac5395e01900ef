"""Exact search: embeddings in, ranks and runs out."""

from isoglot.retrieval.cache import num_cached_bytes, prune_cache
from isoglot.retrieval.encode import EmbeddedCorpus, Embeddings, embed, read_embeddings
from isoglot.retrieval.exact import count_above, scan, search
from isoglot.retrieval.layout import Collection, lay_out
from isoglot.retrieval.selection import TopDocuments
from isoglot.retrieval.targets import Wanted

__all__ = [
    "Collection",
    "EmbeddedCorpus",
    "Embeddings",
    "TopDocuments",
    "Wanted",
    "count_above",
    "embed",
    "lay_out",
    "num_cached_bytes",
    "prune_cache",
    "read_embeddings",
    "scan",
    "search",
]
