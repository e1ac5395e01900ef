"""Readers of published data sets, each from the files as they are distributed."""

from isoglot.corpora.datasets.registry import (
    Dataset,
    find_dataset,
    list_datasets,
    read_dataset,
)

__all__ = ["Dataset", "find_dataset", "list_datasets", "read_dataset"]
