"""Documents as stores keep them: content, language, medium, source and the user's own fields."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from isoglot.corpora.building import is_unicode
from isoglot.corpora.languages import normalize_language
from isoglot.errors import CorpusError, SearchError
from isoglot.records import MODALITIES, Modality

Value = str | int | float | bool
"""Value of one of the user's own fields."""

FieldKind = Literal["text", "integer", "number", "boolean"]
FIELD_KINDS: tuple[FieldKind, ...] = get_args(FieldKind)

BUILT_IN = ("language", "modality", "source")
"""Fields that every document has, by which it can be filtered."""

MAX_FIELDS = 64
MAX_ID_BYTES = 512
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_TAKEN = frozenset({*BUILT_IN, "doc_id", "id", "text", "title", "path", "score", "rank", "vector"})
_INTEGERS = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document of any medium, as a store keeps it.

    Attributes:
        doc_id: Unique in the store.
        modality: Its medium.
        language: BCP 47 tag; None for a document without language, such as a photograph.
        text: The text; of other media, what is known of it in words (its caption), for lexical search.
        path: File of a document of another medium.
        title: Heading, if there is one.
        source: Where it comes from, such as the name of a corpus or the file that it was read from.
        fields: The user's own fields, each declared in the store.
        digest: What it was indexed from, with which nothing is encoded twice; empty if nobody said.
    """

    doc_id: str
    modality: Modality = "text"
    language: str | None = None
    text: str | None = None
    path: str | None = None
    title: str | None = None
    source: str | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)
    digest: str = ""

    @property
    def content(self) -> str:
        """What is encoded: the text, a title on the line before if there is one; else the file's path."""
        if self.modality != "text":
            return self.path or ""
        return f"{self.title}\n{self.text}" if self.title else self.text or ""

    @property
    def words(self) -> str:
        """What lexical search looks into: title and text, whatever the medium."""
        return "\n".join(part for part in (self.title, self.text) if part)

    def record(self) -> dict[str, Any]:
        """All but the digest, in JSON's types."""
        # Not `asdict`, which copies deeply, and takes longer than a search.
        shown: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        del shown["digest"]
        return shown | {"fields": dict(self.fields)}


def digest_of(document: StoredDocument, content: bytes = b"") -> str:
    """A digest of all that a store keeps of a document.

    Args:
        document: The document; its own `digest` does not count.
        content: Of another medium than text, what is in its file.

    Returns:
        32 hexadecimal digits.
    """
    record = document.record() | {"digest": ""}
    plain = json.dumps(record, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(f"{plain}\0".encode() + content, digest_size=16).hexdigest()


def check_fields(fields: Mapping[str, str]) -> None:
    """Refuses declarations of fields that no store takes.

    Args:
        fields: Name -> kind.

    Raises:
        SearchError: If a name is malformed or taken, a kind is unknown, or there are too many; all problems
            at once.
    """
    problems = [
        f"the name of a field must be a letter, then letters, digits or _, at most 63 in all, got {name!r}"
        for name in fields
        if not _NAME.fullmatch(name)
    ]
    problems += [
        f"field {name!r} is there in every document; rename yours" for name in fields if name in _TAKEN
    ]
    problems += [
        f"the kind of field {name!r} must be one of {', '.join(FIELD_KINDS)}, got {kind!r}"
        for name, kind in fields.items()
        if kind not in FIELD_KINDS
    ]
    lowered = [name.lower() for name in fields]
    problems += [
        f"field {name!r} differs from another by case only"
        for name in fields
        if lowered.count(name.lower()) > 1
    ]
    if len(fields) > MAX_FIELDS:
        problems.append(f"a store takes {MAX_FIELDS} fields, got {len(fields)}; leave some out")
    if problems:
        raise SearchError("\n".join(problems))


def check_documents(documents: Sequence[StoredDocument], fields: Mapping[str, FieldKind]) -> None:
    """Refuses documents that a store cannot keep as they are.

    Args:
        documents: The documents.
        fields: The store's own fields.

    Raises:
        SearchError: If there is none, ids repeat, or a document breaks a rule; all problems at once.
    """
    if not documents:
        raise SearchError("there must be one document at least")
    problems = []
    seen: set[str] = set()
    for document in documents:
        if document.doc_id in seen:
            problems.append(f"document {document.doc_id!r} is there twice; give each id once")
        seen.add(document.doc_id)
        problems += [f"document {document.doc_id!r}: {what}" for what in problems_of(document, fields)]
    if problems:
        raise SearchError("\n".join(problems))


def problems_of(document: StoredDocument, fields: Mapping[str, FieldKind]) -> list[str]:
    """The rules that a document breaks.

    Args:
        document: The document.
        fields: The store's own fields.

    Returns:
        Each with the remedy; nothing for a good document.
    """
    problems = []
    if not document.doc_id.strip() or len(document.doc_id.encode("utf-8", "replace")) > MAX_ID_BYTES:
        problems.append(f"the id must be 1 to {MAX_ID_BYTES} bytes")
    if document.modality not in MODALITIES:
        problems.append(f"modality must be one of {', '.join(MODALITIES)}, got {document.modality!r}")
    elif not document.content.strip():
        problems.append(
            "the text is empty" if document.modality == "text" else "there is no path of its file"
        )
    if document.language is not None and (wrong := _language_problem(document.language)):
        problems.append(wrong)
    texts = (document.doc_id, document.text, document.path, document.title, document.source)
    if not all(map(is_unicode, texts)):
        problems.append("a text holds half a surrogate pair, which UTF-8 has no bytes for; mend it")
    for name, value in document.fields.items():
        problems += _field_problems(name, value, fields)
    return problems


def _language_problem(language: str) -> str:
    try:
        canonical = normalize_language(language)
    except CorpusError as error:
        return str(error)
    return "" if canonical == language else f"language {language!r} is spelled {canonical!r}"


def _field_problems(name: str, value: Value, fields: Mapping[str, FieldKind]) -> list[str]:
    if name not in fields:
        there = ", ".join(fields) or "none"
        return [f"field {name!r} is not declared in the store, which has {there}; declare it or leave it out"]
    if not fits(value, fields[name]):
        return [f"field {name!r} must be {fields[name]}, got {value!r}"]
    return []


def fits(value: object, kind: FieldKind) -> bool:
    """Whether a value is of a field's kind; an integer is a number too, and no truth value is either."""
    if kind == "text":
        return isinstance(value, str) and is_unicode(value)
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if kind == "integer":
        return isinstance(value, int) and value in _INTEGERS
    return math.isfinite(value) if isinstance(value, float) else value in _INTEGERS
