"""Mewsli-X (XTREME-R, arXiv 2104.07412): from a mention in the news to the description of what it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from isoglot.corpora.aligned import wanted_languages
from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.fields import language_field, record_field, records_field, text_field
from isoglot.corpora.formats.rows import parse_json_lines
from isoglot.corpora.sources import read_members, stream_members
from isoglot.corpora.splits import choose_splits

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Span = tuple[int, int]


@dataclass(frozen=True)
class _Mention:
    example_id: str
    entity_id: str
    language: str
    text: str
    split: str
    where: str


def read_mewsli_x(
    source: Path,
    info: CorpusInfo,
    *,
    languages: Iterable[str] | None = None,
    splits: Iterable[str] | None = None,
    window: int = 0,
) -> ParallelCorpus:
    """Mewsli-X from `wikinews_mentions-{dev,test}.jsonl` and `candidate_set_entities.jsonl`.

    A query is a mention: the sentence that holds it and `window` sentences on each side, the mention between
    square brackets. A document is an entity of the one index of a million that all languages share: its title
    and its description, in whatever language the description is. One document is relevant to a query. A group
    is an entity, so mentions of the same one move together. Layout as its page (`mewsli-x.md`) and its own
    test data give it; the files of mentions must have their texts restored (`get-mewsli-x.sh`).

    Args:
        source: Folder or archive.
        info: What the corpus says of itself.
        languages: Tags of the mentions to read; None reads all. The index stays whole.
        splits: `dev`, `test` or both; None reads all that is there.
        window: Sentences of context on each side of the mention's own.

    Returns:
        The corpus, with explicit judgements in the published splits.

    Raises:
        CorpusError: If a row is not as published; all problems at once.
        ValueError: If the window is negative.
    """
    if window < 0:
        raise ValueError(f"window must be at least 0, got {window}")
    builder = CorpusBuilder(info)
    pattern = r"wikinews_mentions-(?P<split>dev|test)\.jsonl"
    members = choose_splits(read_members(source, pattern, "wikinews_mentions-{dev,test}.jsonl"), splits)
    mentions = [
        mention
        for member in members
        for where, row in parse_json_lines(member, builder)
        for mention in _mentions(row, member.match["split"], where, window, builder)
    ]
    kept = wanted_languages(languages, {mention.language for mention in mentions})
    mentions = [mention for mention in mentions if mention.language in kept]
    named = {mention.entity_id for mention in mentions}
    for file in stream_members(source, r"candidate_set_entities\.jsonl", "candidate_set_entities.jsonl"):
        for where, row in parse_json_lines(file, builder):
            _add_entity(row, named, where, builder)
    for mention in mentions:
        if builder.add_query(
            mention.example_id, mention.entity_id, mention.language, mention.text, where=mention.where
        ):
            builder.judge(mention.split, mention.example_id, mention.entity_id, where=mention.where)
    return builder.build()


def _add_entity(row: Mapping[str, Any], named: set[str], where: str, builder: CorpusBuilder) -> None:
    entity = text_field(row, "entity_id", where, builder)
    title, text = text_field(row, "title", where, builder), text_field(row, "description", where, builder)
    language = language_field(row, "description_language", where, builder)
    if entity is not None and title is not None and text is not None and language is not None:
        group = entity if entity in named else None
        builder.add_document(entity, group, language, text, title=title, where=where)


def _mentions(
    row: Mapping[str, Any], split: str, where: str, window: int, builder: CorpusBuilder
) -> list[_Mention]:
    """The mentions of one article."""
    context = record_field(row, "context", where, builder)
    mentions = records_field(row, "mentions", where, builder)
    if context is None or mentions is None:
        return []
    language = language_field(context, "language", where, builder)
    text = context.get("text")
    if not isinstance(text, str) or not text.strip():
        builder.problem(where, "has no article text; restore it as the data set's page says")
        return []
    sentences = _spans(context, "sentence_spans", text, where, builder)
    if language is None or sentences is None:
        return []
    found = []
    for index, mention in enumerate(mentions):
        at = f"{where}: mentions[{index}]"
        example_id, entity = (text_field(mention, key, at, builder) for key in ("example_id", "entity_id"))
        marked = _marked(mention, text, sentences, window, at, builder)
        if example_id is not None and entity is not None and marked is not None:
            found.append(_Mention(example_id, entity, language, marked, split, at))
    return found


def _marked(
    mention: Mapping[str, Any],
    text: str,
    sentences: list[Span],
    window: int,
    where: str,
    builder: CorpusBuilder,
) -> str | None:
    """The sentences around a mention, on one line, with the mention between brackets."""
    inner = record_field(mention, "mention_span", where, builder)
    span = None if inner is None else _span(inner, text, f"{where}.mention_span", builder)
    if inner is None or span is None:
        return None
    start, end = span
    if inner.get("text") != text[start:end]:
        builder.problem(
            where, f"mention {inner.get('text')!r} is not at offset {start} of its article; mend it"
        )
        return None
    holding = [index for index, (first, last) in enumerate(sentences) if first < end and start < last]
    left, right = start, end
    if holding:
        left = min(start, sentences[max(0, holding[0] - window)][0])
        right = max(end, sentences[min(len(sentences) - 1, holding[-1] + window)][1])
    return " ".join(f"{text[left:start]}[{text[start:end]}]{text[end:right]}".split())


def _spans(
    record: Mapping[str, Any], key: str, text: str, where: str, builder: CorpusBuilder
) -> list[Span] | None:
    records = records_field(record, key, where, builder)
    if records is None:
        return None
    spans = [_span(inner, text, f"{where}: {key}[{index}]", builder) for index, inner in enumerate(records)]
    return None if None in spans else [span for span in spans if span is not None]


def _span(record: Mapping[str, Any], text: str, where: str, builder: CorpusBuilder) -> Span | None:
    start, end = record.get("start"), record.get("end")
    if type(start) is int and type(end) is int and 0 <= start < end <= len(text):
        return start, end
    builder.problem(
        where, f"must be offsets into the text, 0 <= start < end <= {len(text)}; got {start!r}, {end!r}"
    )
    return None
