"""Experiments from TOML to a model directory."""

import json
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from isoglot.classification import ClassificationConfig
from isoglot.config import read_config
from isoglot.corpora import write_corpus
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, train_subwords
from isoglot.errors import CheckpointError, ConfigError, CorpusError
from isoglot.experiments import ExperimentConfig, run_experiment, train
from isoglot.experiments.config import SchemeConfig
from isoglot.experiments.corpora import parallel_queries, training_corpus, union_of_splits
from isoglot.training import TrainingSettings
from isoglot.world import build_world_corpus

TOML = """
output = "{root}/model-{{seed}}"
[[corpora]]
folder = "{root}/corpus"
[dev]
folder = "{root}/corpus"
splits = ["dev"]
[encoder]
dimension = 16
vocabulary_size = 300
query_prompt = "Query: "
[scheme]
name = "hybrid"
alpha = 0.25
[training]
steps = 20
batch_size = 16
learning_rate = 0.02
evaluate_every_steps = 10
"""


@pytest.fixture
def toml(toy_corpus: ParallelCorpus, tmp_path: Path) -> Path:
    write_corpus(toy_corpus, tmp_path / "corpus")
    path = tmp_path / "experiment.toml"
    path.write_text(TOML.format(root=tmp_path))
    return path


def test_an_experiment_leaves_a_model_and_its_whole_story(toml: Path, tmp_path: Path) -> None:
    told: list[str] = []
    config = read_config(toml, ExperimentConfig, ("training.seed=3", "scheme.alpha=0.5"))
    folder = run_experiment(config, progress=told.append)
    assert folder == tmp_path / "model-3"
    assert told[-1] == "training"
    record = json.loads((folder / "isoglot.json").read_text())
    assert (record["scheme"]["name"], record["scheme"]["alpha"]) == ("Hybrid", 0.5)
    assert record["config"]["encoder"]["dimension"] == 16
    assert record["checksums"]
    assert 0 < record["best_checkpoint_measure"] <= 1
    measured = {key for entry in record["dev"] for key in entry}
    assert {"eval_mean_AP", "eval_monolingual_AP", "eval_rank_distance"} <= measured
    model = SentenceTransformer(str(folder), device="cpu")
    assert model.prompts["query"] == "Query: "
    assert model.encode_query(["en1"]).shape == (1, 16)


def test_the_same_command_again_does_nothing(toml: Path) -> None:
    config = read_config(toml, ExperimentConfig)
    written = (run_experiment(config) / "isoglot.json").stat().st_mtime_ns
    assert (run_experiment(config) / "isoglot.json").stat().st_mtime_ns == written


