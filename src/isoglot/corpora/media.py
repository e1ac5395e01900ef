"""Pictures and videos with captions in many languages: corpora in either direction."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from isoglot.corpora.building import CorpusBuilder
from isoglot.corpora.languages import NO_LANGUAGE
from isoglot.errors import ConfigError, CorpusError
from isoglot.media.features import file_of

if TYPE_CHECKING:
    from isoglot.corpora.parallel import CorpusInfo, ParallelCorpus

Captions = Literal["first", "all"]
"""Which captions of a picture or video are read in each language: the first, as in CLIP_benchmark, or all."""

Direction = Literal["text_to_text", "text_to_image", "image_to_text", "text_to_video", "video_to_text"]
"""What is asked with, and what is searched."""

MediumKind = Literal["image", "video"]

_NUM_TRIED = 50
"""Names of files by which the folder of the media is recognised."""


@dataclass
class _Medium:
    path: str
    split: str
    where: str
    captions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


@dataclass
class CaptionedMedia:
    """Collects pictures or videos and what was said of them, and makes a corpus of them.

    A group is one picture or video with its captions in all languages. As document it has no language; as
    query its language is `zxx`, BCP 47's tag for what is not linguistic. As document it stays a candidate
    even where no caption of the chosen languages asks for it; as query it needs one.

    Attributes:
        kind: The medium.
        builder: Takes the rows and the problems.
    """

    kind: MediumKind
    builder: CorpusBuilder
    _media: dict[str, _Medium] = field(default_factory=dict)

    def add(self, name: str, path: str, split: str, *, where: str, unique: bool = True) -> None:
        """Adds a picture or video.

        Args:
            name: Unique name; a word.
            path: Its file, relative to the folder of the media.
            split: The split that judges it.
            where: Its place, for reports.
            unique: Whether the same name once more is a problem, even with the same file and split.
        """
        parts = PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts:
            self.builder.problem(where, f"path {path!r} must lie below the folder of the media; mend it")
            return
        before = self._media.setdefault(name, _Medium(path, split, where))
        if unique and before.where != where:
            self.builder.problem(where, f"{self.kind} {name!r} is also at {before.where}; remove one")
        elif (before.path, before.split) != (path, split):
            self.builder.problem(
                where,
                f"{self.kind} {name!r} is {path!r} in {split!r} here, {before.path!r} at {before.where}",
            )

    def caption(self, name: str, language: str, text: str, *, where: str) -> None:
        """Adds a caption to a picture or video that was added before.

        Args:
            name: Name of the picture or video.
            language: Tag in canonical spelling.
            text: The caption.
            where: Its place, for reports.
        """
        medium = self._media.get(name)
        if medium is None:
            self.builder.problem(
                where, f"a caption of the unknown {self.kind} {name!r}; add it or drop the caption"
            )
        else:
            medium.captions.setdefault(language, []).append((text, where))

    def __contains__(self, name: str) -> bool:
        return name in self._media

    @property
    def languages(self) -> set[str]:
        """Languages with a caption."""
        return {language for medium in self._media.values() for language in medium.captions}

    def build(
        self,
        *,
        direction: Direction,
        captions: Captions,
        languages: Container[str],
        source: Path,
        folder: str | None,
    ) -> ParallelCorpus:
        """The corpus.

        Args:
            direction: What is asked with, and what is searched; one of the text and this medium.
            captions: Which captions of each language are kept.
            languages: Tags to keep.
            source: Where the data set was read from; the media are looked for there.
            folder: The folder of the media; every file must be in it. None looks for them in the source; if
                none is found, the corpus names the files and leaves open where they are.

        Returns:
            The corpus, judged by group; files that are missing in the folder are `damaged` in it.

        Raises:
            CorpusError: If a row broke a rule; all problems at once, with the files that are missing.
        """
        asking = direction.startswith("text_to_")
        for name, medium in self._media.items():
            kept = [
                (language, number, text, where)
                for language, texts in medium.captions.items()
                if language in languages
                for number, (text, where) in enumerate(texts[:1] if captions == "first" else texts, start=1)
            ]
            if asking or kept:
                self._add_medium(name, medium, asking=not asking, has_caption=bool(kept))
            for language, number, text, where in kept:
                self._add_caption(name, language, number, text, asking=asking, where=where)
            if kept:
                self.builder.judge_group(medium.split, name)
        root, missing = find_media(source, folder, [medium.path for medium in self._media.values()])
        if self.builder.problems:
            self.builder.problems.extend(missing.values())
        return replace(self.builder.build(), media_root=root, damaged=missing)

    def _add_medium(self, name: str, medium: _Medium, *, asking: bool, has_caption: bool) -> None:
        if asking:
            self.builder.add_query(
                name, name, NO_LANGUAGE, None, modality=self.kind, path=medium.path, where=medium.where
            )
        else:
            self.builder.add_document(
                name,
                name if has_caption else None,
                None,
                None,
                modality=self.kind,
                path=medium.path,
                where=medium.where,
            )

    def _add_caption(
        self, name: str, language: str, number: int, text: str, *, asking: bool, where: str
    ) -> None:
        text_id = f"{name}.{language}" if number == 1 else f"{name}.{language}.{number}"
        if asking:
            self.builder.add_query(text_id, name, language, text, where=where)
        else:
            self.builder.add_document(text_id, name, language, text, where=where)


def check_direction(direction: Direction, known: Iterable[Direction], info: CorpusInfo) -> None:
    """Refuses a direction that a data set has not.

    Args:
        direction: What is asked with, and what is searched.
        known: The directions that there are.
        info: The data set.

    Raises:
        ConfigError: If it is not among them.
    """
    there = list(known)
    if direction not in there:
        raise ConfigError(f"direction of {info.name} must be one of {', '.join(there)}, got {direction!r}")


def find_media(source: Path, folder: str | None, paths: list[str]) -> tuple[str | None, dict[str, str]]:
    """The folder that paths of media are relative to, and which files are missing in it.

    Args:
        source: Where the data set was read from.
        folder: The folder; None looks in the source and in the folders of two levels below it.
        paths: The files.

    Returns:
        The folder, and what to do about each file that it lacks; None and nothing if none was given and none
        holds one of the files.

    Raises:
        CorpusError: If the given folder does not exist.
    """
    if folder is not None:
        root: Path | None = Path(folder)
        if not Path(folder).is_dir():
            raise CorpusError(f"{folder}: there is no such folder of media")
    else:
        tried = [file_of(path) for path in paths[:_NUM_TRIED]]
        root = next(
            (place for place in _folders(source) if any(_is_file(place / path) for path in tried)), None
        )
    if root is None:
        return None, {}
    files = dict.fromkeys(map(file_of, paths))
    return str(root), {
        file: f"{root}: holds no media file {file!r}; put it there"
        for file in files
        if not _is_file(root / file)
    }


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file could have
        return False


def _folders(source: Path) -> Iterator[Path]:
    if source.is_dir():
        yield source
        for pattern in ("*/", "*/*/"):
            yield from sorted(source.glob(pattern))
