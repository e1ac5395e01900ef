"""The review sheet: twenty facts in every language, for a speaker to read, and how much each language says.

Written by `python -m isoglot.world.sheet docs/world.md`; a test checks that the file is current.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from isoglot.corpora.parallel import ParallelCorpus
from isoglot.world.corpus import HELD_OUT, build_text_corpus, completeness, row_counts
from isoglot.world.saying.sheet import scenes_sheet

FACTS = (
    "currency/CH",
    "currency/JP",
    "currency/EG",
    "official_language/NL",
    "official_language/BR",
    "official_languages/BE",
    "capital/TH",
    "capital/GR",
    "region/AE",
    "region/PH",
    "country_code/TR",
    "domain/GB",
    "calling_code/FR",
    "driving_side/JP",
    "driving_side/US",
    "currency_code/SEK",
    "script/ru",
    "language_code/eu",
    "city_country/Australia/Sydney",
    "city_continent/Africa/Nairobi",
)
"""Chosen to show every relation, and the grammar of names with articles, plurals and compounds."""

HEADER = """\
# The built-in text corpus

`isoglot.world.build_text_corpus()` makes parallel questions and answers in fifteen languages from facts about
countries, currencies, languages and cities. Names come from the Unicode CLDR (through Babel), except where a
lexicon corrects them; wording and grammar come from `src/isoglot/world/lexicon/` and
`src/isoglot/world/grammar/`. Nothing is downloaded.

A group is a fact. In each language it has one question, in one of two wordings, and one passage. Other facts
about the same country, and the same fact about other countries, are its near misses. The splits hold out
facts: what a question of `test` or `dev` asks is never stated in `train`, but every country, currency,
language, city, region or script that it mentions occurs in `train` in another fact.

What a speaker should look for in the twenty facts below: wrong endings, wrong articles, a name that nobody
uses, a sentence that nobody would say. Each has a place to mend it, in `lexicon/`. No native
speaker has read them yet.

This file is written by `python -m isoglot.world.sheet docs/world.md`, here with CLDR {cldr}.
"""


def review_sheet(corpus: ParallelCorpus) -> str:
    """The sheet in Markdown.

    Args:
        corpus: What `build_text_corpus` returned.

    Returns:
        Counts, splits, the facts of `FACTS` and the scenes of `SHEET_SCENES` in every language.
    """
    from babel.core import get_global

    header = HEADER.format(cldr=get_global("cldr")["version"])
    return "\n".join([header, *_counts(corpus), *_facts(corpus), scenes_sheet()])


def _counts(corpus: ParallelCorpus) -> Iterator[str]:
    languages = corpus.languages
    yield f"## Counts\n\n{corpus.num_groups:,} facts; passages (and as many questions) by language:\n"
    yield f"| fact | {' | '.join(languages)} |"
    yield f"|---|{'---:|' * len(languages)}"
    table = row_counts(corpus)
    for relation, counts in table.items():
        yield f"| `{relation}` | {' | '.join(str(counts[language]) for language in languages)} |"
    totals = [sum(counts[language] for counts in table.values()) for language in languages]
    yield f"| all | {' | '.join(f'{total:,}' for total in totals)} |"
    yield f"| complete | {' | '.join(f'{share:.1%}' for share in completeness(corpus).values())} |"
    yield "\nA language lacks a fact if it has no fit name for something in it: `[without]` in its lexicon.\n"
    yield "| split | facts |\n|---|---:|"
    for split in ("train", *reversed(HELD_OUT)):
        groups = corpus.split(split).groups
        yield f"| `{split}` | {0 if groups is None else len(groups):,} |"


def _facts(corpus: ParallelCorpus) -> Iterator[str]:
    questions = _texts(corpus.queries)
    passages = _texts(corpus.documents)
    yield "\n## Twenty facts"
    for group in FACTS:
        yield f"\n### {group}\n\n| | question | passage |\n|---|---|---|"
        for language in corpus.languages:
            key = (group, language)
            if key in questions:
                yield f"| {language} | {questions[key]} | {passages[key]} |"
    yield ""


def _texts(table: pa.Table) -> dict[tuple[str, str], str]:
    columns = (table[name].to_pylist() for name in ("group_id", "language", "text"))
    return {(group, language): text for group, language, text in zip(*columns, strict=True)}


def main(path: str) -> None:
    """Writes the sheet.

    Args:
        path: The Markdown file to write.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    temporary.write_text(review_sheet(build_text_corpus()), encoding="utf-8")
    temporary.replace(target)


if __name__ == "__main__":
    main(sys.argv[1])
