"""`corpus.json`: what a corpus folder says of itself, and the checksums of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus
from isoglot.errors import CorpusError

NAME = "corpus.json"
_FORMAT = 1
MEDIA = "media/"
"""How the names of media files begin."""
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """The content of `corpus.json`.

    Attributes:
        info: Name, licence, citation.
        checksums: File below the folder -> SHA-256, in hexadecimal.
        summary: Languages, modalities, splits and counts, for readers; nothing here relies on them.
    """

    info: CorpusInfo
    checksums: Mapping[str, str] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)


def summarize(corpus: ParallelCorpus) -> dict[str, Any]:
    """Languages, modalities, splits and counts of a corpus, as `corpus.json` lists them."""
    return {
        "languages": list(corpus.languages),
        "modalities": list(corpus.modalities),
        "splits": {
            name: {"judged": "qrels", "queries": len(part.judgements)}
            if part.judgements is not None
            else {"judged": "groups", "groups": len(part.groups if part.groups is not None else ())}
            for name, part in corpus.splits.items()
        },
        **_paired(corpus),
        **_mined(corpus),
        "counts": {
            "queries": corpus.queries.num_rows,
            "documents": corpus.documents.num_rows,
            "groups": corpus.num_groups,
        },
    }


def _paired(corpus: ParallelCorpus) -> dict[str, Any]:
    """How many labelled pairs each split has, by task; nothing for a corpus without."""
    pairs: dict[str, dict[str, int]] = {}
    for (split, task), part in corpus.labelled.items():
        pairs.setdefault(split, {})[task] = len(part)
    return {"pairs": pairs} if pairs else {}


def _mined(corpus: ParallelCorpus) -> dict[str, Any]:
    """How many hard negatives each split has; nothing for a corpus without."""
    counts = {split: len(negatives) for split, negatives in corpus.negatives.items()}
    return {"negatives": counts} if counts else {}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes `corpus.json` into a folder that nobody else reads yet."""
    content = {
        "format": _FORMAT,
        **asdict(manifest.info),
        **manifest.summary,
        "checksums": dict(manifest.checksums),
    }
    (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Reads `corpus.json`.

    Args:
        folder: The corpus folder.

    Returns:
        Its content.

    Raises:
        CorpusError: If it is missing, not JSON, of a later format, or its entries are not of the right kind.
    """
    path = folder / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CorpusError(
            f"{folder}: is no corpus folder, it has no {NAME}; write it with isoglot data build"
        ) from None
    except json.JSONDecodeError as error:
        raise CorpusError(f"{path}:{error.lineno}: not JSON ({error.msg}); write the corpus again") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CorpusError(f"{path}:1: cannot be read ({error}); write the corpus again") from None
    if not isinstance(content, dict):
        raise CorpusError(f"{path}:1: must be a JSON object; write the corpus again")
    problems = [f"{path}:1: {problem}" for problem in _problems(content)]
    if problems:
        raise CorpusError(problems)
    names = {item.name for item in fields(CorpusInfo)}
    info = CorpusInfo(**{key: value for key, value in content.items() if key in names})
    summary = {key: value for key, value in content.items() if key not in names | {"format", "checksums"}}
    return Manifest(info, content.get("checksums", {}), summary)


def _problems(content: Mapping[str, Any]) -> list[str]:
    problems = []
    version = content.get("format", _FORMAT)
    if version != _FORMAT:
        problems.append(f"format must be {_FORMAT}, got {version!r}; read it with a newer version of isoglot")
    if not isinstance(content.get("name"), str) or not content["name"]:
        problems.append("name must be a string; give the corpus a short name")
    for item in fields(CorpusInfo):
        wanted = bool if item.name == "symmetric" else str
        if item.name in content and not isinstance(content[item.name], wanted):
            problems.append(f"{item.name} must be of type {wanted.__name__}, got {content[item.name]!r}")
    checksums = content.get("checksums", {})
    if not isinstance(checksums, dict):
        return [*problems, f"checksums must be an object, got {type(checksums).__name__}"]
    for name, digest in checksums.items():
        if not isinstance(digest, str) or not _is_below(name):
            problems.append(
                f"checksums[{name!r}] must be the SHA-256 of a file below the folder, got {digest!r}"
            )
    return problems


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        not path.is_absolute() and ".." not in path.parts and name not in ("", ".", NAME) and "\0" not in name
    )


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def condense(checksums: Mapping[str, str]) -> dict[str, str]:
    """The checksums of a corpus with one entry, `media/`, in place of all its media files.

    Args:
        checksums: File -> SHA-256.

    Returns:
        The same for the other files; for the media, the SHA-256 of their names and checksums.
    """
    media = sorted(item for item in checksums.items() if item[0].startswith(MEDIA))
    rest = {name: digest for name, digest in checksums.items() if not name.startswith(MEDIA)}
    if not media:
        return rest
    return rest | {MEDIA: hashlib.sha256(json.dumps(media).encode()).hexdigest()}


def verify(folder: Path, checksums: Mapping[str, str]) -> dict[str, str]:
    """Problems of the listed files: those that are missing or changed, by name."""
    problems = {}
    for name, wanted in checksums.items():
        path = folder / name
        if not path.is_file():
            problems[name] = f"{path}:1: is missing, but {NAME} lists it; write the corpus again"
        elif checksum(path) != wanted:
            problems[name] = f"{path}:1: does not match its checksum in {NAME}; write the corpus again"
    return problems
