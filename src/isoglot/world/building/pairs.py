"""Labelled pairs: paraphrases among near misses as in PAWS-X, entailment as in XNLI, similarity as in STS.

A group is a sentence, that is a description in one of its wordings, in every language; two sentences of one
meaning are two groups. Labels follow from the meanings alone. No sentence of training means what one of dev
or test means, and none has a combination of values that is held out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.labelled import Task, label_pairs
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.world.building.groups import Group, draw_groups
from isoglot.world.building.media import Rendering
from isoglot.world.building.options import WorldOptions
from isoglot.world.choosing import choose, number_of, shuffled
from isoglot.world.saying import say
from isoglot.world.saying.checking import MIN_WORDINGS
from isoglot.world.scenes.changes import near_misses, one_word_changes
from isoglot.world.scenes.hypotheses import Inference, sample_inferences
from isoglot.world.scenes.meaning import meaning_code, paraphrases
from isoglot.world.scenes.scene import Melody, Scene
from isoglot.world.scenes.similarity import similarity
from isoglot.world.scenes.splits import SPLITS, Split, SplitPlan, plan_splits

Said = Scene | Melody
_NUM_TRIES = 8
"""How often inferences are drawn for a scene of which some may not be trained on."""
_SIMILARITIES = 2
"""Pairs with a similarity for each scene."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A description in one of the wordings that every language has.

    Attributes:
        said: What it says.
        wording: Which wording, from 0.
    """

    said: Said
    wording: int

    @property
    def code(self) -> str:
        """Its name; the group's id."""
        return f"{self.said.code}~{self.wording}"


@dataclass(frozen=True, slots=True)
class Labelled:
    """Two sentences and what holds of them.

    Attributes:
        task: What the label says.
        first: One sentence; the premise.
        second: The other; the hypothesis.
        label: Similarity, or the class by its name.
    """

    task: Task
    first: Sentence
    second: Sentence
    label: float | str


@dataclass
class _Collection:
    """The pairs so far.

    Attributes:
        plan: Which combinations are held out.
        meanings: Meaning -> the split that has it; at first, of the scenes themselves.
        pairs: Split -> its pairs.
        owners: Code of a sentence -> the first scene that has it.
    """

    plan: SplitPlan
    meanings: dict[str, Split]
    pairs: dict[Split, list[Labelled]] = field(default_factory=dict)
    owners: dict[str, tuple[Sentence, Group]] = field(default_factory=dict)

    def allows(self, said: Said, split: Split) -> bool:
        """Whether a description may stand in a split: nobody else's meaning, nobody else's combination."""
        allowed = {"train": ("train",), "dev": ("train", "dev"), "test": SPLITS}[split]
        return self.meanings.get(meaning_code(said), split) == split and self.plan.split_of(said) in allowed

    def add(self, group: Group, pairs: Sequence[Labelled]) -> None:
        """Takes the pairs of a scene."""
        assert group.split is not None
        self.pairs.setdefault(group.split, []).extend(pairs)
        for pair in pairs:
            for sentence in (pair.first, pair.second):
                self.owners.setdefault(sentence.code, (sentence, group))
                self.meanings[meaning_code(sentence.said)] = group.split


def build_pairs(options: WorldOptions, info: CorpusInfo) -> tuple[ParallelCorpus, list[Rendering]]:
    """The corpus; it has no files.

    For each scene there are a paraphrase and a near miss, three inferences with one premise, and two pairs
    with their similarity; fewer in train and dev, where what another split holds is left out.

    Args:
        options: The corpus.
        info: What it says of itself.

    Returns:
        The corpus with labelled pairs of all three tasks, and no judgements; and no files.

    Raises:
        ConfigError: If there are not so many scenes.
    """
    groups = [group for group in draw_groups(options) if group.split is not None]
    meanings = {group.code: group.split for group in groups if group.split is not None}
    found = _Collection(plan_splits(seed=options.seed), meanings)
    for split in reversed(SPLITS):
        of_split = [group for group in groups if group.split == split]
        for group in of_split:
            for make in (_paraphrases, _inferences, _similarities):
                found.add(group, make(group, of_split, found, options.seed))
    corpus = _said(found, groups, options, info)
    for split in SPLITS:
        for task in ("paraphrase", "entailment", "similarity"):
            of_task = [pair for pair in found.pairs[split] if pair.task == task]
            if of_task:
                lines = ((pair.first.code, pair.second.code, pair.label) for pair in of_task)
                corpus = label_pairs(corpus, split, task, lines)
    return corpus, []


