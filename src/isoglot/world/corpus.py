"""The built-in text corpus: parallel questions and passages about the facts of the world, and its splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import match_languages
from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.world.choosing import choose, number_of
from isoglot.world.facts import Entity, Fact, read_facts
from isoglot.world.lexicons import LANGUAGES
from isoglot.world.names import Names
from isoglot.world.wording import word_fact

INFO = CorpusInfo(
    name="world-text",
    licence="Apache-2.0; names from the Unicode CLDR (Unicode-3.0)",
    description="Questions and one-sentence answers about countries, currencies, languages and cities.",
)
HELD_OUT = {"test": 0.15, "dev": 0.10}
"""Share of the facts of each relation that a split holds out of training."""


def build_text_corpus(*, languages: Iterable[str] | None = None, seed: int = 0) -> ParallelCorpus:
    """The built-in text corpus.

    A group is a fact; it has one question and one passage in every language that can name all that it
    mentions. Splits are by group: what is asked in `test` and `dev` is never stated in `train`, but
    everything that it mentions occurs there in other facts.

    Args:
        languages: Tags to speak, among `LANGUAGES`; None for all. Splits do not depend on it.
        seed: Chooses the facts that are held out, and which wording a question and a passage get.

    Returns:
        The corpus, with the splits `train`, `dev` and `test`. The same seed gives the same corpus.

    Raises:
        CorpusError: If a tag names no language of the world.
    """
    spoken = LANGUAGES if languages is None else match_languages(languages, LANGUAGES)
    facts = read_facts()
    split_of = split_facts(facts, seed=seed)
    builder = CorpusBuilder(INFO)
    names = [Names(language) for language in sorted(spoken)]
    for fact in facts:
        worded = sum(_add(builder, fact, each, seed) for each in names)
        if worded:
            builder.judge_group(split_of[fact.group_id], fact.group_id)
    return builder.build()


def _add(builder: CorpusBuilder, fact: Fact, names: Names, seed: int) -> bool:
    worded = word_fact(fact, names)
    if worded is None:
        return False
    language, group = names.lexicon.language, fact.group_id
    question = choose(worded.questions, f"{seed}/{group}/{language}/question")
    passage = choose(worded.passages, f"{seed}/{group}/{language}/passage")
    builder.add_query(f"{group}:{language}:q", group, language, question)
    builder.add_document(f"{group}:{language}:d", group, language, passage)
    return True


def split_facts(facts: Iterable[Fact], *, seed: int = 0) -> dict[str, str]:
    """Assigns every fact to a split.

    Args:
        facts: All facts.
        seed: Orders the facts that may be held out.

    Returns:
        Group id -> `train`, `dev` or `test`. Each relation gives its share to each split, as far as
        everything that a held-out fact names is left in another fact of `train`.
    """
    shuffled = sorted(facts, key=lambda fact: number_of(f"{seed}/{fact.group_id}"))
    left_in_train: Counter[Entity] = Counter(e for fact in shuffled for e in fact.entities)
    size = Counter(fact.relation for fact in shuffled)
    taken: Counter[tuple[str, str]] = Counter()
    splits: dict[str, str] = {}
    for fact in shuffled:
        split = "train"
        if all(left_in_train[e] > 1 for e in fact.entities):
            split = next(
                (
                    name
                    for name, share in HELD_OUT.items()
                    if taken[name, fact.relation] < share * size[fact.relation]
                ),
                "train",
            )
        if split != "train":
            left_in_train.subtract(fact.entities)
            taken[split, fact.relation] += 1
        splits[fact.group_id] = split
    return splits


def row_counts(corpus: ParallelCorpus) -> dict[str, dict[str, int]]:
    """How many passages each language has, by kind of fact.

    Args:
        corpus: What `build_text_corpus` returned.

    Returns:
        Relation -> language -> passages. A language that lacks a name has fewer.
    """
    counts: dict[str, dict[str, int]] = {}
    groups = corpus.documents["group_id"].to_pylist()
    languages = corpus.documents["language"].to_pylist()
    for group, language in zip(groups, languages, strict=True):
        relation = counts.setdefault(group.partition("/")[0], dict.fromkeys(corpus.languages, 0))
        relation[language] += 1
    return counts


def completeness(corpus: ParallelCorpus) -> dict[str, float]:
    """The share of all groups that each language speaks of.

    Args:
        corpus: What `build_text_corpus` returned.

    Returns:
        Language -> share, in 0..1.
    """
    counts = row_counts(corpus)
    return {
        language: sum(relation[language] for relation in counts.values()) / corpus.num_groups
        for language in corpus.languages
    }
