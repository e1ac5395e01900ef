"""Translation dictionaries: read, induced from parallel texts, or made into neighbour tables by pivoting."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isoglot.corpora.languages import normalize_language
from isoglot.corpora.parallel import ParallelCorpus
from isoglot.corpora.sources import decode_lines
from isoglot.errors import ConfigError, CorpusError
from isoglot.files import whole_file
from isoglot.robustness.synonyms import NeighbourTable, one_file

_JOINERS = "\u200c\u200d"
_BASIC_PLANE = 0x10000
"""Marks beyond it, as of Chakma and Adlam, end a word: with them the search takes five times as long."""
_GROUPS_AT_ONCE = 2_000


@dataclass(frozen=True, eq=False)
class TranslationDictionary:
    """Words of one language and their translations into another.

    Attributes:
        source: Language of the words, a BCP 47 tag.
        target: Language of the translations.
        translations: Word -> one translation or more, none twice; the first is the one that was given first.
    """

    source: str
    target: str
    translations: Mapping[str, tuple[str, ...]]

    def reversed(self) -> TranslationDictionary:
        """The dictionary from the target language to the source language."""
        pairs = ((word, each) for word, found in self.translations.items() for each in found)
        return TranslationDictionary(
            self.target, self.source, _gathered((each, word) for word, each in pairs)
        )


def read_dictionary(path: str | Path, source: str, target: str) -> TranslationDictionary:
    """A dictionary from a file of two columns, such as MUSE's (Conneau et al. 2018, arXiv 1710.04087).

    Args:
        path: `.txt` or `.tsv`, maybe compressed (`.gz`, `.xz`): a word and a translation in each line, a tab
            or a space between them. A word stands in as many lines as it has translations. With a tab, the
            translation may have spaces.
        source: Language of the first column, in any spelling.
        target: Language of the second.

    Returns:
        The dictionary; what is there twice counts once.

    Raises:
        CorpusError: If the file cannot be read, is empty, or a line has no two columns; all problems at once.
    """
    tags = normalize_language(source), normalize_language(target)
    member = one_file(Path(path), r"[^/]*\.(?:txt|tsv)", "of two columns (.txt or .tsv)")
    problems: list[str] = []
    pairs = []
    for number, line in enumerate(decode_lines(member.data, member.place, problems), start=1):
        cells = line.split("\t") if "\t" in line else line.split(" ")
        word, translation = (cells[0].strip(), cells[1].strip()) if len(cells) == 2 else ("", "")
        if word and translation and " " not in word:
            pairs.append((word, translation))
        else:
            problems.append(
                f"{member.at(number)}: must be a word and its translation, with a tab or a space between, "
                f"got {line[:80]!r}; mend the line"
            )
    if not pairs and not problems:
        problems.append(f"{member.place}: the file is empty; download it again")
    if problems:
        raise CorpusError(problems)
    return TranslationDictionary(*tags, _gathered(pairs))


def write_dictionary(dictionary: TranslationDictionary, path: str | Path) -> None:
    """Writes a dictionary as `read_dictionary` reads it, with tabs; replaces the file whole.

    Args:
        dictionary: The dictionary.
        path: A `.tsv` file.
    """
    lines = [f"{word}\t{each}\n" for word, found in dictionary.translations.items() for each in found]
    with whole_file(path) as file:
        file.write("".join(lines).encode())


def induce_dictionary(
    corpus: ParallelCorpus,
    source: str,
    target: str,
    *,
    threshold: float = 0.5,
    min_groups: int = 2,
    max_translations: int = 4,
) -> TranslationDictionary:
    """A dictionary from the texts of a parallel corpus, by how often words occur in the same groups.

    A word and a translation are compared by Dice's coefficient 2 n(s, t) / (n(s) + n(t)) (Dice 1945), n the
    number of groups in which a word, or both, occur in their language. Words are lower-cased runs of letters
    and their marks.

    Args:
        corpus: Its groups have texts in both languages; other groups do not count.
        source: Language of the words, as the corpus calls it.
        target: Language of the translations.
        threshold: Lowest coefficient of a translation, above 0, up to 1: at 0.5, two words that each occur in
            n groups share half of them.
        min_groups: In how many groups a word, and a word with its translation, must occur together.
        max_translations: Translations of a word that are kept: those of the highest coefficient, ties in the
            order of their letters.

    Returns:
        The dictionary; words without translation are left out.

    Raises:
        ConfigError: If a number is out of range.
        CorpusError: If the corpus has no group with texts in both languages, or no two words are close
            enough.
    """
    rules = {
        f"threshold must be > 0 and <= 1, got {threshold}": 0 < threshold <= 1,
        f"min_groups must be >= 1, got {min_groups}": min_groups >= 1,
        f"max_translations must be >= 1, got {max_translations}": max_translations >= 1,
    }
    if problems := [rule for rule, holds in rules.items() if not holds]:
        raise ConfigError("\n".join(problems))
    sides = [_words_by_group(corpus, language) for language in (source, target)]
    shared = sorted(sides[0].keys() & sides[1].keys())
    if not shared:
        raise CorpusError(f"corpus {corpus.name!r} has no group with texts in {source!r} and in {target!r}")
    counted = _Counted.of([[side[group] for group in shared] for side in sides])
    translations = counted.translations(threshold, min_groups, max_translations)
    if not translations:
        raise CorpusError(
            f"corpus {corpus.name!r}: no word in {source!r} shares groups with one in {target!r} to a Dice "
            f"coefficient of {threshold}; lower threshold or min_groups"
        )
    return TranslationDictionary(source, target, translations)


def pivoted_neighbours(
    dictionary: TranslationDictionary, back: TranslationDictionary, table: NeighbourTable | None = None
) -> NeighbourTable:
    """A neighbour table of a language without one, by way of a language that has translations.

    The neighbours of a word are the translations back of its translations (Bannard and Callison-Burch 2005),
    and of their neighbours in the pivot language if a table of these is given.

    Args:
        dictionary: From the language of the table to the pivot language.
        back: The other way.
        table: Neighbours in the pivot language; None for none.

    Returns:
        The table, for words without spaces; one without such a neighbour is left out.

    Raises:
        ConfigError: If the languages do not fit together.
    """
    pivot = dictionary.target
    if (back.source, back.target) != (pivot, dictionary.source) or (table and table.language != pivot):
        raise ConfigError(
            f"a dictionary from {dictionary.source!r} to {pivot!r} needs one back and a table in {pivot!r}, "
            f"got {back.source!r} to {back.target!r}"
            + (f" and a table in {table.language!r}" if table else "")
        )
    near = table.neighbours if table else {}
    found = {}
    for word, pivots in dictionary.translations.items():
        met = [each for one in pivots for each in (one, *near.get(one, ()))]
        neighbours = dict.fromkeys(each for one in met for each in back.translations.get(one, ()))
        kept = tuple(each for each in neighbours if each != word and " " not in each)
        if kept and " " not in word:
            found[word] = kept
    return NeighbourTable(dictionary.source, found)


def _gathered(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Word -> its translations in the order of the pairs."""
    found: dict[str, dict[str, None]] = {}
    for word, translation in pairs:
        found.setdefault(word, {})[translation] = None
    return {word: tuple(each) for word, each in found.items()}


