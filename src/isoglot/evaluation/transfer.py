"""Transfer: how well what was learnt in one language carries over to others.

Values per language go in, for one measure: of a model as it is, or of every resample of its bootstrap, in the
same way, so that the gap of each resample gives the interval of the gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from isoglot.corpora.languages import match_languages, normalize_language
from isoglot.errors import ConfigError, CorpusError

Real = TypeVar("Real", np.float32, np.float64)

_CLASS_5 = "ar de en es fr ja zh"
_CLASS_4 = "ca cs eu fa fi hi hr hu it ko nl pl pt ru sr sv tr vi"
_CLASS_3 = "af arz be bg bn bs ceb da el et gl he id ka kk la lt lv ms ro sk sl ta th tl uk ur uz"
RICH_LANGUAGES = frozenset(f"{_CLASS_5} {_CLASS_4} {_CLASS_3}".split())
"""The 53 languages of classes 3 to 5 of Joshi et al., ACL 2020 (2020.acl-main.560), who sort languages by the
labelled and unlabelled text there is; read in a public copy of their list. All others count as low in
resources, which is how models of a hundred languages are commonly reported (classes 0 to 2)."""


def low_resource_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Those of the languages that have little text to train on, by `RICH_LANGUAGES`.

    The list is of 2020 and of languages as such: a variety (`pt-BR`, `zh-Hant`) is what its language is, and
    Norwegian, which the list puts low, stays low. Name languages yourself if you know better.

    Args:
        languages: Tags, in canonical spelling.

    Returns:
        The low ones, in order.
    """
    return tuple(tag for tag in languages if tag.partition("-")[0] not in RICH_LANGUAGES)


def find_languages(wanted: Iterable[str], available: Sequence[str]) -> tuple[str, ...]:
    """The languages of a corpus that tags name, as BCP 47 matches them: `pt` also names `pt-BR`.

    Args:
        wanted: Tags in any spelling.
        available: Tags of the corpus.

    Returns:
        Members of `available`, in its order, without repetition.

    Raises:
        ConfigError: If tags are not BCP 47 or name no language of the corpus; all of them are named.
    """
    found, problems = _match(wanted, available)
    if problems:
        raise ConfigError("\n".join(problems))
    return found


def languages_there(wanted: Iterable[str], available: Sequence[str]) -> tuple[str, ...]:
    """The same where a tag may name no language of the corpus: it is passed over."""
    return _match(wanted, available)[0]


def _match(wanted: Iterable[str], available: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Members of `available` that tags name, and why other tags name none."""
    problems: list[str] = []
    found: set[str] = set()
    for tag in wanted:
        try:
            found.update(match_languages([tag], available))
        except CorpusError as error:
            problems.append(str(error))
    return tuple(tag for tag in available if tag in found), problems


def transfer_gap(languages: Sequence[str], values: npt.NDArray[Real], source: str) -> npt.NDArray[Real]:
    """Value in the source language minus the mean over the others: the cross-lingual transfer gap.

    Hu et al. 2020, XTREME (arXiv 2003.11080): 0 if the model is as good in other languages as in the one it
    was trained in; the lower, the better it transfers. XTREME's source is English.

    Args:
        languages: (L,) tags.
        values: (..., L) a value for each language; NaN where there is none.
        source: Tag, one of the languages, or a tag that names several of them (`pt`), whose mean counts.

    Returns:
        (...) gaps; NaN where the source, or all others, have no value.

    Raises:
        ConfigError: If the source is not among the languages, or there is no other.
    """
    sources = find_languages([source], languages)
    others = [tag for tag in languages if tag not in sources]
    if not others:
        raise ConfigError(f"no language other than the source {normalize_language(source)!r} to transfer to")
    return mean_over(languages, values, sources) - mean_over(languages, values, others)


def mean_over(
    languages: Sequence[str], values: npt.NDArray[Real], wanted: Iterable[str]
) -> npt.NDArray[Real]:
    """Mean over some of the languages: those low in resources, or those unseen in training.

    Args:
        languages: (L,) tags.
        values: (..., L) a value for each language; NaN where there is none, which does not count.
        wanted: Tags of those to average, in any spelling; a tag also names its varieties.

    Returns:
        (...) means; NaN where none of them has a value.

    Raises:
        ConfigError: If a tag names none of the languages, none is wanted, or the values do not fit them.
    """
    if values.shape[-1:] != (len(languages),):
        raise ConfigError(f"{len(languages)} languages, but values of shape {values.shape}")
    chosen = [languages.index(tag) for tag in find_languages(wanted, languages)]
    if not chosen:
        raise ConfigError(f"no language to average over; there is {', '.join(languages)}")
    part = values[..., chosen]
    known = ~np.isnan(part)
    with np.errstate(invalid="ignore"):
        means: npt.NDArray[Real] = np.where(known, part, 0).sum(axis=-1) / known.sum(axis=-1)
    return means.astype(values.dtype)
