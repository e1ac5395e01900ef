"""Giving tags: which, in what order, called what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from isoglot.encoders import build_image_tower, build_static_encoder, join_towers, train_subwords
from isoglot.errors import ConfigError, CorpusError, MediaError, SearchError
from isoglot.tagging import Label, Tag, TaggedItem, Vocabulary, tag

from .conftest import ColourModel

RED = Image.new("RGB", (4, 4), (250, 20, 10))


def ids(item: TaggedItem, language: str) -> list[str]:
    """Tags of an item in a language, in order."""
    return [each.tag_id for each in item.tags if each.language == language]


def test_pictures_and_texts_get_the_nearest_tags(
    model: ColourModel, colours: Vocabulary, pictures: Path
) -> None:
    found = tag(model, [pictures, "a blue sea", RED], colours, languages=["de"], top=1)
    assert [(Path(item.item).name, ids(item, "de")) for item in found.items] == [
        ("a.png", ["c-red"]),
        ("b.png", ["c-blue"]),
        ("a blue sea", ["c-blue"]),
        ("item 3", ["c-red"]),
    ]
    assert found.num_passed == 1


def test_a_tag_is_named_as_asked_or_marked(model: ColourModel, colours: Vocabulary) -> None:
    (item,) = tag(model, [RED], colours, languages=["deu", "fr"], top=3).items
    shown = [(each.tag_id, each.language, each.label, each.label_language) for each in item.tags]
    assert shown == [
        ("c-red", "de", "rot", "de"),
        ("c-green", "de", "grün", "de"),
        ("c-blue", "de", "blue", "en"),
        ("c-red", "fr", "rouge", "fr"),
        ("c-green", "fr", "green", "en"),
        ("c-blue", "fr", "blue", "en"),
    ]


def test_languages_agree_on_scores_unless_told_apart(model: ColourModel, colours: Vocabulary) -> None:
    (item,) = tag(model, [RED], colours, languages=["de", "fr"], top=1).items
    assert item.tags[0].score == item.tags[1].score
    (alone,) = tag(model, [RED], colours, languages=["fr"], top=1).items
    assert alone.tags[0].score == item.tags[0].score  # whatever else is asked for
    (apart,) = tag(model, [RED], colours, languages=["de", "fr"], top=1, languages_agree=False).items
    assert apart.tags[0].score != apart.tags[1].score
    german = np.array([1.0, 0.1, 0.0]) / np.linalg.norm([1.0, 0.1, 0.0])
    shown = np.array([250, 20, 10]) / np.linalg.norm([250, 20, 10])
    assert apart.tags[0].score == pytest.approx(german @ shown, abs=1e-6)


def test_a_threshold_gives_what_reaches_it_and_top_says_what_does(
    model: ColourModel, colours: Vocabulary
) -> None:
    both = "red blue"
    (reached,) = tag(model, [both], colours, languages=["en"], thresholds=0.5).items
    assert sorted(ids(reached, "en")) == ["c-blue", "c-red"]
    assert all(each.above_threshold for each in reached.tags)
    (all_three,) = tag(model, [both], colours, languages=["en"], thresholds=0.5, top=3).items
    assert [each.above_threshold for each in all_three.tags] == [True, True, False]
    (none,) = tag(model, [both], colours, languages=["en"], thresholds=1.5).items
    assert none.tags == ()
    (unknown,) = tag(model, [both], colours, languages=["en"]).items
    assert [each.above_threshold for each in unknown.tags] == [None, None, None]


def test_equal_scores_stand_in_descending_order_of_ids(model: ColourModel) -> None:
    names = ("b", "a", "c")
    vocabulary = Vocabulary("same", tuple(Tag(name, {"en": Label("red", name)}) for name in names))
    (item,) = tag(model, ["red"], vocabulary, languages=["en"]).items
    assert ids(item, "en") == ["c", "b", "a"]
    assert len({each.score for each in item.tags}) == 1


def test_the_vocabulary_may_be_a_file_and_templates_count(model: ColourModel, tmp_path: Path) -> None:
    (tmp_path / "tags.en.txt").write_text("green (cold)\ngreen (warm)\n", encoding="utf-8")
    (item,) = tag(model, ["green cold"], tmp_path / "tags.en.txt", languages=["en"]).items
    assert ids(item, "en") == ["green (cold)", "green (warm)"]
    assert (item.tags[0].label, item.tags[0].gloss) == ("green", "cold")
    templates = {"en": "red red red {label}"}
    (moved,) = tag(
        model, ["green cold"], tmp_path / "tags.en.txt", languages=["en"], templates=templates
    ).items
    assert moved.tags[0].score < item.tags[0].score - 0.1


def test_bad_files_stop_the_job_or_are_left_out(
    model: ColourModel, colours: Vocabulary, pictures: Path
) -> None:
    (pictures / "bad.png").write_bytes(b"no picture")
    with pytest.raises(MediaError, match=r"bad\.png: cannot be read as a picture"):
        tag(model, [pictures], colours, languages=["en"])
    found = tag(model, [pictures], colours, languages=["en"], skip_bad=True)
    assert len(found.items) == 2
    assert len(found.skipped) == 1


def test_options_out_of_range_are_told_at_once(model: ColourModel, colours: Vocabulary) -> None:
    with pytest.raises(ConfigError, match="top must be >= 1, got 0") as raised:
        tag(model, ["a"], colours, languages=["xx9"], top=0, thresholds=float("nan"))
    assert "a threshold must be finite, got nan" in str(raised.value)
    assert "'xx9' is not a language tag" in str(raised.value)
    with pytest.raises(ConfigError, match="languages must name one at least"):
        tag(model, ["a"], colours, languages=[])
    with pytest.raises(CorpusError, match="there is nothing to tag"):
        tag(model, [], colours, languages=["en"])


def test_vectors_that_cannot_be_compared_are_refused(model: ColourModel, colours: Vocabulary) -> None:
    narrow = Narrow()
    with pytest.raises(SearchError, match=r"differ in width: \{'items': 2, 'tags': 3\}"):
        tag(narrow, ["a"], colours, languages=["en"])
    model.scale.data.fill_(float("nan"))
    with pytest.raises(SearchError, match="'red' is not finite"):
        tag(model, ["a"], colours, languages=["en"])


class Narrow(ColourModel):
    """Has two numbers for a query, and three for a document."""

    def encode_query(self, inputs: Sequence[Any], **options: Any) -> npt.NDArray[np.float32]:
        """(n, 2) vectors."""
        return super().encode_query(inputs, **options)[:, :2]


def test_a_saved_model_of_towers_tags_mixed_items(tmp_path: Path, pictures: Path) -> None:
    subwords = train_subwords(["red rot green grün blue"], 40, model="bpe")
    texts = build_static_encoder(subwords, 16)
    join_towers({"text": texts, "image": build_image_tower(16, side=32)}).save(str(tmp_path / "model"))
    (tmp_path / "tags.csv").write_text(
        "tag_id,label:en,label:de\nr,red,rot\ng,green,grün\n", encoding="utf-8"
    )
    found = tag(tmp_path / "model", [pictures, "rot", RED], tmp_path / "tags.csv", languages=["de"], top=2)
    assert [len(item.tags) for item in found.items] == [2, 2, 2, 2]
    assert found.items[0].tags[0].score == pytest.approx(max(t.score for t in found.items[0].tags))
    apart = tag(
        tmp_path / "model", ["rot"], tmp_path / "tags.csv", languages=["de"], top=1, languages_agree=False
    )
    assert apart.items[0].tags[0].tag_id == "r"
    assert apart.items[0].tags[0].score == pytest.approx(1.0, abs=1e-5)
