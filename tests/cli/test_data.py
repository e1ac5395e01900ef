"""`isoglot data`: list, build, check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from isoglot.cli import main
from isoglot.corpora import read_folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "ntrex"
    folder.mkdir()
    for code, text in (("src.eng", "one\ntwo\n"), ("ref.deu", "eins\nzwei\n"), ("ref.fra", "un\ndeux\n")):
        (folder / f"newstest2019-{code}.txt").write_text(text, encoding="utf-8")
    return folder


def output(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list"]) == 0
    text = capsys.readouterr().out
    for name in ("world", "world-text", "xquad-r", "ntrex", "beir"):
        assert f"\n{name} " in f"\n{text}"


def test_list_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", "--json"]) == 0
    entries = {entry["name"]: entry for entry in output(capsys)}
    assert entries["world"]["kind"] == entries["world-text"]["kind"] == "built-in"
    assert entries["xquad-r"]["hub"] == "google-research-datasets/xquad_r"
    assert entries["trec"]["kind"] == "format"


def test_build_and_check(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "corpus")
    assert (
        main(
            ["data", "build", "ntrex", "--from", str(source), "--out", out, "--languages", "de,en", "--json"]
        )
        == 0
    )
    built = output(capsys)
    assert built["languages"] == ["de", "en"]
    assert built["counts"] == {"queries": 4, "documents": 4, "groups": 2}
    assert main(["data", "check", out, "--json"]) == 0
    assert output(capsys)["counts"]["splits"] == {"test": 2}
    assert main(["data", "check", out]) == 0
    assert "no problem; queries 4, documents 4, groups 2; splits test 2" in capsys.readouterr().out


def test_options_reach_the_reader(source: Path, tmp_path: Path) -> None:
    (source / "newstest2019-src.eng.txt").write_text("same\nsame\n", encoding="utf-8")
    out = tmp_path / "corpus"
    arguments = ["data", "build", "ntrex", "--from", str(source), "--out", str(out)]
    assert main([*arguments, "--option", "duplicates=keep"]) == 0
    assert read_folder(out).num_groups == 2
    assert main(arguments) == 0
    assert read_folder(out).num_groups == 1


def test_explicit_qrels(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "corpus"
    assert main(["data", "build", "ntrex", "--from", str(source), "--out", str(out), "--explicit-qrels"]) == 0
    assert (out / "qrels/test.tsv").exists()


def test_build_from_a_general_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("en,de\none,eins\n", encoding="utf-8")
    out = tmp_path / "corpus"
    arguments = ["data", "build", "wide", "--from", str(tmp_path / "a.csv"), "--out", str(out)]
    assert main([*arguments, "--option", "split=test"]) == 0
    assert read_folder(out).name == "corpus"
    assert set(read_folder(out).splits) == {"test"}
    assert main([*arguments, "--languages", "de"]) == 0
    assert read_folder(out).languages == ("de",)


def test_build_the_built_in_texts(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import isoglot.world
    from isoglot.corpora import read_dataset

    asked: list[dict[str, Any]] = []

    def build_text_corpus(*, languages: list[str] | None = None, seed: int = 0) -> Any:
        asked.append({"languages": languages, "seed": seed})
        return read_dataset("ntrex", source)

    monkeypatch.setattr(isoglot.world, "build_text_corpus", build_text_corpus)
    arguments = ["data", "build", "world-text", "--out", str(tmp_path / "corpus")]
    assert main([*arguments, "--option", "seed=7", "--languages", "de", "--languages", "sw"]) == 0
    assert asked == [{"languages": ["de", "sw"], "seed": 7}]
    assert main([*arguments, "--from", str(source)]) == 2
    assert "leave out --from" in capsys.readouterr().err


def test_build_scenes_with_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "scenes"
    arguments = ["data", "build", "world", "--out", str(out), "--groups", "12", "--modalities", "text,image"]
    options = ["low_resource=sw:0.5", "side=32", "styles=flat,night", "held-out-styles=night", "seed=3"]
    given = [part for option in options for part in ("--option", option)]
    assert main([*arguments, *given, "--languages", "en,sw", "--explicit-qrels", "--json"]) == 0
    built = output(capsys)
    assert built["name"] == "world"
    assert built["modalities"] == ["image", "text"]
    assert {name: part["judged"] for name, part in built["splits"].items()} == dict.fromkeys(
        ("dev", "test", "train"), "qrels"
    )
    corpus = read_folder(out)
    assert corpus.queries["language"].to_pylist().count("en") == 12
    assert corpus.queries["language"].to_pylist().count("sw") == 4 + 3
    assert "low_resource=sw:0.5" in corpus.info.description
    assert main(["data", "check", str(out)]) == 0


def test_every_task_of_the_world_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for task in ("questions", "pairs"):
        out = tmp_path / task
        arguments = ["data", "build", "world", "--out", str(out), "--groups", "10", "--languages", "en"]
        assert main([*arguments, "--option", f"task={task}", "--json"]) == 0
        assert output(capsys)["name"] == f"world-{task}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "nope", "--out", "{out}"], "no data set 'nope'"),
        (["build", "beir", "--out", "{out}"], "format 'beir' needs files"),
        (["build", "world", "--out", "{out}", "--from", "{source}"], "leave out --from"),
        (["build", "world", "--out", "{out}", "--groups", "3"], "groups must be at least 10, got 3"),
        (["build", "world", "--out", "{out}", "--option", "sed=3"], "got 'sed'; did you mean 'seed'"),
        (["build", "world", "--out", "{out}", "--option", "seed=x"], "option 'seed' must be a number"),
        (["build", "world", "--out", "{out}", "--option", "task=x"], "task must be one of retrieval, "),
        (["build", "world", "--out", "{source}"], "is there and is no corpus folder"),
        (["build", "world-text", "--out", "{out}", "--groups", "20"], "--groups must go with 'world'"),
        (["build", "xnli", "--out", "{out}", "--modalities", "text"], "--modalities must go with 'world'"),
        (
            ["build", "ntrex", "--from", "{source}", "--out", "{out}", "--option", "x"],
            "must be key=value, got 'x'",
        ),
        (["build", "ntrex", "--from", "{source}", "--out", "{out}", "--option", "x=1"], "has no option 'x'"),
        (
            ["build", "ntrex", "--from", "{source}", "--out", "{out}", "--languages", "cy"],
            "no text in language 'cy'",
        ),
        (["build", "ntrex", "--from", "{source}", "--out", "{source}"], "is there and is no corpus folder"),
        (["check", "{source}"], "is no corpus folder"),
    ],
)
def test_bad_input_is_exit_code_2(
    arguments: list[str], message: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [argument.format(source=source, out=tmp_path / "corpus") for argument in arguments]
    assert main(["data", *filled]) == 2
    assert message in capsys.readouterr().err
    assert main(["data", *filled, "--json"]) == 2
    assert message in "".join(output(capsys)["error"]["problems"])
    assert not (tmp_path / "corpus").exists()
