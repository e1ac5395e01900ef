"""The error tree: every error that a caller is meant to catch.

IsoglotError
├── CorpusError       a corpus, or a file it is read from, is not what it should be
│   └── MediaError    a picture, video or sound cannot be read
├── ConfigError       a configuration names something that cannot be
├── CheckpointError   a saved model or training job is damaged, or belongs to something else
└── SearchError       embeddings, runs or judgements that do not fit each other
"""

from __future__ import annotations

from collections.abc import Sequence


class IsoglotError(Exception):
    """Base of all errors raised for bad input; the command line turns it into exit code 2."""


class ConfigError(IsoglotError):
    """A configuration cannot be carried out as written."""


class CheckpointError(IsoglotError):
    """A saved model or training job is damaged, or does not match what was asked of it."""


class SearchError(IsoglotError):
    """Embeddings, runs or judgements that are malformed, or that do not belong together."""


class CorpusError(IsoglotError):
    """A corpus, or a file it is read from, breaks a rule.

    All problems of a job are collected and reported together, so that a user mends a file once.

    Attributes:
        problems: One line each, `file:line: what is wrong; what to do`.
    """

    max_shown = 20

    def __init__(self, problems: str | Sequence[str]) -> None:
        """Makes the error.

        Args:
            problems: One line, or several; the message shows the first `max_shown`.
        """
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        shown = list(self.problems[: self.max_shown])
        if len(self.problems) > self.max_shown:
            shown.append(f"... and {len(self.problems) - self.max_shown:,} more problems")
        super().__init__("\n".join(shown))


class MediaError(CorpusError):
    """A picture, video or sound cannot be read, or is refused: `file: cause; what to do`."""
