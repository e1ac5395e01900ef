"""Search: stores of documents in any language and medium, and a ranking that says why."""

from isoglot.search.documents import FieldKind, StoredDocument
from isoglot.search.filters import Condition, Filter
from isoglot.search.indexing import IndexReport, index
from isoglot.search.interface import Hit, Store, StoreInfo
from isoglot.search.model import SearchModel, load_search_model, load_store_model
from isoglot.search.ranking import POLICIES, Policy, Ranked, Why
from isoglot.search.searcher import Answer, Searcher, SearchSettings
from isoglot.search.stores import create_store, open_store, store_exists

__all__ = [
    "POLICIES",
    "Answer",
    "Condition",
    "FieldKind",
    "Filter",
    "Hit",
    "IndexReport",
    "Policy",
    "Ranked",
    "SearchModel",
    "SearchSettings",
    "Searcher",
    "Store",
    "StoreInfo",
    "StoredDocument",
    "Why",
    "create_store",
    "index",
    "load_search_model",
    "load_store_model",
    "open_store",
    "store_exists",
]
