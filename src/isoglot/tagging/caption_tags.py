"""A tagging task out of captions: words that captions agree on become tags of what is captioned.

No tagger, dictionary or list of stop words is used. The rule, with all counts on one split (`train`):

1. A word is two letters or more between others, in lower case; languages without spaces have no words here.
2. Tags are words of the pivot, the language with the most captions for each picture: the most frequent ones
   that independent captions agree on. Of a picture of a dog many captions say `dog`; which of them say `with`
   is chance. Agreement of a word is Cohen's kappa between two captions of a picture: how much more often the
   second has it if the first does than captions have it anyway, 1 being always.
3. A word of another language is the name of a tag if each is the other's best match by the pictures whose
   captions have them (Dice's coefficient).
4. A picture has a tag if one of its captions, in any language, has the tag's word in that language.

Captions do not say all that can be seen: many a picture has a tag that it is not judged to have, so that
precision is understated. Inflected forms are words of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.judgements import Rows
from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.errors import ConfigError, CorpusError

_WORD = re.compile(r"[^\W\d_]{2,}")

Captions = Mapping[str, Mapping[int, list[frozenset[str]]]]
"""Language -> group -> the words of each caption."""


@dataclass(frozen=True)
class CaptionTagRule:
    """When a word is a tag, and a word of another language its name.

    Attributes:
        num_tags: How many tags, at most.
        min_items: Pictures that must have a word in some caption.
        min_agreement: Least kappa between captions of a picture, below 1.
        min_dice: Least Dice coefficient of a tag and its name in another language, from 0 to 1.
    """

    num_tags: int = 200
    min_items: int = 30
    min_agreement: float = 0.35
    min_dice: float = 0.3

    def problems(self) -> list[str]:
        """What is out of range."""
        found = [
            f"{name} must be >= {least}, got {getattr(self, name)}"
            for name, least in (("num_tags", 2), ("min_items", 1))
            if getattr(self, name) < least
        ]
        if not self.min_agreement < 1:
            found.append(f"min_agreement must be below 1, got {self.min_agreement}")
        if not 0 <= self.min_dice <= 1:
            found.append(f"min_dice must be from 0 to 1, got {self.min_dice}")
        return found


def build_caption_tags(
    corpus: ParallelCorpus,
    *,
    split: str = "train",
    pivot: str | None = None,
    rule: CaptionTagRule | None = None,
) -> ParallelCorpus:
    """A corpus for `evaluate_tagging` and `calibrate` out of one that searches captions with pictures.

    Args:
        corpus: Pictures, videos or sounds as queries, captions of the same group as documents, several for
            each picture in one language at least.
        split: Where words are counted; the tags of the pictures of other splits do not change the tags.
        pivot: The language whose words are tags; None takes the one with the most captions.
        rule: What a tag must be.

    Returns:
        The same items in the same splits, and one document for each tag and language that names it; the group
        of a tag is its word in the pivot.

    Raises:
        ConfigError: If the rule is out of range.
        CorpusError: If there is no such split, no captions or no such language, pictures have but one caption
            each in the pivot, or too few words are tags.
    """
    kept = rule or CaptionTagRule()
    if problems := kept.problems():
        raise ConfigError("\n".join(problems))
    captions = _read(corpus)
    counted = set(corpus.query_groups[corpus.judgements(split).query_rows].tolist())
    shown = {
        language: {group: words for group, words in of_group.items() if group in counted}
        for language, of_group in captions.items()
    }
    chosen = _choose_pivot(corpus, shown, pivot)
    tags = _content_words(shown[chosen], kept)
    if len(tags) < 2:
        raise CorpusError(
            f"{corpus.name}: captions in {chosen} agree on {len(tags)} words, and tagging needs two: lower "
            "min_items or min_agreement"
        )
    names = {tag: {chosen: tag} for tag in tags}
    for language in sorted(set(shown) - {chosen}):
        for tag, word in _matches(tags, _holders(shown[chosen]), _holders(shown[language]), kept.min_dice):
            names[tag][language] = word
    return _build(corpus, captions, names)


def _read(corpus: ParallelCorpus) -> Captions:
    """The words of all captions of pictures."""
    pictures = set(corpus.query_groups[_items_of(corpus)].tolist())
    captions: dict[str, dict[int, list[frozenset[str]]]] = {}
    columns = (corpus.documents[name].to_pylist() for name in ("language", "text"))
    for group, language, text in zip(corpus.document_groups.tolist(), *columns, strict=True):
        if group in pictures and text is not None and language is not None:
            words = frozenset(_WORD.findall(text.lower()))
            captions.setdefault(language, {}).setdefault(group, []).append(words)
    if not captions:
        raise CorpusError(f"{corpus.name}: no text has the group of a picture; give captions as documents")
    return captions


def _items_of(corpus: ParallelCorpus) -> Rows:
    """Rows of the queries that are no texts."""
    names, codes = corpus.query_modalities
    return np.flatnonzero(np.array(names)[codes] != "text").astype(np.int32)


def _choose_pivot(corpus: ParallelCorpus, captions: Captions, wanted: str | None) -> str:
    sizes = {
        language: sum(map(len, of_group.values())) / max(1, len(of_group))
        for language, of_group in captions.items()
    }
    chosen = max(sorted(sizes), key=sizes.__getitem__) if wanted is None else normalize_language(wanted)
    if chosen not in sizes:
        raise CorpusError(f"{corpus.name}: no caption in {chosen!r}; there is {', '.join(sorted(sizes))}")
    if not sizes[chosen] > 1:
        raise CorpusError(
            f"{corpus.name}: a picture has but one caption in {chosen!r}, so that none can agree; read more"
        )
    return chosen


def _content_words(captions: Mapping[int, list[frozenset[str]]], rule: CaptionTagRule) -> list[str]:
    """Words that captions agree on, those of the most pictures first, then in order of the alphabet."""
    num_captions = sum(map(len, captions.values()))
    said, again, chances, pictures = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for several in captions.values():
        for word, count in Counter(word for words in several for word in words).items():
            said[word] += count
            again[word] += count * (count - 1)
            chances[word] += count * (len(several) - 1)
            pictures[word] += 1
    found = []
    for word, number in sorted(pictures.items(), key=lambda entry: (-entry[1], entry[0])):
        share = said[word] / num_captions
        if number < rule.min_items or not chances[word] or share == 1:
            continue
        kappa = (again[word] / chances[word] - share) / (1 - share)
        if kappa >= rule.min_agreement:
            found.append(word)
    return found[: rule.num_tags]


def _holders(captions: Mapping[int, list[frozenset[str]]]) -> dict[int, frozenset[str]]:
    """Group -> words of its captions together."""
    return {group: frozenset().union(*several) for group, several in captions.items()}


def _matches(
    tags: Iterable[str],
    first: Mapping[int, frozenset[str]],
    second: Mapping[int, frozenset[str]],
    least: float,
) -> list[tuple[str, str]]:
    """Tags with their words in another language: each the other's best by Dice over groups that have both."""
    common = first.keys() & second.keys()
    wanted = set(tags)
    both: Counter[tuple[str, str]] = Counter()
    ours, theirs = Counter[str](), Counter[str]()
    for group in common:
        mine = first[group] & wanted
        ours.update(mine)
        theirs.update(second[group])
        both.update(product(mine, second[group]))
    dice = {pair: 2 * count / (ours[pair[0]] + theirs[pair[1]]) for pair, count in both.items()}
    best_word: dict[str, tuple[float, str]] = {}
    best_tag: dict[str, tuple[float, str]] = {}
    for (tag, word), value in dice.items():
        best_word[tag] = max(best_word.get(tag, (0.0, "")), (value, word))
        best_tag[word] = max(best_tag.get(word, (0.0, "")), (value, tag))
    return [
        (tag, word)
        for tag, (value, word) in best_word.items()
        if value >= least and best_tag[word] == (value, tag)
    ]


