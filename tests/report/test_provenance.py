"""What a report says of the training of the models that it shows."""

from dataclasses import replace

import pytest

from isoglot.evaluation.results import Result, Results
from isoglot.report.export import write_tables
from isoglot.report.html import render_html
from isoglot.report.provenance import provenance_block
from isoglot.training.provenance import Provenance


@pytest.fixture
def results() -> Results:
    import numpy as np

    provenance = Provenance.of_parts(("de", "pt-BR"), ["wiki <b>", "pictures"])
    for _ in range(3):
        provenance.count(0, "monolingual", np.array([[1, 1]] * 500))
    provenance.count(0, "cross_lingual", np.array([[0, 1], [1, 0]]))
    provenance.count(1, "cross_lingual", np.array([[0, -1]]))
    place = ("hybrid", "toy", "test", "multilingual", "*", "*", "text", "text", "AP", 0.5, 10)
    config = {"model": "hybrid", "training": {"provenance": provenance.to_dict()}}
    return Results(
        (Result(*place, low=0.4, high=0.6),), ({"model": "hybrid", "corpus": "toy", "split": "test"}, config)
    )


def test_corpora_and_languages(results: Results) -> None:
    block = provenance_block(results)
    (corpora,) = block.tables
    assert [[cell.text for cell in row] for row in corpora.rows] == [
        ["hybrid", "wiki <b>", "4", "75.0%", "1,502", "2"],
        ["hybrid", "pictures", "1", "0.0%", "1", "1"],
    ]
    (languages,) = block.folded
    assert languages.columns == ("Query language", "de", "none", "pt-BR")
    assert [[cell.text for cell in row] for row in languages.rows] == [
        ["de", "–", "1", "1"],
        ["pt-BR", "1", "–", "1,500"],
    ]


def test_the_page_and_the_files_have_it(results: Results, tmp_path) -> None:
    page = render_html(results)
    assert "What it was trained on" in page
    assert "wiki &lt;b&gt;" in page
    written = {path.name for path in write_tables(results, tmp_path)}
    assert {"training.csv", "training-pairs-1.md"} <= written


def test_what_training_left_out_is_told(results: Results, tmp_path) -> None:
    record = {"corpus": "photos", "num_queries": 0, "num_documents": 1_200, "problems": ["a", "b"]}
    training = results.config[1]["training"] | {"skipped_media": [record]}
    told = replace(results, config=(results.config[0], {"model": "hybrid", "training": training}))
    _, left_out = provenance_block(told).tables
    assert [[cell.text for cell in row] for row in left_out.rows] == [["hybrid", "photos", "0", "1,200", "2"]]
    assert "Left out of training" in render_html(told)
    assert "training-left-out.csv" in {path.name for path in write_tables(told, tmp_path)}


def test_a_model_without_a_record_has_none(results: Results) -> None:
    bare = replace(results, config=results.config[:1])
    assert not provenance_block(bare)
    assert "What it was trained on" not in render_html(bare)
