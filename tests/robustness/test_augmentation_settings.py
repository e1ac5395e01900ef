"""Settings of augmentation: from TOML, checked before any work, with checksums of what they name."""

from pathlib import Path

import pytest

from isoglot.config import read_config
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.errors import ConfigError, CorpusError
from isoglot.robustness.augmentation_settings import AugmentationSettings, build_augmentation, read_changes
from isoglot.training.settings import TrainingSettings


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "en.tsv").write_text("film\tmovie\n")
    (tmp_path / "en-de.txt").write_text("film Film\n")
    return tmp_path


def test_a_table_of_toml_says_it_all(files: Path) -> None:
    toml = files / "train.toml"
    toml.write_text(
        f"""
        [augmentation]
        tables = {{ en = "{files}/en.tsv" }}
        dictionaries = {{ en = {{ de = "{files}/en-de.txt" }} }}
        copies = 5
        """
    )
    settings = read_config(toml, TrainingSettings).augmentation
    assert settings.active
    assert settings.checksums().keys() == {"tables.en", "dictionaries.en.de"}
    changes = read_changes(settings)
    assert changes.tables["en"].neighbours == {"film": ("movie",)}
    assert changes.dictionaries["en"][0].translations == {"film": ("Film",)}


def test_other_content_has_another_checksum(files: Path) -> None:
    settings = AugmentationSettings(tables={"en": str(files / "en.tsv")})
    before = settings.checksums()
    (files / "en.tsv").write_text("film\tcinema\n")
    assert settings.checksums() != before


def test_all_that_cannot_be_is_said_at_once(tmp_path: Path) -> None:
    settings = AugmentationSettings({"xx-yy-zz": str(tmp_path / "none.tsv")}, 2.0, {}, -1.0, 1.5, -1)
    found = TrainingSettings(augmentation=settings).problems()
    assert [line.split()[0] for line in found] == [
        "augmentation.rate",
        "augmentation.switch_rate",
        "augmentation.subword_rate",
        "augmentation.copies",
        "augmentation.tables.xx-yy-zz:",
        "augmentation.tables.xx-yy-zz:",
    ]
    assert "does not exist" in found[-1]
    assert AugmentationSettings(copies=3).broken_rules() == [
        "copies must be 0 without tables or dictionaries, got 3"
    ]


@pytest.mark.parametrize(
    "settings",
    [
        AugmentationSettings(),
        AugmentationSettings(tables={"en": "never opened.tsv"}, rate=0.0),
        AugmentationSettings(dictionaries={"en": {"de": "never opened.txt"}}, switch_rate=0.0),
    ],
)
def test_nothing_is_built_where_nothing_changes(
    toy_corpus: ParallelCorpus, settings: AugmentationSettings
) -> None:
    model = build_static_encoder(train_subwords(["a b c d"], 10, model="bpe"), 4)
    assert build_augmentation(settings, model, seed=0) is None


def test_bad_files_are_told_together(files: Path) -> None:
    (files / "en.tsv").write_text("film\tfilm\n")
    (files / "en-de.txt").write_text("film\n")
    settings = AugmentationSettings(
        tables={"en": str(files / "en.tsv")}, dictionaries={"en": {"de": str(files / "en-de.txt")}}
    )
    with pytest.raises(CorpusError, match=r"(?s)en\.tsv:1: .*en-de\.txt:1: "):
        read_changes(settings)


def test_noise_knows_the_encoders_tokenizer_and_longest_text() -> None:
    tokenizer = train_subwords(["abc abd acd"] * 3, 20, model="bpe")
    settings = AugmentationSettings(subword_rate=0.2)
    bag = build_static_encoder(tokenizer, 4)
    static = build_augmentation(settings, bag, seed=0)
    assert static is not None
    assert static.noise is not None
    assert static.noise.max_tokens is None
    model = build_transformer_encoder(tokenizer, layers=1, hidden_size=8, heads=1, max_tokens=12)
    layered = build_augmentation(settings, model, seed=0)
    assert layered is not None
    assert layered.noise is not None
    assert layered.noise.max_tokens == 12
    bag[0].tokenizer = None
    with pytest.raises(ConfigError, match="this model has 0"):
        build_augmentation(settings, bag, seed=0)
