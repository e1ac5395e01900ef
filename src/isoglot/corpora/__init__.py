"""Corpora: from files in any published layout to `ParallelCorpus`, and back to a corpus folder."""

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.checking import CheckReport, check_corpus
from isoglot.corpora.datasets import Dataset, list_datasets, read_dataset
from isoglot.corpora.folder import read_folder, write_corpus
from isoglot.corpora.joining import concatenate
from isoglot.corpora.judgements import Judgements, Split
from isoglot.corpora.languages import match_languages, normalize_language
from isoglot.corpora.media_files import SkippedMedia, drop_bad_media
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.corpora.reading import read_corpus

__all__ = [
    "CheckReport",
    "CorpusBuilder",
    "CorpusInfo",
    "Dataset",
    "Judgements",
    "ParallelCorpus",
    "SkippedMedia",
    "Split",
    "check_corpus",
    "concatenate",
    "drop_bad_media",
    "list_datasets",
    "match_languages",
    "normalize_language",
    "read_corpus",
    "read_dataset",
    "read_folder",
    "write_corpus",
]
