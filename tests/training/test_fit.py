"""Training: it learns, resumes exactly, and leaves a stock model with its record."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import TrainerCallback

from isoglot.batches import CrossLingual, Hybrid, Monolingual, Pooled, Scheme
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.encoders import build_static_encoder, build_transformer_encoder, train_subwords
from isoglot.errors import CheckpointError, ConfigError
from isoglot.training import ObjectiveSettings, TrainingSettings, fit
from isoglot.training.checkpoints import last_whole_checkpoint
from isoglot.training.fit import fit_parts
from isoglot.training.parts import TrainingPart

SETTINGS = TrainingSettings(steps=30, batch_size=16, learning_rate=0.02, checkpoint_every_steps=10)


def static_encoder(corpus: ParallelCorpus) -> SentenceTransformer:
    texts = corpus.document_texts(np.arange(corpus.documents.num_rows, dtype=np.int32))
    return build_static_encoder(train_subwords(texts, 400, model="bpe"), 32)


def weights(model: SentenceTransformer) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


class StopAt(TrainerCallback):
    """Kills the training after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt


def cross_lingual_rank(model: SentenceTransformer, corpus: ParallelCorpus) -> float:
    """Mean rank of the German document for an English query, over the dev groups."""
    judged = corpus.judgements("dev")
    names, codes = corpus.query_languages
    english = [row for row in judged.query_rows if names[codes[row]] == "en"]
    names, codes = corpus.document_languages
    german = np.flatnonzero(codes == names.index("de")).astype(np.int32)
    scores = (
        model.encode_query(corpus.query_texts(np.array(english)))
        @ model.encode_document(corpus.document_texts(german)).T
    )
    ranks = []
    for row, query in enumerate(english):
        column = np.flatnonzero(corpus.document_groups[german] == corpus.query_groups[query])
        if len(column):
            ranks.append(1 + int((scores[row] > scores[row, column[0]]).sum()))
    return float(np.mean(ranks))


