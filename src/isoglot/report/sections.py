"""What a report shows of each corpus, from the headline to how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from isoglot.corpora.media_files import SkippedMedia
from isoglot.evaluation.curves import perturbed_names, unperturbed
from isoglot.evaluation.results import Results, slug
from isoglot.report.blocks import Block
from isoglot.report.headline import part_headline, part_title
from isoglot.report.paired import paired_blocks
from isoglot.report.parts import Part, build_parts
from isoglot.report.retrieval import retrieval_blocks
from isoglot.report.robustness import robustness_block
from isoglot.report.tables import TextTable, settings_of_parts
from isoglot.report.values import direction_slug
from isoglot.report.worst import examples_block


@dataclass(frozen=True)
class Direction:
    """What is shown of one part of a corpus: a direction between media, a kind of task.

    Attributes:
        title: Its heading; empty if the corpus has but one part.
        slug: What the names of its files begin with after the corpus; empty if the corpus has but one part.
        headline: Sentences.
        blocks: What is below it.
    """

    title: str
    slug: str
    headline: list[str]
    blocks: list[Block]


@dataclass(frozen=True)
class Section:
    """What is shown of one corpus.

    Attributes:
        corpus: Name.
        split: Which judged queries.
        overview: All directions at a glance; empty if there is one.
        directions: One after the other, never mixed.
        robustness: What perturbed queries cost; empty if none were measured.
        worst: Examples of the worst queries.
        facts: Name and value of what was measured and how.
    """

    corpus: str
    split: str
    overview: Block
    directions: list[Direction]
    robustness: Block
    worst: Block
    facts: list[tuple[str, str]]


def build_sections(results: Results) -> list[Section]:
    """The sections of a report.

    Args:
        results: The results.

    Returns:
        One for each corpus and split, in order of appearance.
    """
    plain = unperturbed(results)
    found = groupby(build_parts(plain), key=lambda part: (part.corpus, part.split))
    sections = [_section(plain, *key, list(parts)) for key, parts in found]
    if not perturbed_names(results):
        return sections
    blocks = (robustness_block(results.on({(each.corpus, each.split)})) for each in sections)
    return [replace(each, robustness=block) for each, block in zip(sections, blocks, strict=True)]


def build_overview(results: Results) -> Block:
    """The three settings on every corpus.

    Args:
        results: The results.

    Returns:
        The block; empty if there is one corpus.
    """
    title = "All corpora"
    parts = build_parts(unperturbed(results))
    if len({(part.corpus, part.split) for part in parts}) < 2:
        return Block(title)
    note = "Macro averages over languages or pairs of languages."
    return Block(title, note, _tables_by_measure(parts, corpus=True))


def _section(results: Results, corpus: str, split: str, parts: list[Part]) -> Section:
    examples = [e for e in results.examples if (e.corpus, e.split) == (corpus, split)]
    return Section(
        corpus,
        split,
        _overview(parts),
        [_direction(part, alone=len(parts) == 1) for part in parts],
        Block("Perturbed queries"),
        examples_block(examples),
        list(_facts(results, corpus, split)),
    )


def _overview(parts: list[Part]) -> Block:
    title = "All directions"
    if len(parts) < 2:
        return Block(title)
    note = "Query → document. Macro averages over languages or pairs of languages."
    return Block(title, note, _tables_by_measure(parts, corpus=False))


def _tables_by_measure(parts: list[Part], *, corpus: bool) -> tuple[TextTable, ...]:
    """A table of the settings for each measure that is some part's main one, of those parts."""
    measures = dict.fromkeys(part.main_measure for part in parts)
    found = []
    for measure in measures:
        of_measure = [part for part in parts if part.main_measure == measure]
        table = settings_of_parts(of_measure, measure, whole=False, corpus=corpus)
        found.append(replace(table, name=f"overview.{slug(measure)}"))
    return tuple(found)


def _direction(part: Part, *, alone: bool) -> Direction:
    build = retrieval_blocks if part.task == "retrieval" else paired_blocks
    blocks = [block for block in build(part) if block]
    slug = direction_slug(part.query_modality, part.document_modality)
    slug = slug if part.task == "retrieval" else f"{part.task}.{slug}"
    return Direction("" if alone else part_title(part), "" if alone else slug, part_headline(part), blocks)


def _facts(results: Results, corpus: str, split: str) -> Iterator[tuple[str, str]]:
    configs = [c for c in results.config if (c.get("corpus"), c.get("split")) == (corpus, split)]
    if not configs:
        return
    first = configs[0]
    yield "Corpus", f"{corpus}, version {first.get('corpus_version', '?')}, split {split}"
    for name, key in (("Queries", "num_queries"), ("Documents", "num_documents"), ("Pairs", "num_pairs")):
        if first.get(key):
            yield name, f"{first[key]:,}"
    if first.get("languages"):
        yield "Languages", " ".join(first["languages"])
    left_out = sum(int(row["num_queries"]) for row in first.get("left_out", []))
    if left_out:
        yield "Pairs of query and collection left out, as it holds no answer", f"{left_out:,}"
    if skipped := _skipped(configs):
        yield "Left out with media files that cannot be read; all values are over fewer", skipped
    yield from _method(first)
    similarities = {str(c.get("model")): str(c["similarity"]) for c in configs if c.get("similarity")}
    if similarities:
        yield "Similarity", ", ".join(f"{model}: {name}" for model, name in similarities.items())


def _skipped(configs: Sequence[Mapping[str, Any]]) -> str:
    """What each model was measured without; "" if that is nothing."""
    lacking: dict[str, list[str]] = {}
    for config in configs:
        record = config.get("skipped_media")
        told = "nothing" if record is None else SkippedMedia.of(record).count()
        lacking.setdefault(told, []).append(str(config.get("model")))
    if set(lacking) == {"nothing"}:
        return ""
    if len(lacking) == 1:
        return next(iter(lacking))
    return "; ".join(f"{', '.join(models)}: {told}" for told, models in lacking.items())


def _method(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if config.get("num_resamples"):
        resamples = f"{config['num_resamples']:,} resamples of groups"
        yield "Intervals", f"95 %, {resamples}, seed {config.get('seed')}"
    transfer = config.get("transfer") or {}
    for name, key in (("Source language", "source"), ("Low resource", "low_resource"), ("Unseen", "unseen")):
        tags = transfer.get(key) or ()
        if tags:
            yield name, tags if isinstance(tags, str) else " ".join(tags)
    if config.get("versions"):
        yield "Versions", ", ".join(f"{name} {number}" for name, number in config["versions"].items())
