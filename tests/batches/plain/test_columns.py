"""Columns that say what a row means: read, checked, and kept from the tokenizer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from datasets import Dataset

from isoglot.batches.plain.columns import (
    PairColumns,
    group_codes,
    hide_columns,
    language_codes,
    require_columns,
    value_codes,
)
from isoglot.errors import ConfigError, CorpusError


def test_values_are_coded_through_the_selection_of_a_data_set(pairs: Dataset) -> None:
    chosen = pairs.select([8, 0, 9])
    values, codes = value_codes(chosen, "group_id")
    assert [values[code] for code in codes] == ["g0", "g0", "g1"]


def test_languages_come_in_one_spelling() -> None:
    dataset = Dataset.from_dict({"language": ["EN", "deu_Latn", "en"]})
    tags, codes = language_codes(dataset, "language")
    assert [tags[code] for code in codes] == ["en", "de", "en"]


def test_all_that_are_no_languages_are_named() -> None:
    dataset = Dataset.from_dict({"language": ["en", "english!", "??"]})
    with pytest.raises(CorpusError, match=r"column 'language': 'english!' .*\ncolumn 'language': '\?\?'"):
        language_codes(dataset, "language")


def test_a_missing_value_is_refused_with_its_rows() -> None:
    dataset = Dataset.from_dict({"group_id": ["a", None, "b", None]})
    with pytest.raises(CorpusError, match="2 rows have no 'group_id', first row 1, 3"):
        group_codes(dataset, ("group_id",))


def test_missing_columns_are_all_named() -> None:
    dataset = Dataset.from_dict({"query": ["a"], "group_id": [1]})
    with pytest.raises(
        CorpusError, match="no column 'query_language', 'document_language', only 'query', 'gr"
    ):
        require_columns(dataset, PairColumns().names)


@pytest.mark.parametrize("groups", [(), "group_id"])
def test_groups_must_be_columns(groups: Any) -> None:
    with pytest.raises(ConfigError, match="groups must be one column or more, as a tuple, got"):
        PairColumns(groups=groups)


def test_equal_values_of_two_group_columns_differ() -> None:
    dataset = Dataset.from_dict({"query_group": [1, 2], "document_group": [1, 1]})
    codes = group_codes(dataset, ("query_group", "document_group"))
    assert codes.shape == (2, 2)
    assert np.intersect1d(codes[:, 0], codes[:, 1]).size == 0
    assert codes[0, 1] == codes[1, 1]


def test_hidden_columns_leave_the_others_in_their_order(pairs: Dataset) -> None:
    hide_columns(pairs, PairColumns().names)
    hide_columns(pairs, PairColumns().names)
    assert list(pairs[0]) == ["query", "document"]
    assert "group_id" in pairs.column_names
    assert value_codes(pairs, "group_id")[0][:2] == ["g0", "g1"]


def test_a_transform_and_a_choice_of_columns_are_kept() -> None:
    dataset = Dataset.from_dict({"a": ["x"], "b": ["y"], "group_id": [1]})
    dataset.set_transform(
        lambda batch: {name: [text.upper() for text in texts] for name, texts in batch.items()}
    )
    hide_columns(dataset, ("group_id",))
    assert dataset[0] == {"a": "X", "b": "Y"}
    dataset.set_format(None, columns=["b", "group_id"])
    hide_columns(dataset, ("group_id",))
    assert dataset[0] == {"b": "y"}


def test_columns_beside_the_formatted_ones_are_hidden_too() -> None:
    dataset = Dataset.from_dict({"a": ["x"], "score": [1.0], "group_id": [1]})
    dataset.set_format("numpy", columns=["score"], output_all_columns=True)
    hide_columns(dataset, ("group_id",))
    assert set(dataset[0]) == {"a", "score"}
