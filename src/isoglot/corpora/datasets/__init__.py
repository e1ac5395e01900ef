"""Readers of published data sets, each from the files as they are distributed."""

from isoglot.corpora.datasets.entry import Dataset, Task
from isoglot.corpora.datasets.registry import (
    find_dataset,
    list_datasets,
    read_dataset,
)

__all__ = ["Dataset", "Task", "find_dataset", "list_datasets", "read_dataset"]
