"""A vocabulary of tags: what an item may be tagged with, and how each tag is called in some languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import CorpusError

EVERY_LANGUAGE = "*"
"""Stands for a language where a tag's vector is the mean over all of its languages."""


@dataclass(frozen=True)
class Label:
    """What a tag is called in one language.

    Attributes:
        text: The word or phrase.
        gloss: Which sense of it is meant, such as the `season` of `spring (season)`; None if it has but one.
    """

    text: str
    gloss: str | None = None

    def __str__(self) -> str:
        return self.text if self.gloss is None else f"{self.text} ({self.gloss})"


@dataclass(frozen=True)
class Tag:
    """A tag: one meaning, called something in one language or several.

    Attributes:
        tag_id: Unique in a vocabulary.
        labels: Language -> label, in an order that counts: the first stands in for a language without one.
    """

    tag_id: str
    labels: Mapping[str, Label]

    def nearest(self, language: str) -> str:
        """The language whose label is shown for another; nothing is translated.

        Args:
            language: The language asked for, in canonical spelling.

        Returns:
            The language itself if the tag has a label in it; else a variety of it (`pt-BR` for `pt`), what it
            is a variety of, or a sister; else the first that the tag has.
        """
        if language in self.labels:
            return language
        family = language.partition("-")[0]
        kin = [each for each in self.labels if each.partition("-")[0] == family]
        return kin[0] if kin else next(iter(self.labels))


@dataclass(frozen=True)
class Vocabulary:
    """Tags to choose from.

    Attributes:
        name: What errors and records call it.
        tags: The tags.
    """

    name: str
    tags: tuple[Tag, ...]

    def __post_init__(self) -> None:
        problems = list(vocabulary_problems(self.tags, [self.name] * len(self.tags)))
        if not self.tags:
            problems.append(f"{self.name}: holds no tag; add some")
        if problems:
            raise CorpusError(problems)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages in which some tag has a label, in order of appearance."""
        return tuple(dict.fromkeys(language for tag in self.tags for language in tag.labels))


def vocabulary_problems(tags: Sequence[Tag], places: Sequence[str]) -> Iterator[str]:
    """What keeps some tags from being a vocabulary.

    Args:
        tags: The tags.
        places: (tags,) where each stands, for reports.

    Yields:
        One line for each id that is there twice, and each tag without a label, with an empty one, one in no
        language, or that is called just like another wherever it is called anything.
    """
    ids: dict[str, str] = {}
    called: dict[frozenset[tuple[str, Label]], str] = {}
    for tag, place in zip(tags, places, strict=True):
        if tag.tag_id in ids:
            yield f"{place}: tag {tag.tag_id!r} is there already, in {ids[tag.tag_id]}; remove or rename one"
        ids.setdefault(tag.tag_id, place)
        yield from _label_problems(tag, place)
        names = frozenset(tag.labels.items())
        twin = called.setdefault(names, tag.tag_id)
        if names and twin != tag.tag_id:
            text = "; ".join(f"{language} {label}" for language, label in tag.labels.items())
            yield (
                f"{place}: tags {twin!r} and {tag.tag_id!r} are called the same ({text}); tell them apart by "
                "a gloss, or remove one"
            )


def _label_problems(tag: Tag, place: str) -> Iterator[str]:
    if not tag.labels:
        yield f"{place}: tag {tag.tag_id!r} has no label in any language; give it one"
    for language, label in tag.labels.items():
        if not label.text.strip() or (label.gloss is not None and not label.gloss.strip()):
            yield f"{place}: tag {tag.tag_id!r} has an empty label or gloss in {language!r}; fill it"
        try:
            spelled = normalize_language(language)
        except CorpusError as error:
            yield f"{place}: tag {tag.tag_id!r}: {error}"
        else:
            if spelled != language:
                yield f"{place}: tag {tag.tag_id!r} has a label in {language!r}; spell it {spelled!r}"


def vocabulary_of(corpus: ParallelCorpus, languages: Iterable[str] | None = None) -> Vocabulary:
    """The tags of a corpus that was made for tagging: its documents, a group of them a tag.

    Args:
        corpus: The corpus.
        languages: Languages to keep; None keeps all.

    Returns:
        The vocabulary; the ids of tags are those of the groups, labels are texts of documents, without gloss.

    Raises:
        CorpusError: If a document is no text or in no group, or a tag has two names in a language; all
            problems at once.
    """
    kept = corpus if languages is None else corpus.select(document_languages=languages)
    problems = []
    labels: dict[str, dict[str, Label]] = {}
    for row in kept.documents.to_pylist():
        where = f"{corpus.name}: document {row['doc_id']!r}"
        if row["group_id"] is None or row["text"] is None or row["language"] is None:
            problems.append(f"{where} names no tag: it must have a text, a language and a group")
        elif row["language"] in labels.setdefault(row["group_id"], {}):
            problems.append(f"{where} is a second name of tag {row['group_id']!r} in a language; keep one")
        else:
            labels[row["group_id"]][row["language"]] = Label(row["text"])
    if problems:
        raise CorpusError(problems)
    return Vocabulary(corpus.name, tuple(Tag(tag_id, named) for tag_id, named in labels.items()))