def _said(
    found: _Collection, groups: Sequence[Group], options: WorldOptions, info: CorpusInfo
) -> ParallelCorpus:
    """Every sentence in the languages that its scene is said in."""
    training = [group.code for group in groups if group.split == "train"]
    builder = CorpusBuilder(info)
    spoken = {
        language: options.levels.spoken(language, training, (), seed=options.seed)
        for language in options.languages
    }
    for code, (sentence, owner) in found.owners.items():
        for language in options.languages:
            if owner.split != "train" or owner.code in spoken[language]:
                text = say(sentence.said, language, paraphrase=sentence.wording)
                builder.add_sentence(f"{code}:{language}", code, language, text)
    return builder.build()


def _worded(first: Said, second: Said, key: str) -> tuple[Sentence, Sentence]:
    """Two sentences in different wordings, whatever the two mean, so that wording tells nothing."""
    wording = number_of(f"{key}/first") % MIN_WORDINGS
    step = 1 + number_of(f"{key}/second") % (MIN_WORDINGS - 1)
    return Sentence(first, wording), Sentence(second, (wording + step) % MIN_WORDINGS)


def _allowed(candidates: Sequence[Said], group: Group, found: _Collection, key: str) -> Said | None:
    """One of some descriptions that may stand in a group's split."""
    assert group.split is not None
    by_code = {said.code: said for said in candidates}
    for code in shuffled(by_code, key):
        if found.allows(by_code[code], group.split):
            return by_code[code]
    return None


def _near_miss(group: Group, found: _Collection, key: str) -> Said | None:
    """A near miss in the same words, or else with another value."""
    lists = [near_misses(group.said)] if isinstance(group.said, Scene) else []
    for misses in (*lists, one_word_changes(group.said)):
        miss = _allowed([miss.said for miss in misses], group, found, key)
        if miss is not None:
            return miss
    return None


def _paraphrases(group: Group, _: Sequence[Group], found: _Collection, seed: int) -> list[Labelled]:
    """A paraphrase and a near miss; nothing where there is no near miss, so that both are equally many."""
    key = f"{seed}/{group.code}/paraphrase"
    miss = _near_miss(group, found, key)
    if miss is None:
        return []
    same = choose([group.said, *paraphrases(group.said)], key)
    return [
        Labelled("paraphrase", *_worded(group.said, same, f"{key}/same"), "1"),
        Labelled("paraphrase", *_worded(group.said, miss, f"{key}/miss"), "0"),
    ]


def _inferences(group: Group, _: Sequence[Group], found: _Collection, seed: int) -> list[Labelled]:
    """One inference of each judgement, or nothing."""
    key = f"{seed}/{group.code}/entailment"
    return [
        Labelled("entailment", *_worded(each.premise, each.hypothesis, f"{key}/{place}"), each.judgement)
        for place, each in enumerate(_triple(group, found, seed))
    ]


def _triple(group: Group, found: _Collection, seed: int) -> tuple[Inference, ...]:
    """Inferences of which all sentences may stand in a group's split; nothing where none were found."""
    assert group.split is not None
    for attempt in range(_NUM_TRIES):
        triple = sample_inferences([group.said], seed=number_of(f"{seed}/{attempt}"))
        descriptions = [said for each in triple for said in (each.premise, each.hypothesis)]
        if all(found.allows(said, group.split) for said in descriptions):
            return triple
    return ()


def _similarities(group: Group, of_split: Sequence[Group], found: _Collection, seed: int) -> list[Labelled]:
    """Pairs of some of four sorts, from those that mean the same to those that have little in common."""
    key = f"{seed}/{group.code}/similarity"
    makers: dict[str, Callable[[], Said | None]] = {
        "same": lambda: choose([group.said, *paraphrases(group.said)], key),
        "near_miss": lambda: _near_miss(group, found, key),
        "less": lambda: next((each.premise for each in _triple(group, found, seed)), None),
        "other": lambda: choose([g for g in of_split if g.medium == group.medium], key).said,
    }
    others = [(name, makers[name]()) for name in shuffled(makers, key)[:_SIMILARITIES]]
    return [
        Labelled("similarity", *_worded(group.said, other, f"{key}/{name}"), similarity(group.said, other))
        for name, other in others
        if other is not None
    ]
