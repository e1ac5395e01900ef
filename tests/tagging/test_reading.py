"""Files of tags and templates, sound and broken."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from isoglot.corpora import CorpusBuilder, CorpusInfo, write_corpus
from isoglot.errors import ConfigError, CorpusError
from isoglot.tagging import Label, Tag, read_templates, read_vocabulary


def write(path: Path, *lines: str) -> Path:
    """A text file."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_table_has_labels_glosses_and_parents(tmp_path: Path) -> None:
    table = write(
        tmp_path / "tags.tsv",
        "tag_id\tparent\tlabel:en\tgloss:en\tlabel:de\tgloss:de",
        "season\t\tseason\t\tJahreszeit\t",
        "spring-season\tseason\tspring\t\tFrühling\t",
        "spring-coil\t\tspring\telastic coil\tFeder\tSprungfeder",
        "ocean\tseason\t\t\tMeer\tSee",
    )
    found = read_vocabulary(table)
    assert found.name == "tags.tsv"
    assert found.tags == (
        Tag("season", {"en": Label("season"), "de": Label("Jahreszeit")}),
        Tag("spring-season", {"en": Label("spring", "season"), "de": Label("Frühling", "Jahreszeit")}),
        Tag("spring-coil", {"en": Label("spring", "elastic coil"), "de": Label("Feder", "Sprungfeder")}),
        Tag("ocean", {"de": Label("Meer", "See")}),
    )


def test_the_same_table_is_read_from_json_lines_and_csv(tmp_path: Path) -> None:
    lines = write(
        tmp_path / "tags.jsonl",
        '{"tag_id": "dog", "label:eng": "dog", "label:de": "Hund"}',
        '{"tag_id": 7, "label:de": "Katze", "gloss:de": "Tier"}',
    )
    table = write(
        tmp_path / "tags.csv", "tag_id,label:en,label:de,gloss:de", "dog,dog,Hund,", "7,,Katze,Tier"
    )
    assert read_vocabulary(lines).tags == read_vocabulary(table).tags
    assert read_vocabulary(table).tags[1] == Tag("7", {"de": Label("Katze", "Tier")})


def test_all_problems_of_a_table_come_with_file_and_line(tmp_path: Path) -> None:
    table = write(
        tmp_path / "tags.tsv",
        "tag_id\tparent\tlabel:en\tgloss:en\tlabel:zz9\tcolour",
        "a\t\tspring\t\t\t",
        "b\tseeson\tspring\t\t\t",
        "\t\tdog\t\t\t",
        "a\t\tcat\t\t\t",
        "d\t\t\tanimal\t\t",
        "season\t\tseason\t\t\t",
    )
    with pytest.raises(CorpusError, match="unknown column 'colour'") as raised:
        read_vocabulary(table)
    told = "\n".join(raised.value.problems)
    for part in (
        f"{table}:2: unknown column 'colour'; there may be tag_id, parent, and label:en and gloss:en",
        f"{table}:2: 'zz9' is not a language tag",
        f"{table}:3: parent must be the tag_id of a row, got 'seeson'; did you mean 'season'?",
        f"{table}:3: tags 'a' and 'b' are called the same (en spring)",
        f"{table}:4: column 'tag_id' is empty",
        f"{table}:5: tag 'a' is there already, in {table}:2",
        f"{table}:6: gloss:en is of no label; fill label:en too",
        f"{table}:6: tag 'd' has no label in any language",
    ):
        assert part in told


def test_two_columns_of_one_language_are_told(tmp_path: Path) -> None:
    table = write(tmp_path / "tags.csv", "tag_id,label:de,label:deu", "a,Hund,Hund")
    with pytest.raises(CorpusError, match="column 'label:deu' is in the same language as 'label:de'"):
        read_vocabulary(table)


def test_a_text_file_has_one_tag_a_line(tmp_path: Path) -> None:
    lines = ("spring (season)", "", "  spring (coil)  ", "dog", "Frosch\uff08Tier\uff09", "odd ()")
    found = read_vocabulary(write(tmp_path / "tags.deu.txt", *lines))
    assert [tag.tag_id for tag in found.tags] == [line.strip() for line in lines if line]
    assert [tag.labels["de"] for tag in found.tags] == [
        Label("spring", "season"),
        Label("spring", "coil"),
        Label("dog"),
        Label("Frosch", "Tier"),
        Label("odd ()"),
    ]


def test_the_language_of_a_text_file_is_given_or_in_its_name(tmp_path: Path) -> None:
    plain = write(tmp_path / "tags.txt", "chien")
    assert read_vocabulary(plain, language="fra").languages == ("fr",)
    with pytest.raises(ConfigError, match=r"in which language are its tags\? .* such as tags\.en\.txt"):
        read_vocabulary(plain)
    packed = tmp_path / "tags.fr.txt.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_vocabulary(packed).languages == ("fr",)
    with pytest.raises(ConfigError, match="a language of tags must go with a text file"):
        read_vocabulary(write(tmp_path / "tags.csv", "tag_id,label:en", "a,dog"), language="en")


def test_a_text_file_with_a_tag_twice_or_bad_bytes_says_where(tmp_path: Path) -> None:
    path = tmp_path / "tags.en.txt"
    path.write_bytes(b"dog\ncat\ndog\nb\xff\n")
    with pytest.raises(CorpusError, match=f"{path}:3: tag 'dog' is there already, in {path}:1") as raised:
        read_vocabulary(path)
    assert f"{path}:4: byte 0xff" in str(raised.value)


def test_a_file_that_is_not_there_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="there is no such file"):
        read_vocabulary(tmp_path / "no.en.txt")
    with pytest.raises(CorpusError, match="there is no such file"):
        read_vocabulary(tmp_path / "no.tsv")
    with pytest.raises(CorpusError, match="holds no tag"):
        read_vocabulary(write(tmp_path / "tags.en.txt", ""))
    with pytest.raises(CorpusError, match="the file is empty"):
        read_vocabulary(write(tmp_path / "tags.csv"))


def test_a_corpus_folder_is_a_vocabulary(tmp_path: Path) -> None:
    builder = CorpusBuilder(CorpusInfo("animals"))
    builder.add_document("dog:en", "dog", "en", "dog")
    builder.add_query("q", "q", "en", "bark")
    builder.judge("test", "q", "dog:en")
    found = read_vocabulary(write_corpus(builder.build(), tmp_path / "animals"))
    assert found.tags == (Tag("dog", {"en": Label("dog")}),)


def test_templates_are_read_by_language(tmp_path: Path) -> None:
    table = write(
        tmp_path / "templates.csv",
        "language,template",
        "en,a photo of a {label}",
        "deu,ein Foto: {label}",
        "en,{label}",
    )
    assert read_templates(table) == {"en": ("a photo of a {label}", "{label}"), "de": ("ein Foto: {label}",)}


def test_broken_templates_come_with_file_and_line(tmp_path: Path) -> None:
    table = write(
        tmp_path / "templates.csv",
        "language,template",
        "en,a photo",
        "en,{label}",
        "en,{label}",
        "qqq9,{label}",
    )
    with pytest.raises(CorpusError, match=r"2: a template must hold \{label\} once, got 'a photo'") as raised:
        read_templates(table)
    assert f"{table}:4: template '{{label}}' is there already for en" in str(raised.value)
    assert f"{table}:5: 'qqq9' is not a language tag" in str(raised.value)