def test_a_finished_experiment_builds_no_encoder_again(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config(toml, ExperimentConfig)
    folder = run_experiment(config)
    monkeypatch.setattr("isoglot.experiments.run.build_encoder", None)
    assert run_experiment(config) == folder


def test_a_finished_experiment_sees_that_its_corpus_has_changed(
    toml: Path, toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    config = read_config(toml, ExperimentConfig)
    run_experiment(config)
    shutil.rmtree(tmp_path / "corpus")
    write_corpus(toy_corpus.select(languages=["en", "de"]), tmp_path / "corpus")
    with pytest.raises(CheckpointError, match="holds a training with another"):
        run_experiment(config)


def test_a_teacher_is_distilled(toml: Path, toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    texts = [f"en{word}" for word in range(60)]
    build_static_encoder(train_subwords(texts, 200, model="bpe"), 16).save(str(tmp_path / "teacher"))
    changes = (
        f"teacher.path={tmp_path / 'teacher'}",
        "training.objective.distillation_weight=1",
        "training.steps=200",
        "training.objective.contrastive_weight=0",
        f"output={tmp_path}/taught",
    )
    taught = run_experiment(read_config(toml, ExperimentConfig, changes))
    untaught = run_experiment(read_config(toml, ExperimentConfig))
    rows = toy_corpus.judgements("dev").query_rows
    english = rows[[toy_corpus.query(int(row)).language == "en" for row in rows]]
    texts = toy_corpus.query_texts(english)
    wanted = SentenceTransformer(str(tmp_path / "teacher"), device="cpu").encode(texts)
    likeness = [
        float((SentenceTransformer(str(folder), device="cpu").encode_query(texts) * wanted).sum(1).mean())
        for folder in (taught, untaught)
    ]
    assert likeness[0] > likeness[1] + 0.2
    assert json.loads((taught / "isoglot.json").read_text())["teacher"]["name"] == str(tmp_path / "teacher")


def test_a_second_step_starts_from_the_first(toml: Path, tmp_path: Path) -> None:
    first = run_experiment(read_config(toml, ExperimentConfig))
    second = tmp_path / "second.toml"
    second.write_text(
        TOML.format(root=tmp_path)
        .replace("model-", "second-")
        .replace(
            "dimension = 16\nvocabulary_size = 300",
            f'kind = "pretrained"\npath = "{tmp_path}/model-{{seed}}"',
        )
    )
    folder = run_experiment(read_config(second, ExperimentConfig, ("training.learning_rate=1e-9",)))
    before, after = (
        SentenceTransformer(str(path), device="cpu").encode(["en1 de2"]) for path in (first, folder)
    )
    np.testing.assert_allclose(before, after, atol=1e-5)


def test_every_mistake_is_told_at_once(toml: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "corpus")
    text = toml.read_text().replace("alpha = 0.25", "alpha = 2\nalhpa = 1").replace("steps = 20", "steps = 0")
    toml.write_text(text)
    with pytest.raises(ConfigError, match=r"no corpus\.json") as caught:
        read_config(toml, ExperimentConfig)
    message = str(caught.value)
    for part in ("no corpus.json", "alpha must be between 0 and 1", "alhpa", "steps must be >= 1"):
        assert part in message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("evaluate_every_steps = 10", "evaluate_every_steps = 10"), None),
        (('splits = ["dev"]', 'splits = ["dev", "train"]'), "dev.splits: name one, got 2"),
        (("dimension = 16", 'kind = "pretrained"'), "path goes with kind"),
        (("dimension = 16", 'kind = "pretrained"\npath = "runs/never"'), "does not exist; train it first"),
        (
            ("dimension = 16", 'kind = "transformer"\ndimension = 30\nheads = 4'),
            "heads must divide dimension",
        ),
        (("dimension = 16", "dimension = 0"), "dimension must be >= 1"),
        (('splits = ["dev"]', 'splits = ["dev"]\nside = "queries"'), "dev.side: checkpoints are chosen by"),
        (
            ('splits = ["dev"]', 'splits = ["dev"]\noptions = { languages = ["de"], skip_bad = true }'),
            r"options.languages: is no option of a reader; set languages itself\n.*options.skip_bad: ",
        ),
    ],
)
def test_rules_of_the_configuration(toml: Path, change: tuple[str, str], message: str | None) -> None:
    toml.write_text(toml.read_text().replace(*change))
    if message is None:
        assert read_config(toml, ExperimentConfig).scheme.alpha == 0.25
        return
    with pytest.raises(ConfigError, match=message):
        read_config(toml, ExperimentConfig)


@pytest.mark.parametrize("name", ["monolingual", "cross_lingual", "hybrid", "mixed"])
def test_every_scheme_has_a_name(name: str) -> None:
    scheme = SchemeConfig(name=name, alpha=0.3, size_exponent=0.5).build()  # type: ignore[arg-type]
    assert type(scheme).__name__ == "".join(part.capitalize() for part in name.split("_"))
    assert scheme.size_exponent == 0.5  # type: ignore[attr-defined]