def _build(
    corpus: ParallelCorpus, captions: Captions, names: Mapping[str, Mapping[str, str]]
) -> ParallelCorpus:
    builder = CorpusBuilder(replace(corpus.info, name=f"{corpus.name}-tags", symmetric=False))
    for tag, words in names.items():
        for language, word in words.items():
            builder.add_document(f"{tag}:{language}", tag, language, word)
    items = set(_items_of(corpus).tolist())
    splits = {
        name: sorted(items & set(corpus.judgements(name).query_rows.tolist())) for name in corpus.splits
    }
    rows = sorted({row for some in splits.values() for row in some})
    for row in rows:
        query = corpus.query(row)
        builder.add_query(
            query.query_id, query.group_id, query.language, None, modality=query.modality, path=query.path
        )
    said = {language: _holders(of_group) for language, of_group in captions.items()}
    ids = corpus.queries["query_id"].to_pylist()
    nothing = next(f"{tag}:{language}" for tag, words in names.items() for language in words)
    for name, judged in splits.items():
        for row in judged:
            held = {
                language: words.get(int(corpus.query_groups[row]), ()) for language, words in said.items()
            }
            has = [
                f"{tag}:{language}"
                for tag, words in names.items()
                if any(word in held[language] for language, word in words.items())
                for language in words
            ]
            for doc_id in has or [nothing]:  # an item without a tag is judged all the same
                builder.judge(name, ids[row], doc_id, int(bool(has)))
    return replace(builder.build(), media_root=corpus.media_root)
