"""How well the language of a text is guessed, on aligned texts whose languages are known.

    python benchmarks/language_guess.py [tatoeba=FOLDER tico-19=FOLDER] [--texts N]

Each argument is a data set and the folder with its files; without any, these two, if they lie beside the
repository. Prints the share of texts whose language is right, whatever its script or region, over all
languages, over those that py3langid knows, and over texts of at most 20 characters among the latter; and over
such texts of ten large languages, also where it is told which ten.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from pathlib import Path

import py3langid.langid

from isoglot.corpora import read_corpus
from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError
from isoglot.search.detecting import guess_language

_DATA = Path(__file__).parents[2] / "shared" / "data"
BESIDE = {"tatoeba": _DATA / "tatoeba-laser", "tico-19": _DATA / "tico-19"}
SHORT_CHARS = 20


def sample(name: str, folder: str, num_texts: int) -> list[tuple[str, str]]:
    """Some texts of each language, each with its tag."""
    by_language: dict[str, list[str]] = defaultdict(list)
    documents = read_corpus(name, source=folder).documents.select(["language", "text"])
    for row in documents.to_pylist():
        by_language[row["language"]].append(row["text"])
    draw = random.Random(0)
    return [
        (language, text)
        for language, texts in by_language.items()
        for text in draw.sample(texts, min(num_texts, len(texts)))
    ]


def known_languages() -> set[str]:
    """Languages that can be guessed."""
    py3langid.classify("loads the model")
    known = set()
    for code in py3langid.langid.IDENTIFIER.nb_classes:
        try:
            known.add(normalize_language(str(code)))
        except CorpusError:
            continue
    return known


def share(texts: list[tuple[str, str]], among: set[str] | None = None) -> str:
    """The share that is guessed right, and of how many."""
    right = sum(guess_language(text, among) == language.split("-")[0] for language, text in texts)
    return f"{right / max(len(texts), 1):.3f} of {len(texts):,}"


def main() -> None:
    """Reads the arguments, and prints a line for each data set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    there = [f"{name}={folder}" for name, folder in BESIDE.items() if folder.is_dir()]
    parser.add_argument("sources", nargs="*", default=there, metavar="NAME=FOLDER")
    parser.add_argument("--texts", type=int, default=60, help="texts of each language")
    given = parser.parse_args()
    if not given.sources:
        print("nothing to read: name a data set and its folder")
        return
    known = known_languages()
    for source in given.sources:
        name, _, folder = source.partition("=")
        texts = sample(name, folder, given.texts)
        familiar = [(language, text) for language, text in texts if language.split("-")[0] in known]
        short = [(language, text) for language, text in familiar if len(text) <= SHORT_CHARS]
        few = {"ar", "de", "en", "es", "hi", "ja", "ru", "th", "tr", "zh"}
        of_few = [(language, text) for language, text in short if language.split("-")[0] in few]
        print(f"{name}: all {share(texts)}; known {share(familiar)}; short {share(short)}")
        print(f"  short, of ten languages: {share(of_few)}; told which ten: {share(of_few, few)}")


if __name__ == "__main__":
    main()
