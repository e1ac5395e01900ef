"""Made-up results with everything that a report can show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

import numpy as np
import pytest

from isoglot.evaluation.examples import Example, Placed
from isoglot.evaluation.results import Comparison, Result, Results

LANGUAGES = ("ar", "de", "el", "en", "es", "hi", "ru", "th", "tr", "vi", "yo", "zh")
MODELS = ("minilm-l12", "xlm-r-hybrid", "labse")
SPREAD_MEASURES = {"rank_distance": 250.0, "worst_rank": 300.0}
SIGNED_MEASURES = {
    "same_language_preference@10": 0.3,
    "same_language_preference_relevant@10": 0.05,
    "english_preference@10": 0.02,
}
SHARE_MEASURES = {"language_preference_rate": 0.6, "lang_nDCG@10": 0.7, "PEER@20": 0.4, "MRC@10": 0.5}
ARABIC = "ما هي عاصمة البلاد التي وُلد فيها مكتشف البنسلين؟"
CHINESE = "青霉素的发现者出生于哪个国家的首都？"
LONG = "Der Bericht nennt drei Gründe, aus denen die Brücke im Winter gesperrt bleibt. " * 12


class Page(HTMLParser):
    """Tags, attributes and visible text of a page; checks that tags are closed in order."""

    void = frozenset({"img", "meta", "path", "rect"})

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text = [], [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


class Maker:
    """Records of one model on one corpus, the same for the same seed."""

    def __init__(self, model: str, corpus: str, shift: float, media: tuple[str, str] = ("text", "text")):
        self.about = (model, corpus, "test")
        self.media = media
        self.shift = shift
        self.rng = np.random.default_rng(int(100 * shift + 50))

    def one(self, setting, query, document, measure, value, half=0.02) -> Result:
        value = float(value + self.shift)
        low, high = (None, None) if half is None else (value - half, value + half)
        return Result(*self.about, setting, query, document, *self.media, measure, value, 40, low, high)

    def noise(self) -> float:
        return float(self.rng.uniform(-0.08, 0.08))


def retrieval(make: Maker, languages: tuple[str, ...]) -> Iterator[Result]:
    for measure, level in (("AP", 0.7), ("nDCG@10", 0.75), ("R@100", 0.85)):
        for setting in ("monolingual", "cross_lingual", "multilingual"):
            level -= 0.1
            yield make.one(setting, "*", "*", measure, level)
            for query in languages:
                target = query if setting == "monolingual" else "*"
                yield make.one(setting, query, target, measure, level + make.noise())
        for query in languages:
            for document in languages:
                if query != document:
                    yield make.one("cross_lingual", query, document, measure, 0.5 + 2 * make.noise())
    yield from bias(make, languages)
    for setting in ("monolingual", "cross_lingual", "multilingual"):
        yield make.one(setting, "*", "*", "AP_transfer_gap", 0.1)
        yield make.one(setting, "*", "*", "AP_low_resource", 0.45)
        yield make.one(setting, "*", "*", "AP_unseen", 0.35)


def bias(make: Maker, languages: tuple[str, ...]) -> Iterator[Result]:
    for query in languages:
        for document in languages:
            own = 0.35 if query == document else 0.0
            yield make.one("multilingual", query, document, "AP", 0.3 + own + make.noise())
    for name, level in (SPREAD_MEASURES | SIGNED_MEASURES | SHARE_MEASURES).items():
        scale, half = (1000, 20) if name in SPREAD_MEASURES else (1, 0.03)
        for query in ("*", *languages):
            yield make.one("multilingual", query, "*", name, level + scale * make.noise(), half)
    yield make.one("multilingual", "*", "*", "random_rank_distance", 10846, None)
    yield make.one("multilingual", "*", "*", "diagonal_excess", 0.35)


def pairs(make: Maker, languages: tuple[str, ...]) -> Iterator[Result]:
    for measure in ("spearman", "accuracy", "accuracy_probe", "macro_F1_probe", "F1", "AP"):
        for setting in ("monolingual", "cross_lingual", "multilingual"):
            yield make.one(setting, "*", "*", measure, 0.7)
        for query in languages:
            yield make.one("monolingual", query, query, measure, 0.75 + make.noise())
            for document in languages:
                if query != document:
                    yield make.one("cross_lingual", query, document, measure, 0.6 + make.noise())


def tags(make: Maker, languages: tuple[str, ...]) -> Iterator[Result]:
    """Of photographs, which have no language."""
    for measure in ("mAP", "AP", "micro_F1", "macro_F1", "macro_F1_probe"):
        yield make.one("cross_lingual", "*", "*", measure, 0.5)
        for language in languages:
            yield make.one("cross_lingual", "*", language, measure, 0.5 + make.noise())


def bitext(make: Maker, languages: tuple[str, ...]) -> Iterator[Result]:
    for measure in ("tatoeba_accuracy", "margin_accuracy", "mining_F1", "mining_F1_oracle"):
        yield make.one("cross_lingual", "*", "*", measure, 0.8)
        for language in languages:
            if language != "en":
                yield make.one("cross_lingual", language, "en", measure, 0.8 + make.noise())
                yield make.one("cross_lingual", "en", language, measure, 0.8 + make.noise())
                yield make.one("cross_lingual", language, "*", measure, 0.8 + make.noise())


def comparisons(results: Results, baseline: str) -> Iterator[Comparison]:
    """Every value of AP against the same of the baseline; small differences are luck."""
    names = ("corpus", "split", "setting", "query_language", "document_language")
    names += ("query_modality", "document_modality", "measure")
    of_baseline = {tuple(getattr(r, n) for n in names): r for r in results.records if r.model == baseline}
    for record in results.records:
        in_matrix = record.setting == "multilingual" and record.document_language != "*"
        other = of_baseline.get(key := tuple(getattr(record, name) for name in names))
        if record.model != baseline and other and record.measure == "AP" and not in_matrix:
            change = record.value - other.value + 0.02 * (len(record.query_language + record.corpus) % 3 - 1)
            p_value = 0.0004 if abs(change) > 0.03 else 0.3
            rest = (change, 40, change - 0.02, change + 0.02, p_value, min(1.0, 2 * p_value))
            yield Comparison(record.model, baseline, *key, *rest)


def examples(model: str, corpus: str) -> tuple[Example, ...]:
    """An Arabic, a Chinese and a German query; short and long texts, a photograph."""
    above = (
        Placed(1, "ar-7", "ar", "text", "وُلد العالم في مدينة صغيرة عام 1881.", False),
        Placed(2, "en-9", "en", "text", "The bridge <b>stays</b> closed & guarded.", False),
        Placed(3, "de-1", "de", "text", LONG, False),
        Placed(4, "photo", None, "image", "media/bridges/0001.jpg", False),
    )
    best = Placed(1234, "zh-3", "zh", "text", "他出生在苏格兰的一个农场。", True)
    near = Placed(3, "ar-3", "ar", "text", "المدينة عاصمة البلاد.", True)
    return (
        Example(model, corpus, "test", "q-ar-1", "ar", ARABIC, best, above),
        Example(model, corpus, "test", "q-de-1", "de", LONG, best, above),
        Example(model, corpus, "test", "q-zh-1", "zh", CHINESE, near, above[:2]),
    )


def config(model: str, corpus: str, languages: tuple[str, ...]) -> dict[str, object]:
    return {
        "model": model, "corpus": corpus, "split": "test", "similarity": "cosine", "corpus_version": "1",
        "num_queries": 480, "num_documents": 13014, "languages": list(languages), "seed": 0,
        "num_resamples": 1000, "versions": {"isoglot": "0.1.0", "numpy": "2.0"},
        "transfer": {"source": "en", "low_resource": ["yo"], "unseen": ["el"]},
    }  # fmt: skip


def build(
    models: tuple[str, ...] = MODELS,
    languages: tuple[str, ...] = LANGUAGES,
    corpora: tuple[str, ...] = ("questions", "photographs", "sentences", "translations", "labels"),
) -> Results:
    """Results on a text corpus, one with two directions between media, of pairs, translations and tags."""
    records: list[Result] = []
    for number, model in enumerate(models):
        shift = 0.02 * number
        if "questions" in corpora:
            records += retrieval(Maker(model, "questions", shift), languages)
        if "photographs" in corpora:
            records += retrieval(Maker(model, "photographs", shift, ("text", "image")), languages[:4])
            records += retrieval(Maker(model, "photographs", shift - 0.1, ("image", "text")), languages[:4])
        if "sentences" in corpora:
            records += pairs(Maker(model, "sentences", shift), languages)
        if "translations" in corpora:
            records += bitext(Maker(model, "translations", shift), languages)
        if "labels" in corpora:
            records += tags(Maker(model, "labels", shift, ("image", "text")), languages)
    results = Results(tuple(records))
    return Results(
        results.records,
        tuple(config(model, corpus, languages) for corpus in corpora for model in models),
        comparisons=tuple(comparisons(results, models[0])),
        examples=tuple(e for model in models for e in examples(model, corpora[0])),
    )


@pytest.fixture(scope="session")
def build_results() -> Callable[..., Results]:
    """The maker of results: models, languages and corpora to make them of."""
    return build


@pytest.fixture(scope="session")
def everything() -> Results:
    """Three models, twelve languages, five corpora of different kinds."""
    return build()


@pytest.fixture(scope="session")
def read_page() -> Callable[[str], Page]:
    """The parser of pages."""
    return Page