def test_training_aligns_languages_on_unseen_groups(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    model = static_encoder(toy_corpus)
    before = cross_lingual_rank(model, toy_corpus)
    settings = TrainingSettings(steps=150, batch_size=32, learning_rate=0.05)
    trained = fit(model, toy_corpus, scheme=Hybrid(), output_dir=tmp_path / "model", settings=settings)
    after = cross_lingual_rank(trained, toy_corpus)
    assert before > 25  # of 91 documents: chance is 46
    assert after < 5


def test_the_model_loads_as_a_plain_sentence_transformer(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    trained = fit(
        static_encoder(toy_corpus), toy_corpus, scheme=Hybrid(), output_dir=tmp_path, settings=SETTINGS
    )
    loaded = SentenceTransformer(str(tmp_path), device="cpu")
    assert np.array_equal(loaded.encode_query(["en1 en2"]), trained.encode_query(["en1 en2"]))
    modules = json.loads((tmp_path / "modules.json").read_text())
    assert all(module["type"].startswith("sentence_transformers.") for module in modules)
    assert not (tmp_path / "checkpoints").exists()
    modes = {path.stat().st_mode for path in tmp_path.rglob("*") if path.is_file()}
    assert len(modes) == 1, "others can read one file of the model and not another"


def test_the_record_says_what_was_drawn(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    settings = TrainingSettings(steps=80, batch_size=4, learning_rate=0.02, seed=5)
    fit(
        static_encoder(toy_corpus),
        toy_corpus,
        scheme=Hybrid(0.25),
        output_dir=tmp_path,
        settings=settings,
        record={"note": "test"},
    )
    record = json.loads((tmp_path / "isoglot.json").read_text())
    assert record["finished"] is True
    assert record["scheme"] == {"name": "Hybrid", **asdict(Hybrid(0.25))}
    assert record["seed"] == 5
    assert record["config"] == {"note": "test"}
    drawn = record["provenance"]
    assert drawn["num_batches"] == 80 == sum(drawn["batches"].values())
    assert sum(drawn["pairs"].values()) == 80 * 4
    # Three standard deviations of a share of one quarter.
    assert drawn["share_monolingual"] == pytest.approx(0.25, abs=3 * math.sqrt(0.25 * 0.75 / 80))
    assert "## Training batches" in (tmp_path / "README.md").read_text()


@pytest.mark.parametrize("kind", ["static", "transformer"])
def test_an_interrupted_training_ends_bit_for_bit_like_an_undisturbed_one(
    toy_corpus: ParallelCorpus, tmp_path: Path, kind: str
) -> None:
    def fresh() -> SentenceTransformer:
        if kind == "static":
            return static_encoder(toy_corpus)
        tokenizer = train_subwords(["en1 en2 de1 de2 th1 th2"], 60, model="bpe")
        return build_transformer_encoder(tokenizer, layers=1, hidden_size=16, heads=2, max_tokens=16)

    settings = TrainingSettings(steps=12, batch_size=8, learning_rate=0.01, checkpoint_every_steps=4)

    def run(folder: Path, callbacks: list[Any] | None = None) -> SentenceTransformer:
        return fit(
            fresh(), toy_corpus, scheme=Hybrid(), output_dir=folder, settings=settings, callbacks=callbacks
        )

    undisturbed = run(tmp_path / "undisturbed")
    for step in (5, 11):
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "killed", [StopAt(step)])
    resumed = run(tmp_path / "killed")
    assert torch.equal(weights(resumed), weights(undisturbed))
    records = [
        json.loads((tmp_path / name / "isoglot.json").read_text()) for name in ("undisturbed", "killed")
    ]
    assert records[0]["provenance"] == records[1]["provenance"]


def test_a_torn_checkpoint_is_passed_over(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(
            static_encoder(toy_corpus),
            toy_corpus,
            scheme=Hybrid(),
            output_dir=tmp_path,
            settings=SETTINGS,
            callbacks=[StopAt(25)],
        )
    checkpoints = tmp_path / "checkpoints"
    assert last_whole_checkpoint(checkpoints) == checkpoints / "checkpoint-20"
    (checkpoints / "checkpoint-20" / "complete").unlink()
    with pytest.warns(UserWarning, match="checkpoint-20 is passed over: it was not written to its end"):
        assert last_whole_checkpoint(checkpoints) == checkpoints / "checkpoint-10"


def test_a_finished_training_is_not_repeated(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    first = fit(
        static_encoder(toy_corpus), toy_corpus, scheme=Hybrid(), output_dir=tmp_path, settings=SETTINGS
    )
    written = (tmp_path / "isoglot.json").stat().st_mtime_ns
    again = fit(
        static_encoder(toy_corpus),
        toy_corpus,
        scheme=Hybrid(),
        output_dir=tmp_path,
        settings=SETTINGS,
        callbacks=[StopAt(1)],
    )
    assert torch.equal(weights(first), weights(again))
    assert (tmp_path / "isoglot.json").stat().st_mtime_ns == written


def test_another_training_in_the_same_folder_is_refused(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    fit(static_encoder(toy_corpus), toy_corpus, scheme=Hybrid(), output_dir=tmp_path, settings=SETTINGS)
    with pytest.raises(CheckpointError, match="another scheme; choose another folder"):
        fit(
            static_encoder(toy_corpus),
            toy_corpus,
            scheme=Monolingual(),
            output_dir=tmp_path,
            settings=SETTINGS,
        )


def test_other_data_of_the_same_name_is_refused(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    fit(static_encoder(toy_corpus), toy_corpus, scheme=Hybrid(), output_dir=tmp_path, settings=SETTINGS)
    texts = toy_corpus.queries["text"].to_pylist()
    edited = pa.array([texts[0] + "!", *texts[1:]], pa.large_string())
    other = replace(toy_corpus, queries=toy_corpus.queries.set_column(4, "text", edited))
    with pytest.raises(CheckpointError, match="another checksums"):
        fit(static_encoder(toy_corpus), other, scheme=Hybrid(), output_dir=tmp_path, settings=SETTINGS)


def test_a_folder_of_something_else_is_refused(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(CheckpointError, match="not empty and holds no training"):
        fit(static_encoder(toy_corpus), toy_corpus, scheme=Hybrid(), output_dir=tmp_path, settings=SETTINGS)
    assert (tmp_path / "thesis.txt").read_text() == "do not lose me"


def test_all_settings_out_of_range_are_told_at_once(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    wrong = TrainingSettings(steps=0, batch_size=1, objective=ObjectiveSettings(temperature=-0.1))
    rules = r"steps must be >= 1, got 0\nbatch_size .*\nobjective\.temperature .* -0\.1"
    with pytest.raises(ConfigError, match=rules):
        fit(
            static_encoder(toy_corpus), toy_corpus, scheme=Hybrid(), output_dir=tmp_path / "m", settings=wrong
        )
    assert not (tmp_path / "m").exists()


def test_the_best_checkpoint_by_dev_measure_is_kept(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    values = iter([0.2, 0.9, 0.4])
    seen = []

    def evaluator(model: SentenceTransformer) -> dict[str, float]:
        seen.append(weights(model).clone())
        return {"mean_AP": next(values)}

    settings = TrainingSettings(steps=30, batch_size=16, learning_rate=0.02, evaluate_every_steps=10)
    trained = fit(
        static_encoder(toy_corpus),
        toy_corpus,
        scheme=CrossLingual(),
        output_dir=tmp_path,
        settings=settings,
        evaluator=evaluator,
    )
    assert torch.equal(weights(trained), seen[1])
    assert json.loads((tmp_path / "isoglot.json").read_text())["best_checkpoint_measure"] == 0.9


def test_the_record_reconciles_with_weights_and_alphas_of_all_parts(
    toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    asked = {"often": (0.75, 0.2), "seldom": (0.25, 0.8)}
    parts = [
        TrainingPart(toy_corpus, Hybrid(alpha), weight=weight, batch_size=4, name=name)
        for name, (weight, alpha) in asked.items()
    ]
    steps = 600
    settings = TrainingSettings(steps=steps, batch_size=4, learning_rate=0.01)
    fit_parts(static_encoder(toy_corpus), parts, output_dir=tmp_path, settings=settings)
    found = json.loads((tmp_path / "isoglot.json").read_text())["provenance"]["parts"]
    assert sum(part["num_batches"] for part in found.values()) == steps
    for name, (weight, alpha) in asked.items():
        drawn, monolingual = found[name]["num_batches"], found[name]["share_monolingual"]
        assert sum(found[name]["pairs"].values()) == 4 * drawn
        assert abs(drawn - weight * steps) < 4 * math.sqrt(steps * weight * (1 - weight))
        assert abs(monolingual - alpha) < 4 * math.sqrt(alpha * (1 - alpha) / drawn)


def test_terms_that_no_scheme_feeds_are_told(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    def run(scheme: Scheme) -> None:
        objective = ObjectiveSettings(alignment_weight=1.0, consistency_weight=0.5, translation_weight=0.5)
        settings = TrainingSettings(steps=1, batch_size=8, objective=objective)
        folder = tmp_path / type(scheme).__name__
        fit(static_encoder(toy_corpus), toy_corpus, scheme=scheme, output_dir=folder, settings=settings)

    with pytest.warns(UserWarning, match="^consistency_weight, alignment_weight, translation_weight: "):
        run(Hybrid())
    run(Pooled(num_answers=2))  # a warning would be an error


def test_an_encoder_of_another_build_is_refused(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    def run(dimension: int) -> None:
        model = build_static_encoder(train_subwords(["a b", "c d"], 100, model="bpe"), dimension)
        settings = TrainingSettings(steps=1, batch_size=4)
        fit(model, toy_corpus, scheme=CrossLingual(), output_dir=tmp_path, settings=settings)

    run(8)
    run(8)
    with pytest.raises(CheckpointError, match="another encoder; choose another folder"):
        run(4)


def test_a_learned_temperature_is_on_record(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    objective = ObjectiveSettings(temperature=0.1, learn_temperature=True)
    settings = TrainingSettings(steps=5, batch_size=8, learning_rate=0.05, objective=objective)
    fit(static_encoder(toy_corpus), toy_corpus, scheme=CrossLingual(), output_dir=tmp_path, settings=settings)
    learned = json.loads((tmp_path / "isoglot.json").read_text())["temperature"]
    assert 0.01 <= learned < 0.2
    assert learned != 0.1
    assert f"Temperature at the end: {learned}." in (tmp_path / "README.md").read_text()


def test_without_evaluations_on_the_way_the_finished_model_is_evaluated(
    toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    seen = []

    def evaluator(model: SentenceTransformer) -> dict[str, float]:
        seen.append(weights(model).clone())
        return {"mean_AP": 0.5}

    trained = fit(
        static_encoder(toy_corpus),
        toy_corpus,
        scheme=CrossLingual(),
        output_dir=tmp_path,
        settings=TrainingSettings(steps=4, batch_size=8, learning_rate=0.02),
        evaluator=evaluator,
    )
    assert len(seen) == 1
    assert torch.equal(weights(trained), seen[0])
    assert json.loads((tmp_path / "isoglot.json").read_text())["dev"] == [{"step": 4, "eval_mean_AP": 0.5}]


def test_a_scheme_that_does_not_fit_leaves_no_folder(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    english = toy_corpus.select(languages=["en"])
    with pytest.raises(ConfigError, match="no pair in two different languages"):
        fit(
            static_encoder(english),
            english,
            scheme=CrossLingual(),
            output_dir=tmp_path / "m",
            settings=SETTINGS,
        )
    assert not (tmp_path / "m").exists()


def test_an_unknown_dev_measure_is_named(toy_corpus: ParallelCorpus, tmp_path: Path) -> None:
    settings = replace(SETTINGS, evaluate_every_steps=10, measure="mean_ap")
    with pytest.raises(ConfigError, match="gives no 'mean_ap'; did you mean 'mean_AP'"):
        fit(
            static_encoder(toy_corpus),
            toy_corpus,
            scheme=Hybrid(),
            output_dir=tmp_path,
            settings=settings,
            evaluator=lambda model: {"mean_AP": 0.5},
        )


def test_what_the_encoder_cannot_do_is_refused_before_the_folder_is_claimed(
    toy_corpus: ParallelCorpus, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="mini_batch_size"):
        fit(
            static_encoder(toy_corpus),
            toy_corpus,
            scheme=Hybrid(),
            output_dir=tmp_path / "m",
            settings=replace(SETTINGS, mini_batch_size=4),
        )
    assert not (tmp_path / "m").exists()


def test_objectives_have_names() -> None:
    wrong = TrainingSettings(objective=ObjectiveSettings(consistency="varience", directions="bth"))  # type: ignore[arg-type]
    problems = "\n".join(wrong.problems())
    assert "objective.directions must be one of query_to_document, both, got bth" in problems
    assert "objective.consistency must be one of divergence, variance, got varience" in problems
