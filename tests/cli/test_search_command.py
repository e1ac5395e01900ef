from __future__ import annotations

import json
import shutil

import pytest

from isoglot.cli import main
from isoglot.search import index


@pytest.fixture(scope="module")
def store(folders, tmp_path_factory):
    """A store of the toy corpus, with the group of each document as a field."""
    folder = tmp_path_factory.mktemp("search") / "store"
    index(folders / "model", [folders / "toy"], folder, fields={"group_id": None})
    return str(folder)


def asked(capsys, *command) -> dict:
    assert main(["search", *command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_results_come_with_language_score_and_reason(store, toy_corpus, capsys):
    query = toy_corpus.document(0).text
    answer = asked(capsys, store, query, "--limit", "3")
    first = answer["results"][0]
    assert (first["doc_id"], first["language"], first["rank"]) == (toy_corpus.document(0).doc_id, "en", 1)
    assert first["score"] == pytest.approx(1, abs=1e-3)
    assert first["why"]["dense_rank"] == 1
    assert len(answer["results"]) == 3
    assert main(["search", store, query, "--limit", "3"]) == 0
    lines = capsys.readouterr().out
    assert f"  1  [en]  {query}" in lines
    assert "1st by meaning (1.000)" in lines


def test_filters_policies_and_words_are_heard(store, capsys):
    answer = asked(
        capsys, store, "de1 de2 de3", "--language", "de,th", "--where", "group_id>=g5", "--limit", "50"
    )
    assert {each["language"] for each in answer["results"]} == {"de", "th"}
    assert all(each["fields"]["group_id"] >= "g5" for each in answer["results"])
    answer = asked(
        capsys, store, "en1 en2", "--policy", "mine-first", "--my-language", "th", "--hybrid", "--limit", "5"
    )
    assert {each["language"] for each in answer["results"]} == {"th"}
    assert (answer["policy"], answer["dial"], answer["my_languages"]) == ("mine-first", 1.0, ["th"])
    answer = asked(
        capsys, store, "en1 en2", "--hybrid", "--limit", "20", "--modality", "text", "--source", "toy"
    )
    assert any(each["why"]["lexical_rank"] for each in answer["results"])
    assert asked(capsys, store, "en1", "--source", "web")["results"] == []


def test_a_guessed_language_is_said(store, capsys):
    assert main(["search", store, "der Hund und die Katze", "--policy", "only", "--limit", "1"]) == 0
    told = capsys.readouterr()
    assert "your language: de (guessed from the query)" in told.err
    assert "[de]" in told.out


def test_nothing_found_is_said(store, capsys):
    assert main(["search", store, "x", "--where", "group_id=nobody"]) == 0
    assert capsys.readouterr().out == "nothing found\n"


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        (["x", "--limit", "0"], "limit must be 1 to 10,000, got 0"),
        (["x", "--policy", "mine"], "policy must be one of any, prefer, mine-first, only"),
        (["x", "--dial", "2"], "dial must be 0 to 1, got 2"),
        (["x", "--where", "group=3"], "did you mean 'group_id'?"),
        (["x", "--where", "group_id"], "a condition must read field=value"),
        (["x", "--modality", "smell"], "modality must be one of"),
        ([" "], "the query is empty"),
        ([], "give a QUERY or --image"),
        (["x", "--image", "y.png"], "give a QUERY or --image"),
        (["--image", "y.png"], "the model encodes text"),
    ],
)
def test_bad_input_is_refused(store, capsys, command, rule):
    assert main(["search", store, *command]) == 2
    assert rule in capsys.readouterr().err


def test_a_model_that_moved_can_be_named(folders, tmp_path, capsys):
    shutil.copytree(folders / "model", tmp_path / "model")
    index(tmp_path / "model", [folders / "toy"], tmp_path / "store")
    (tmp_path / "model").rename(tmp_path / "moved")
    store = str(tmp_path / "store")
    assert main(["search", store, "en1"]) == 2
    said = capsys.readouterr().err
    assert f"put it back to {tmp_path / 'model'}, or say where it is now" in said
    assert asked(capsys, store, "en1", "--model", str(tmp_path / "moved"))["results"]


def test_a_store_that_is_not_there_is_an_error(tmp_path, capsys):
    assert main(["search", str(tmp_path / "nothing"), "x"]) == 2
    assert "there is no store; make one with isoglot index" in capsys.readouterr().err


def broken(folders, tmp_path, damage) -> tuple[str, str]:
    """The addresses of a model and of a store of it, one of the two damaged."""
    shutil.copytree(folders / "model", tmp_path / "model")
    index(tmp_path / "model", [folders / "toy"], tmp_path / "store")
    if damage == "another model":
        shutil.copytree(folders / "model", tmp_path / "model", dirs_exist_ok=True)
        settings = tmp_path / "model" / "config_sentence_transformers.json"
        record = json.loads(settings.read_text("utf-8"))
        settings.write_text(json.dumps(record | {"prompts": {"query": "ask: ", "document": ""}}), "utf-8")
    elif damage == "weights":
        next((tmp_path / "model").rglob("*.safetensors")).write_bytes(b"damaged")
    else:
        for path in (tmp_path / "store" / "documents.lance" / "_versions").iterdir():
            path.write_bytes(b"damaged")
    return str(tmp_path / "model"), str(tmp_path / "store")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("another model", ("or was changed since; take that model, or index into a new store",) * 2),
        ("weights", ("cannot be loaded", "the model that it was indexed with cannot be loaded")),
        ("store", ("the store cannot be used",) * 2),
    ],
)
def test_what_is_damaged_or_another_is_exit_code_2_and_stays_as_it_is(
    folders, tmp_path, capsys, damage, said
):
    model, store = broken(folders, tmp_path, damage)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    commands = (["index", model, str(folders / "toy"), "--store", store], ["search", store, "en1"])
    for command, message in zip(commands, said, strict=True):
        capsys.readouterr()
        assert main(command) == 2
        assert message in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
