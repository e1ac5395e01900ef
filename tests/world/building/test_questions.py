"""Questions: answered by exactly what entails them, and never by a held-out scene in training."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest

from isoglot.evaluation import evaluate
from isoglot.retrieval import Embeddings
from isoglot.world.building import build_world_corpus
from isoglot.world.building.groups import draw_groups
from isoglot.world.building.options import WorldOptions
from isoglot.world.building.questions import ask, find_answers, read_questions, word
from isoglot.world.saying import SAID_LANGUAGES, read_caption
from isoglot.world.scenes.entailment import judge
from isoglot.world.scenes.meaning import meaning_code
from isoglot.world.scenes.scene import Melody

OPTIONS = WorldOptions(task="questions", groups=60, modalities=("text",), languages=("en", "ja", "sw"))
FIELDS = {"shape", "colour", "size", "texture", "motion", "pitch", "contour", "timbre", "rhythm"}


@pytest.fixture(scope="module")
def groups():
    return draw_groups(OPTIONS)


@pytest.fixture(scope="module")
def questions(groups):
    return ask(groups, seed=0)


@pytest.fixture(scope="module")
def corpus():
    return build_world_corpus(task="questions", groups=60, languages="en,ja,sw", low_resource="sw:0.2")


def test_every_language_can_ask_for_every_value() -> None:
    words = read_questions()
    assert set(words) == set(SAID_LANGUAGES)
    for language, of_language in words.items():
        assert set(of_language) == FIELDS, language
        assert len(set(of_language.values())) == len(FIELDS), language


def test_every_judged_scene_is_asked_about_in_one_question_of_its_own(groups, questions) -> None:
    judged = [group.code for group in groups if group.split is not None]
    assert sorted(question.group.code for question in questions) == sorted(judged)
    assert len({question.code for question in questions}) == len(questions)
    assert {question.field for question in questions} >= {"shape", "colour", "texture", "motion", "timbre"}


def test_a_question_says_all_but_what_it_asks_for(questions) -> None:
    for question in questions:
        assert judge(question.group.said, question.said) == "entailment"
        assert meaning_code(question.said) != question.group.code
        of = question.said if question.field != "motion" and not isinstance(question.said, Melody) else None
        holders = of.things if of is not None else (question.said,)
        assert any(getattr(each, question.field) is None for each in holders)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_question_is_its_words_and_a_caption_of_the_rest(questions, language) -> None:
    for question in questions:
        text = word(question, language, seed=0)
        asked = read_questions()[language][question.field]
        assert text.startswith(asked)
        assert meaning_code(read_caption(text.removeprefix(asked).strip(), language)) == meaning_code(
            question.said
        )


def test_answers_are_all_that_entail_the_question_and_nothing_else(groups, questions) -> None:
    for question, answers in zip(questions, find_answers(questions, groups), strict=True):
        wanted = {
            group.code
            for group in groups
            if isinstance(group.said, Melody) == isinstance(question.said, Melody)
            and judge(group.said, question.said) == "entailment"
            and (question.group.split != "train" or group.split == "train")
        }
        assert {group.code for group in answers} == wanted
        assert question.group.code in wanted


def test_a_near_miss_that_answers_is_an_answer(groups, questions) -> None:
    found = zip(questions, find_answers(questions, groups), strict=True)
    assert any(group.split is None for _, answers in found for group in answers)


def test_the_corpus_judges_every_language_of_every_answer(corpus, questions, groups) -> None:
    relevant = defaultdict(set)
    judged = corpus.judgements("test")
    names = corpus.documents["doc_id"].to_pylist()
    for query, document in zip(judged.pair_query_rows.tolist(), judged.document_rows.tolist(), strict=True):
        relevant[corpus.query(query).query_id].add(names[document])
    of_test = [question for question in questions if question.group.split == "test"]
    train = {group.code for group in groups if group.split == "train"}
    for question, answers in zip(of_test, find_answers(of_test, groups), strict=True):
        for language in ("en", "ja", "sw"):
            found = relevant[f"{question.code}:{language}"]
            whole = {f"{group.code}:{tag}" for group in answers for tag in ("en", "ja", "sw")}
            assert {f"{question.group.code}:{tag}" for tag in ("en", "ja", "sw")} <= found <= whole
            assert all(name.endswith(":sw") and name.removesuffix(":sw") in train for name in whole - found)


def test_training_questions_have_training_answers_in_the_languages_of_training(corpus) -> None:
    judged = corpus.judgements("train")
    codes = {corpus.document(row).group_id for row in set(judged.document_rows.tolist())}
    held_out = {
        corpus.document(row).group_id for s in ("dev", "test") for row in corpus.judgements(s).document_rows
    }
    drawn = {group.code: group.split for group in draw_groups(replace(OPTIONS))}
    assert {drawn[code] for code in codes} == {"train"}
    assert {drawn[code] for code in held_out} >= {"dev", "test"}
    languages = [corpus.query(row).language for row in judged.query_rows.tolist()]
    assert (languages.count("en"), languages.count("sw")) == (45, 9)


def test_a_model_that_knows_what_entails_what_finds_everything(corpus) -> None:
    """A question's vector is the sum of its answers' axes."""
    import numpy as np

    codes = sorted(set(corpus.documents["group_id"].to_pylist()))
    axes = dict(zip(codes, np.eye(len(codes), dtype=np.float32), strict=True))
    documents = np.stack([axes[code] for code in corpus.documents["group_id"].to_pylist()])
    judged = corpus.judgements("test")
    queries = np.zeros((corpus.queries.num_rows, len(codes)), np.float32)
    np.add.at(queries, judged.pair_query_rows, documents[judged.document_rows] > 0)
    vectors = Embeddings(
        corpus.queries["query_id"].to_pylist(),
        np.minimum(queries, 1),
        corpus.documents["doc_id"].to_pylist(),
        documents,
    )
    results = evaluate(vectors, corpus, measures=["AP"], num_resamples=2)
    values = [r.value for r in results.records if r.measure == "AP" and r.setting != "multilingual"]
    assert values
    assert set(values) == {1.0}
