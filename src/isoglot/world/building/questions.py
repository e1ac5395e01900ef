"""Questions: one value of a scene is unsaid and asked for; whatever says the rest answers, whole in words.

"Which colour? A large striped shape is left of a star." A question stands before a description, in the words
of `questions.toml`, which agree with nothing; the description is the scene's without the value. Relevant is
every document from which the description follows by the exact semantics of the world
(`isoglot.world.scenes.entailment`): the scene that was asked about, and any other of which the rest is true,
whatever its value. Its group is the question and not the scene.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.world.building.captions import caption_pair
from isoglot.world.building.groups import Group, draw_groups
from isoglot.world.building.media import Rendering
from isoglot.world.building.options import WorldOptions
from isoglot.world.building.retrieval import spoken_groups
from isoglot.world.choosing import shuffled
from isoglot.world.scenes.changes import valid_scene
from isoglot.world.scenes.entailment import judge
from isoglot.world.scenes.meaning import MELODY_FIELDS, TAGS, THING_FIELDS, meaning_code, tags
from isoglot.world.scenes.scene import Melody, Scene

_UNSPACED = ("ja", "zh")
"""Languages whose marks bring their own space."""
_LOOSE = ("count:", "tones:", "contour:", "relation:larger_than")
"""Tags that a description may have although what it follows from has others: three tones are one, too."""


@dataclass(frozen=True, slots=True)
class Question:
    """A scene or a melody without one of its values.

    Attributes:
        field: What is asked for.
        said: The rest.
        group: What was asked about.
    """

    field: str
    said: Scene | Melody
    group: Group

    @property
    def code(self) -> str:
        """A name that is the same for all questions of the same meaning."""
        return f"{self.field}?{meaning_code(self.said)}"


def build_questions(options: WorldOptions, info: CorpusInfo) -> tuple[ParallelCorpus, list[Rendering]]:
    """The corpus; it has no files.

    Questions of dev and test are judged against all documents, those of train against the documents of train:
    no held-out scene is trained on.

    Args:
        options: The corpus.
        info: What it says of itself.

    Returns:
        The corpus, each question judged with all that answers it; and no files.

    Raises:
        ConfigError: If there are not so many scenes.
    """
    groups = draw_groups(options)
    spoken = spoken_groups(options, groups)
    builder = CorpusBuilder(info)
    for group in groups:
        for language in options.languages:
            if group.code in spoken[language]:
                text = caption_pair(group.said, language, f"{options.seed}/{group.code}")[1]
                builder.add_document(f"{group.code}:{language}", group.code, language, text)
    questions = ask(groups, seed=options.seed)
    for question, answers in zip(questions, find_answers(questions, groups), strict=True):
        _add(builder, question, answers, options, spoken)
    return builder.build(), []


def _add(
    builder: CorpusBuilder,
    question: Question,
    answers: Sequence[Group],
    options: WorldOptions,
    spoken: Mapping[str, frozenset[str]],
) -> None:
    answered = [
        f"{group.code}:{language}"
        for group in answers
        for language in options.languages
        if group.code in spoken[language]
    ]
    for language in options.languages:
        if question.group.code in spoken[language]:
            query_id = f"{question.code}:{language}"
            builder.add_query(query_id, question.code, language, word(question, language, seed=options.seed))
            for doc_id in answered:
                builder.judge(question.group.split or "", query_id, doc_id)


def word(question: Question, language: str, *, seed: int) -> str:
    """A question in a language.

    Args:
        question: The question.
        language: Its tag.
        seed: Chooses the wording of the description.

    Returns:
        What is asked, then the description.
    """
    rest = caption_pair(question.said, language, f"{seed}/{question.group.code}")[0]
    space = "" if language in _UNSPACED else " "
    return f"{read_questions()[language][question.field]}{space}{rest}"


@cache
def read_questions() -> Mapping[str, Mapping[str, str]]:
    """The words of questions: language -> field -> text."""
    text = (files("isoglot.world.building") / "questions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def ask(groups: Sequence[Group], *, seed: int) -> list[Question]:
    """A question about each scene that is judged, no two of which mean the same.

    Args:
        groups: All groups.
        seed: Chooses what is asked.

    Returns:
        Questions of test, dev and train. A scene of which every question is taken has none.
    """
    found: dict[str, Question] = {}
    for split in ("test", "dev", "train"):
        for group in groups:
            if group.split == split:
                possible = {question.code: question for question in _possible(group)}
                order = shuffled(possible, f"{seed}/{group.code}/question")
                free = next((code for code in order if code not in found), None)
                if free is not None:
                    found[free] = possible[free]
    return list(found.values())


def _possible(group: Group) -> Iterator[Question]:
    """Everything that can be asked about a scene: what it says, and could leave open."""
    for field, said in _unsaid(group.said):
        if said is not None and meaning_code(said) != group.code:
            yield Question(field, said, group)


def _unsaid(said: Scene | Melody) -> Iterator[tuple[str, Scene | Melody | None]]:
    if isinstance(said, Melody):
        for field in MELODY_FIELDS[1:]:
            yield field, replace(said, **_unset(field))
        return
    first, second = said.first, said.second
    for field in THING_FIELDS[:-1]:
        yield field, valid_scene(replace(first, **_unset(field)), second, said.relation, said.motion)
        if second is not None:
            yield field, valid_scene(first, replace(second, **_unset(field)), said.relation, said.motion)
    if said.motion not in (None, "crosses"):
        yield "motion", valid_scene(first, second, said.relation, None)


def _unset(field: str) -> dict[str, Any]:
    return {field: None}


def find_answers(questions: Sequence[Question], groups: Sequence[Group]) -> Iterator[list[Group]]:
    """What answers each question.

    Args:
        questions: The questions.
        groups: All that could.

    Yields:
        For each question the groups from which its description follows; of a question of train, those of
        train.
    """
    lacking = _tagged([question.said for question in questions]) @ ~_tagged([g.said for g in groups]).T
    for question, lacks in zip(questions, lacking, strict=True):
        yield [
            group
            for group in (groups[place] for place in np.flatnonzero(~lacks).tolist())
            if (question.group.split != "train" or group.split == "train")
            and isinstance(group.said, Melody) == isinstance(question.said, Melody)
            and judge(group.said, question.said) == "entailment"
        ]


def _tagged(said: Sequence[Scene | Melody]) -> npt.NDArray[np.bool_]:
    """(n, tags) which tags each has that whatever it follows from must have."""
    names = [tag for tag in TAGS if not tag.startswith(_LOOSE)]
    found = [set(tags(each)) for each in said]
    return np.array([[name in has for name in names] for has in found], dtype=bool)
