"""`isoglot tag`: files in, tags out, and thresholds."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from isoglot.cli import main
from isoglot.corpora import CorpusBuilder, CorpusInfo, write_corpus
from isoglot.encoders import build_image_tower, build_static_encoder, join_towers, train_subwords
from isoglot.tagging import read_thresholds

COLOURS = {"red": "rot", "green": "grün", "blue": None}
TAGS = "tag_id\tlabel:en\tlabel:de\n" + "".join(f"c-{en}\t{en}\t{de or ''}\n" for en, de in COLOURS.items())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`model`, of texts; `tags.tsv`; `texts`, a folder of them; `judged`, a corpus."""
    folder = tmp_path_factory.mktemp("tag")
    subwords = train_subwords(["red rot green grün blue sea sky"] * 3, 60, model="bpe")
    build_static_encoder(subwords, 24).save_pretrained(str(folder / "model"))
    (folder / "tags.tsv").write_text(TAGS, encoding="utf-8")
    (folder / "texts").mkdir()
    builder = CorpusBuilder(CorpusInfo("judged"))
    for colour in COLOURS:
        builder.add_document(colour, f"c-{colour}", "en", colour)
    for number, text in enumerate(["red", "blue sea", "green sky", "red rot", "blue sky"]):
        (folder / "texts" / f"{number}.txt").write_text(text, encoding="utf-8")
        builder.add_query(f"q{number}", f"q{number}", "en", text)
        for colour in COLOURS:
            builder.judge("dev", f"q{number}", colour, int(colour in text))
    write_corpus(builder.build(), folder / "judged")
    return folder


def arguments(place: Path, *more: str) -> list[str]:
    """A command that tags the folder of texts."""
    return [
        "tag",
        str(place / "model"),
        str(place / "texts"),
        "--tags",
        str(place / "tags.tsv"),
        "--language",
        "de,en",
        *more,
    ]


def test_tags_are_printed_as_one_json_document(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(place, "--top", "1", "--json", "--languages-apart")) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert found["num_items"] == 5
    assert (found["out"], found["skipped_media"], found["passed_over"]) == (None, [], 0)
    shown = {
        Path(item["item"]).name: {t["language"]: (t["label"], t["label_language"]) for t in item["tags"]}
        for item in found["items"]
    }
    assert shown["0.txt"]["en"] == ("red", "en")
    assert shown["1.txt"] == {"de": ("blue", "en"), "en": ("blue", "en")}
    assert "1 of the tags have no label in de, and stand in another" in told.err


def test_files_hold_what_is_asked_for(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(place, "--out", str(tmp_path / "tags.json"))) == 0
    items = json.loads((tmp_path / "tags.json").read_text(encoding="utf-8"))
    assert [Path(item["item"]).name for item in items] == [f"{number}.txt" for number in range(5)]
    assert all(len(item["tags"]) == 6 for item in items)
    assert main(arguments(place, "--out", str(tmp_path / "tags"), "--format", "csv", "--top", "2")) == 0
    with (tmp_path / "tags").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 5 * 2 * 2
    assert f"Tagged 5 items. Wrote {tmp_path / 'tags'}" in capsys.readouterr().err
    assert main(arguments(place, "--format", "csv", "--top", "2")) == 0
    assert capsys.readouterr().out == (tmp_path / "tags").read_text(encoding="utf-8")
    assert main(arguments(place, "--format", "json")) == 0
    assert json.loads(capsys.readouterr().out) == items


def test_a_table_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(place, "--top", "1", "--threshold", "2")) == 0
    assert "blue [en]" in (shown := capsys.readouterr().out)
    assert "(below)" in shown
    assert "4.txt" in shown.replace(" ", "").replace("\n", "").replace("│", "")  # long paths are folded
    assert main(arguments(place, "--threshold", "2")) == 0
    assert "none" in capsys.readouterr().out


