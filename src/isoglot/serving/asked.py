"""What clients may send, and what they get: the shapes that OpenAPI shows."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from isoglot.records import Modality
from isoglot.search.filters import Filter
from isoglot.search.ranking import Policy
from isoglot.search.searcher import SearchSettings

MAX_QUERY_CHARS = 2_000
MAX_TEXT_CHARS = 100_000
MAX_LIMIT = 200
MAX_DOCUMENTS = 1_000
MAX_LABELS = 5_000
"""Of all tags of a request: each goes through the model."""
_NO_CONTROLS = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BLANK = re.compile(r"\s*")

Which = Literal["first", "second"]
"""Of two stores that are compared: the one served, or the other."""


class Refused(Exception):  # noqa: N818 - an answer to a client
    """A request that cannot be answered: the status, and why."""

    def __init__(self, status: int, *problems: str, headers: dict[str, str] | None = None) -> None:
        """Makes the answer.

        Args:
            status: HTTP status.
            *problems: One line each.
            headers: More headers of the answer.
        """
        super().__init__("\n".join(problems))
        self.status = status
        self.problems = problems
        self.headers = headers or {}


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("holds a control character; leave it out")
    return text


def _filled(text: str) -> str:
    if _BLANK.fullmatch(text):
        raise ValueError("is empty; fill it")
    return text


_Plain = AfterValidator(_plain)
_Filled = AfterValidator(_filled)
_Pattern = Field(json_schema_extra={"pattern": _NO_CONTROLS})
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS), _Pattern, _Plain, _Filled]
Line = Annotated[str, Field(min_length=1, max_length=512), _Pattern, _Plain, _Filled]
Question = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARS), _Pattern, _Plain, _Filled]
Number = Annotated[float, Field(allow_inf_nan=False)]
Own = bool | int | Number | Annotated[str, Field(max_length=2_000), _Pattern, _Plain]
Tags = Annotated[list[Line], Field(max_length=100)]


class _Closed(BaseModel):
    """What knows its fields, and refuses others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SearchOptions(_Closed):
    """How to search; what is left out is as usual.

    Attributes:
        limit: Documents wanted.
        language: Only documents in one of these languages.
        modality: Only these media.
        source: Only these sources.
        fields: Only documents with one of these values, field by field.
        where: Only where these hold, as `year>=2000`.
        policy: What a document's language counts.
        my_languages: What the reader reads; if empty, and the policy asks for it, that of the query is
            guessed.
        dial: Of policy `prefer`: from 0, any language, to 1, my language first.
        hybrid: Whether words count beside meaning.
        engine: Which of two models answers, where the server compares two.
    """

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = 10
    language: Tags = []
    modality: Annotated[list[Modality], Field(max_length=4)] = []
    source: Tags = []
    fields: Annotated[dict[Line, Annotated[list[Own], Field(max_length=100)]], Field(max_length=64)] = {}
    where: Tags = []
    policy: Policy = "any"
    my_languages: Tags = []
    dial: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    hybrid: bool = False
    engine: Which = "first"

    def settings(self) -> SearchSettings:
        """The same as a searcher takes them.

        Returns:
            The settings, checked but for what the store knows.

        Raises:
            SearchError: If a language is unknown or a condition malformed; all problems at once.
        """
        where = Filter.of(
            language=self.language,
            modality=self.modality,
            source=self.source,
            where=self.where,
            fields={name: values for name, values in self.fields.items() if values},
        )
        return SearchSettings(
            self.limit, where, self.policy, tuple(self.my_languages), self.dial, self.hybrid
        ).check()


class SearchRequest(SearchOptions):
    """A query in words.

    Attributes:
        query: What to search for, in any language.
    """

    query: Question


class GivenDocument(_Closed):
    """A document to add, or to put in the place of the one that has its id.

    Attributes:
        doc_id: Its id.
        text: The text; of a picture or sound, what is known of it in words.
        language: BCP 47 tag; of a text without one, it is guessed.
        title: Heading.
        source: Where it comes from.
        fields: The store's own fields.
    """

    doc_id: Annotated[Line, Field(max_length=512)]
    text: Text | None = None
    language: Line | None = None
    title: Line | None = None
    source: Line | None = None
    fields: Annotated[dict[Line, Own], Field(max_length=64)] = {}


class AddRequest(_Closed):
    """Documents to add, all of them or none.

    Attributes:
        documents: Documents with distinct ids.
    """

    documents: Annotated[list[GivenDocument], Field(min_length=1, max_length=MAX_DOCUMENTS)]


class GivenTagLabels(_Closed):
    """A tag to choose from.

    Attributes:
        tag_id: Its id.
        labels: Language -> its name.
    """

    tag_id: Line
    labels: Annotated[dict[Line, Line], Field(min_length=1, max_length=100)]


def _few(tags: list[GivenTagLabels]) -> list[GivenTagLabels]:
    number = sum(len(each.labels) for each in tags)
    if number > MAX_LABELS:
        raise ValueError(f"have {number:,} labels, and may have {MAX_LABELS:,}; send fewer")
    return tags


class TagOptions(_Closed):
    """How to tag.

    Attributes:
        languages: Languages to name tags in.
        top: Tags wanted for each item and language.
        tags: What to choose from; without it, the server's own tags.
    """

    languages: Annotated[list[Line], Field(min_length=1, max_length=50)]
    top: Annotated[int, Field(ge=1, le=100)] = 5
    tags: Annotated[list[GivenTagLabels], Field(max_length=1_000), AfterValidator(_few)] = []


class TagRequest(TagOptions):
    """Texts to tag.

    Attributes:
        items: The texts.
    """

    items: Annotated[list[Question], Field(min_length=1, max_length=100)]


class Judgement(_Closed):
    """A reader's thumb.

    Attributes:
        query: The query, word for word.
        doc_id: The document.
        grade: 1 for a good result, 0 for a bad one.
        language: The query's language, if it is known.
    """

    query: Question
    doc_id: Line
    grade: Annotated[int, Field(ge=0, le=1)]
    language: Line | None = None


M = TypeVar("M", bound=BaseModel)


def parse(shape: type[M], text: str | bytes) -> M:
    """Reads a request.

    Args:
        shape: What it should be.
        text: JSON.

    Returns:
        The request.

    Raises:
        Refused: 400 if it is no JSON, with NaN and numbers without end among what is not; 422 if it is
            another shape, all problems at once.
    """
    try:
        given: Any = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"the request must be JSON in UTF-8 ({_reason(error)})") from None
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        raise Refused(422, *(_problem(each) for each in error.errors(include_url=False))) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _reason(error: Exception) -> str:
    return "it is nested too deep" if isinstance(error, RecursionError) else str(error)[:200]


def _problem(found: Any) -> str:
    place = ".".join(str(part)[:100] for part in found["loc"]) or "the request"
    return f"{place}: {found['msg'].removeprefix('Value error, ')}"