@cache
def _words() -> re.Pattern[str]:
    """Runs of letters, with the marks on them, and hyphens and apostrophes inside."""
    marks = "".join(filter(lambda each: unicodedata.category(each)[0] == "M", map(chr, range(_BASIC_PLANE))))
    run = rf"(?:[^\W\d_][{marks}{_JOINERS}]*)+"
    return re.compile(rf"{run}(?:['’-]{run})*")


def _words_by_group(corpus: ParallelCorpus, language: str) -> dict[int, list[str]]:
    """Group -> the words of its texts in a language, queries and documents alike, each once."""
    found: dict[int, dict[str, None]] = {}
    for (names, codes), groups, texts, modalities in (
        (corpus.query_languages, corpus.query_groups, corpus.query_texts, corpus.query_modalities),
        (
            corpus.document_languages,
            corpus.document_groups,
            corpus.document_texts,
            corpus.document_modalities,
        ),
    ):
        if language not in names or "text" not in modalities[0]:
            continue
        chosen = (
            (codes == names.index(language)) & (modalities[1] == modalities[0].index("text")) & (groups >= 0)
        )
        rows = np.flatnonzero(chosen).astype(np.int32)
        for group, text in zip(groups[rows].tolist(), texts(rows), strict=True):
            found.setdefault(group, {}).update(dict.fromkeys(_words().findall(text.lower())))
    return {group: list(words) for group, words in found.items()}


@dataclass(frozen=True, eq=False)
class _Counted:
    """Words of both sides, and in how many groups they and pairs of them occur.

    Attributes:
        words: Of either side, by code.
        counts: Groups of each.
        pairs: (n, 2) codes of words that share a group.
        shared: (n,) how many they share.
    """

    words: tuple[list[str], list[str]]
    counts: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
    pairs: npt.NDArray[np.int64]
    shared: npt.NDArray[np.int64]

    @classmethod
    def of(cls, sides: Sequence[list[list[str]]]) -> _Counted:
        """Counts the words of both sides, group by group."""
        words = [sorted({word for group in side for word in group}) for side in sides]
        places = [{word: code for code, word in enumerate(each)} for each in words]
        coded = [
            [np.array([place[word] for word in group], np.int64) for group in side]
            for side, place in zip(sides, places, strict=True)
        ]
        counts = [
            np.bincount(np.concatenate(side), minlength=len(each))
            for side, each in zip(coded, words, strict=True)
        ]
        width = max(1, len(words[1]))
        keys, shared = np.empty(0, np.int64), np.empty(0, np.int64)
        for start in range(0, len(coded[0]), _GROUPS_AT_ONCE):
            met = [
                (left[:, None] * width + right).ravel()
                for left, right in zip(
                    *(side[start : start + _GROUPS_AT_ONCE] for side in coded), strict=True
                )
            ]
            fresh, number = np.unique(np.concatenate(met), return_counts=True)
            keys, at = np.unique(np.concatenate([keys, fresh]), return_inverse=True)
            shared = np.bincount(at, np.concatenate([shared, number]), len(keys)).astype(np.int64)
        pairs = np.stack([keys // width, keys % width], axis=1)
        return cls((words[0], words[1]), (counts[0], counts[1]), pairs, shared)

    def translations(self, threshold: float, min_groups: int, most: int) -> dict[str, tuple[str, ...]]:
        """Word -> translations of the highest coefficient, best first."""
        left, right = self.pairs.T
        dice = 2 * self.shared / (self.counts[0][left] + self.counts[1][right])
        kept = np.flatnonzero((dice >= threshold) & (self.shared >= min_groups))
        kept = kept[np.lexsort((right[kept], -dice[kept], left[kept]))]
        found = _gathered((self.words[0][left[at]], self.words[1][right[at]]) for at in kept)
        return {word: each[:most] for word, each in found.items()}