def test_thresholds_are_calibrated_and_taken(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "thresholds.json"
    command = ["tag", str(place / "model"), "--calibrate", str(place / "judged")]
    assert main([*command, "--tags", str(place / "tags.tsv"), "--out", str(out), "--json"]) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    written = read_thresholds(out)
    assert told["overall"] == {"*": written.overall["*"].threshold}
    assert (told["num_items"], told["num_tags"], told["num_own"]) == (5, 3, 0)
    assert "on the 5 items it was chosen on" in printed.err
    assert main(arguments(place, "--calibration", str(out), "--json")) == 0
    tags = [each for item in json.loads(capsys.readouterr().out)["items"] for each in item["tags"]]
    assert tags
    assert all(each["above_threshold"] for each in tags)
    assert min(each["score"] for each in tags) >= written.overall["*"].threshold - 1e-6
    assert main(arguments(place, "--calibration", str(out), "--languages-apart")) == 2
    assert "ask as when they were calibrated" in capsys.readouterr().err


def test_the_tags_may_be_those_of_a_corpus(place: Path, tmp_path: Path) -> None:
    out = tmp_path / "thresholds.json"
    command = ["tag", str(place / "model"), "--calibrate", str(place / "judged"), "--out", str(out)]
    assert (
        main([*command, "--language", "en", "--languages-apart", "--precision", "0.5", "--one-threshold"])
        == 0
    )
    found = read_thresholds(out)
    assert (list(found.overall), found.precision) == (["en"], 0.5)
    items = [str(place / "model"), str(place / "texts"), "--tags", str(place / "judged"), "--language", "en"]
    assert (
        main(["tag", *items, "--languages-apart", "--calibration", str(out), "--out", str(out) + ".csv"]) == 0
    )


def test_templates_and_text_files_of_tags(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tags.txt").write_text("red (sea)\nred (sky)\n", encoding="utf-8")
    (tmp_path / "templates.csv").write_text("language,template\nen,sky {label}\n", encoding="utf-8")
    command = ["tag", str(place / "model"), str(place / "texts" / "2.txt"), "--language", "en", "--json"]
    tags = ["--tags", str(tmp_path / "tags.txt"), "--tags-language", "en"]
    scores = []
    for more in ([], ["--templates", str(tmp_path / "templates.csv")]):
        assert main([*command, *tags, *more]) == 0
        (item,) = json.loads(capsys.readouterr().out)["items"]
        assert [(each["label"], each["gloss"]) for each in item["tags"]] == [("red", "sky"), ("red", "sea")]
        scores.append(item["tags"][1]["score"])
    assert scores[1] > scores[0]


def test_bad_pictures_stop_the_job_or_are_counted(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subwords = train_subwords(["red rot"], 20, model="bpe")
    towers = {"text": build_static_encoder(subwords, 8), "image": build_image_tower(8, side=32)}
    join_towers(towers).save(str(tmp_path / "towers"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "fine.txt").write_text("red", encoding="utf-8")
    (folder / "table.ods").write_bytes(b"")
    command = [
        "tag",
        str(tmp_path / "towers"),
        str(folder),
        "--tags",
        str(place / "tags.tsv"),
        "--language",
        "en",
    ]
    assert main(command) == 2
    assert "bad.png: cannot be read as a picture" in capsys.readouterr().err
    assert main([*command, "--skip-bad", "--json"]) == 0
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (told["num_items"], len(told["skipped_media"]), told["passed_over"]) == (1, 1, 1)
    assert "left out 1 bad files:" in printed.err
    assert "passed over 1 files of other kinds" in printed.err


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "FILES must name what to tag\n--tags must name the file of tags\n--language must name"),
        (["{texts}", "--tags", "{none}", "--language", "de"], "none.tsv: there is no such file"),
        (["{texts}", "--tags", "{tags}", "--language", "d9"], "'d9' is not a language tag"),
        (
            ["{texts}", "--tags", "{tags}", "--language", "de", "--threshold", "1", "--calibration", "a"],
            "--threshold and --calibration must not go together",
        ),
        (
            ["{texts}", "--tags", "{tags}", "--language", "de", "--out", "a.xml"],
            "format must be one of json, csv",
        ),
        (["{texts}", "--tags", "{tags}", "--language", "de", "--format", "xml"], "got 'xml' for the output"),
        (
            ["{texts}", "--calibrate", "{judged}", "--top", "3"],
            "FILES must not go with --calibrate, which tags nothing; leave it out\n--top must not go",
        ),
        (["--calibrate", "{judged}"], "--calibrate must go with --out"),
        (
            ["{texts}", "--tags", "{tags}", "--language", "de", "--split", "dev", "--one-threshold"],
            "--split must go with --calibrate; leave it out\n--per-tag must go with --calibrate",
        ),
        (["--calibrate", "{judged}", "--out", "a.json", "--language", "en"], "or calibrate them apart"),
        (["--calibrate", "{none}", "--out", "a.json"], "none.tsv: there is no such corpus folder"),
        (["{none}", "--tags", "{tags}", "--language", "de"], "none.tsv: there is no such file or folder"),
    ],
)
def test_bad_input_says_what_to_change(
    given: list[str], message: str, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {
        "texts": str(place / "texts"),
        "tags": str(place / "tags.tsv"),
        "none": str(tmp_path / "none.tsv"),
        "judged": str(place / "judged"),
    }
    assert main(["tag", str(place / "model"), *(each.format(**places) for each in given)]) == 2
    assert message in capsys.readouterr().err


def test_a_missing_model_is_bad_input(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(place)
    command[1] = str(tmp_path / "none")
    assert main(command) == 2
    assert "cannot be loaded" in capsys.readouterr().err