def test_the_configurations_in_the_repository_are_valid(
    shared_data: Path, toy_corpus: ParallelCorpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_corpus(toy_corpus, tmp_path / "built")  # in place of what `run.py` beside a file builds
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    files = sorted((root / "configs").glob("*/*.toml"))
    assert len(files) >= 6
    for path in files:
        values = tomllib.loads(path.read_text())
        assert path.read_text().startswith("# "), "a header says what it is, and the command"
        if "study" in values:  # tests/studies/test_study_files.py reads these
            continue
        if "corpora" not in values:  # a classifier learns from what its command names
            classifier = read_config(path, ClassificationConfig)
            assert f"isoglot classify {path.relative_to(root)}" in path.read_text()
            assert classifier.training.epochs > 0
            continue
        overrides = [
            f"{key}.{number}.folder={tmp_path / 'built'}"
            for key, corpora in (
                ("corpora", values["corpora"]),
                ("encoder.vocabulary_corpora", values["encoder"].get("vocabulary_corpora", [])),
            )
            for number, corpus in enumerate(corpora)
            if corpus.get("folder", "").startswith("runs/")
        ]
        if values["encoder"]["kind"] == "pretrained":
            overrides.append("encoder.path=some/model")
        config = read_config(path, ExperimentConfig, overrides)
        assert f"isoglot train {path.relative_to(root)}" in path.read_text()
        assert config.training.steps > 0
    assert shared_data.is_dir()


def test_train_with_a_dev_corpus(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    from isoglot.encoders import build_static_encoder, train_subwords

    model = build_static_encoder(train_subwords(["en1 de1 th1"] * 3, 60, model="bpe"), 8)
    settings = TrainingSettings(steps=4, batch_size=8, learning_rate=0.01, evaluate_every_steps=2)
    train(model, toy_corpus, output_dir=tmp_path, settings=settings, evaluate_on=toy_corpus)
    record = json.loads((tmp_path / "isoglot.json").read_text())
    assert record["scheme"]["name"] == "Hybrid"
    assert len(record["dev"]) == 2


def test_dev_data_are_of_the_media_that_are_asked_for(toml: Path, tmp_path: Path) -> None:
    build_world_corpus(
        tmp_path / "scenes", groups=30, languages=["de", "en"], modalities=["text", "image"], side=32
    )
    media = 'query_modality = "text"\ndocument_modality = "image"\n'
    text = toml.read_text().replace(
        f'[dev]\nfolder = "{tmp_path}/corpus"', f'[dev]\nfolder = "{tmp_path}/scenes"'
    )
    toml.write_text(
        text.replace('splits = ["dev"]\n', f'splits = ["dev"]\n{media}').replace(
            "[scheme]", "[encoder.image]\nside = 32\nwidths = [8]\n[scheme]"
        )
    )
    config = read_config(toml, ExperimentConfig, ("training.steps=2", "training.evaluate_every_steps=1"))
    record = json.loads((run_experiment(config) / "isoglot.json").read_text())
    measured = {key for entry in record["dev"] for key in entry}
    assert "eval_multilingual_AP" in measured
    assert "eval_monolingual_AP" not in measured, "a picture is in no language"


def test_splits_join(toy_corpus: ParallelCorpus) -> None:
    both = union_of_splits(toy_corpus, ["dev", "train"])
    assert both.groups is not None
    assert both.groups.tolist() == list(range(120))
    with pytest.raises(CorpusError, match="no split 'test'"):
        union_of_splits(toy_corpus, ["test"])


def test_questions_with_their_translations_are_a_symmetric_corpus(toy_corpus: ParallelCorpus) -> None:
    queries = parallel_queries(toy_corpus)
    assert queries.info.symmetric
    assert queries.name == "toy-queries"
    rows = toy_corpus.judgements("train").query_rows
    assert queries.query_texts(np.arange(len(rows), dtype=np.int32)) == toy_corpus.query_texts(rows)
    assert queries.document_texts(np.arange(len(rows), dtype=np.int32)) == toy_corpus.query_texts(rows)
    assert queries.documents["title"].null_count == len(rows)


def test_several_corpora_are_joined_under_train(toy_corpus: ParallelCorpus, toml: Path) -> None:
    from dataclasses import replace

    part = read_config(toml, ExperimentConfig).corpora[0]
    joined = training_corpus(
        [replace(part, splits=("dev",)), replace(part, splits=("train", "dev"), side="queries")],
        [toy_corpus, toy_corpus],
    )
    assert list(joined.splits) == ["train"]
    groups = joined.split("train").groups
    assert groups is not None
    assert len(groups) == 20 + 120
    assert not joined.info.symmetric
