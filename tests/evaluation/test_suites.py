"""Suites: every member exists, is read as the suite says, and is found or named."""

from __future__ import annotations

import inspect
import zipfile
from pathlib import Path

import pytest

from isoglot.corpora.datasets import find_dataset
from isoglot.corpora.options import check_options
from isoglot.errors import CorpusError
from isoglot.evaluation.measures import is_measure
from isoglot.evaluation.references import CorpusReference, resolve
from isoglot.evaluation.suites import BUILT_IN, Member, find_suite, list_suites
from isoglot.world import build_text_corpus, build_world_corpus

MEMBERS = [member for suite in list_suites() for member in suite.members]
XTD10 = {
    "test_1kcaptions_en.txt": "a dog\na cat\n",
    "test_1kcaptions_jp.txt": "犬\n猫\n",
    "test_image_names.txt": "1.jpg\n2.jpg\n",
}


def write_xtd10(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in XTD10.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_xmir_has_every_data_set_of_the_design() -> None:
    assert {member.dataset for member in find_suite("xmir").members} == {
        "world", "world-text", "xquad-r", "mlqa-r", "miracl", "belebele", "tatoeba", "mewsli-x", "xtd10",
        "multi30k", "xm3600", "xflickr-co", "msr-vtt", "vatex", "paws-x", "xnli", "stsb-multi-mt",
    }  # fmt: skip
    with pytest.raises(CorpusError, match="no suite 'xmri'; there is xmir"):
        find_suite("xmri")


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: f"{member.dataset}-{member.options}")
def test_members_can_be_read_as_they_say(member: Member) -> None:
    built_in = {"world": build_world_corpus, "world-text": build_text_corpus}
    read = built_in.get(member.dataset) or find_dataset(member.dataset).read
    check_options(member.dataset, read, member.options)
    assert member.protocol.endswith(".")
    assert member.measures
    if member.task == "retrieval":
        assert all(map(is_measure, member.measures))
    elif member.dataset not in BUILT_IN:
        assert member.task == find_dataset(member.dataset).task
    if "captions" in inspect.signature(read).parameters and member.dataset != "multi30k":
        assert "captions" in member.options or member.dataset == "xflickr-co"


def test_both_directions_of_every_medium() -> None:
    directions: dict[str, list[str]] = {}
    for member in MEMBERS:
        if "direction" in member.options:
            directions.setdefault(member.dataset, []).append(member.options["direction"])
    assert set(directions) == {"xtd10", "multi30k", "xm3600", "xflickr-co", "msr-vtt", "vatex"}
    for there, back in directions.values():
        assert back == "_to_".join(reversed(there.split("_to_")))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    write_xtd10(tmp_path / "XTD-10")
    (tmp_path / "XQuAD_R").mkdir()
    with zipfile.ZipFile(tmp_path / "tatoeba-laser.zip", "w") as archive:
        archive.writestr("x", "y")
    (tmp_path / "miracl").write_text("a file is no folder of a data set", encoding="utf-8")
    references = resolve("xmir", tmp_path)
    assert len(references) == len(find_suite("xmir").members)
    assert {reference.name for reference in references if reference.unavailable is None} == {
        "world", "world-text", "xtd10", "xquad-r", "tatoeba",
    }  # fmt: skip
    reasons = {reference.name: reference.unavailable for reference in references if reference.unavailable}
    assert all(reason.startswith(f"{name}: ") for name, reason in reasons.items())
    assert "holds no folder mlqa-r or mlqa-dev-r; download it from https://" in reasons["mlqa-r"]
    with pytest.raises(CorpusError, match=r"mlqa-r: .* holds no folder mlqa-r or mlqa-dev-r"):
        next(reference for reference in references if reference.name == "mlqa-r").read()


def test_members_are_read_in_their_split_and_direction(tmp_path: Path) -> None:
    write_xtd10(tmp_path / "xtd10")
    there, back = (reference for reference in resolve("xmir", tmp_path) if reference.name == "xtd10")
    assert (there.split, there.task, there.measures[0]) == ("test", "retrieval", "success@1")
    assert there.read().documents["modality"].to_pylist() == ["image", "image"]
    assert back.read(languages=["ja"]).documents["text"].to_pylist() == ["犬", "猫"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_corpora(name: str) -> None:
    (reference,) = resolve(name)
    assert reference == CorpusReference(name, task="retrieval")
    corpus = CorpusReference(name, split="test").read(languages=["en", "de"])
    assert (corpus.languages, tuple(corpus.splits)) == (("de", "en"), ("test",))


def test_names_of_data_sets_and_folders(tmp_path: Path) -> None:
    source = write_xtd10(tmp_path / "data/xtd10")
    (reference,) = resolve("xtd10", tmp_path / "data")
    assert reference == CorpusReference("xtd10", source, task="bitext")
    assert reference.read().info.symmetric
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus/corpus.json").write_text("{}", encoding="utf-8")
    assert resolve(tmp_path / "corpus") == [CorpusReference(str(tmp_path / "corpus"))]


def test_without_a_folder_the_hub_is_asked() -> None:
    by_name = {reference.name: reference for reference in resolve("xmir")}
    assert by_name["belebele"].unavailable is None
    assert by_name["mlqa-r"].unavailable is not None
    assert "is not on the hub with direction, task; download it" in str(by_name["multi30k"].unavailable)
    assert resolve("multi30k")[0].unavailable is None


def test_unknown_names_and_folders(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match="xmirr: there is no such corpus folder, data set or suite; did you mean 'xmir'"
    ):
        resolve("xmirr")
    with pytest.raises(CorpusError, match=r"zzzzz: .*; there is xmir, world, world-text, xquad-r"):
        resolve("zzzzz")
    with pytest.raises(CorpusError, match="nowhere: there is no such folder of data sets"):
        resolve("xmir", tmp_path / "nowhere")


@pytest.mark.slow
def test_shared_data_sets_are_found_and_read(shared_data: Path) -> None:
    found = [reference for reference in resolve("xmir", shared_data) if reference.unavailable is None]
    names = {reference.name for reference in found}
    assert {*BUILT_IN, "xquad-r", "tatoeba", "xtd10", "multi30k", "stsb-multi-mt", "paws-x", "xnli"} <= names
    for reference in found:
        corpus = reference.read(languages=["en", "de"])
        judged = tuple(corpus.splits) + tuple(split for split, _ in corpus.labelled)
        assert reference.split in judged
