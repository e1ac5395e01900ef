"""What a corpus of scenes is to hold: every option checked, and all problems reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, cast, get_args

from isoglot.corpora.languages import match_languages
from isoglot.errors import ConfigError, CorpusError
from isoglot.records import Modality
from isoglot.world.building.levels import Levels
from isoglot.world.rendering.staging import SIDES
from isoglot.world.rendering.styles import STYLES, StyleName
from isoglot.world.saying import SAID_LANGUAGES

WorldTask = Literal["retrieval", "questions", "tagging", "pairs"]
TASKS: tuple[WorldTask, ...] = get_args(WorldTask)
MEDIA: tuple[Modality, ...] = ("image", "video", "audio")
"""What scenes and melodies can be shown in."""
MIN_GROUPS = 10

_USUAL_MEDIA: Mapping[WorldTask, tuple[Modality, ...]] = {
    "retrieval": ("text", *MEDIA),
    "questions": ("text",),
    "tagging": ("text", "image"),
    "pairs": ("text",),
}
"""Task -> its media unless others are asked for."""


@dataclass(frozen=True)
class WorldOptions:
    """A corpus of scenes before it is made; nothing in it is wrong.

    Attributes:
        task: What the corpus is for.
        groups: How many scenes and melodies are drawn, over all splits.
        languages: Tags to speak, sorted.
        modalities: Media, text among them.
        seed: Of everything that is drawn.
        side: Width and height of pictures and videos in pixels.
        styles: How pictures and videos may look.
        held_out_styles: Those among them that training never shows.
        near_misses: How many distractors there are for each scene of dev and test.
        sounds: How many sounds a melody has among the documents.
        text_only: Share of the training groups that have no picture, video or sound.
        levels: Languages that training shows less of.
    """

    task: WorldTask = "retrieval"
    groups: int = 1_000
    languages: tuple[str, ...] = SAID_LANGUAGES
    modalities: tuple[Modality, ...] = ("text", *MEDIA)
    seed: int = 0
    side: int = 64
    styles: tuple[StyleName, ...] = STYLES
    held_out_styles: tuple[StyleName, ...] = ()
    near_misses: int = 1
    sounds: int = 4
    text_only: float = 0.0
    levels: Levels = field(default_factory=Levels)

    @property
    def media(self) -> tuple[Modality, ...]:
        """The modalities other than text."""
        return tuple(name for name in self.modalities if name != "text")

    def describe(self) -> str:
        """The task, the groups, the seed, and every option that is not the usual one, as `key=value`."""
        always = ("task", "groups", "seed")
        found = {name: getattr(self, name) for name in always}
        for item in fields(self):
            value = getattr(self, item.name)
            usual = _USUAL_MEDIA[self.task] if item.name == "modalities" else item.default
            if item.name not in (*always, "levels") and value != usual:
                found[item.name] = ",".join(value) if isinstance(value, tuple) else value
        return " ".join(f"{name}={value}" for name, value in (found | self.levels.described).items())


def resolve_options(given: Mapping[str, Any]) -> WorldOptions:
    """Options as they were given, checked and in one spelling.

    Args:
        given: The keyword arguments of `build_world_corpus` that say what a corpus holds, all of them.

    Returns:
        The options.

    Raises:
        ConfigError: If any is out of range, unknown, or contradicts another; all at once.
    """
    problems: list[str] = []
    task = cast(WorldTask, _one_of("task", given["task"], TASKS, problems) or "retrieval")
    media = _several("modalities", given["modalities"], ("text", *MEDIA), problems) or _USUAL_MEDIA[task]
    spoken = _languages("languages", given["languages"], SAID_LANGUAGES, problems) or SAID_LANGUAGES
    styles = _several("styles", given["styles"], STYLES, problems) or STYLES
    held_out = _several("held_out_styles", given["held_out_styles"], styles, problems)
    shares = _shares(given["low_resource"], problems)
    levels = Levels(
        {_language("low_resource", tag, spoken, problems): share for tag, share in shares.items()},
        _languages("unseen", given["unseen"], spoken, problems),
        _languages("without_pictures", given["without_pictures"], spoken, problems),
    )
    options = WorldOptions(
        task=task,
        languages=spoken,
        modalities=cast(tuple[Modality, ...], tuple(name for name in ("text", *MEDIA) if name in media)),
        styles=cast(tuple[StyleName, ...], styles),
        held_out_styles=cast(tuple[StyleName, ...], held_out),
        levels=levels,
        **_numbers(given, problems),
    )
    problems += [*_out_of_range(options), *_contradictions(options), *levels.problems(spoken)]
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    return options


def names_of(given: Iterable[str] | None) -> tuple[str, ...]:
    """Names given one by one, or in one text with commas between.

    Args:
        given: The names; None for none.

    Returns:
        Each once, in order.
    """
    parts = [given] if isinstance(given, str) else list(given or ())
    return tuple(dict.fromkeys(name.strip() for part in parts for name in part.split(",") if name.strip()))


def check_names(given: Mapping[str, Any]) -> None:
    """Refuses options that a corpus of scenes does not have.

    Args:
        given: Option -> value.

    Raises:
        ConfigError: If there is none of a name; the nearest is named.
    """
    known = sorted({*(item.name for item in fields(WorldOptions)), *(item.name for item in fields(Levels))})
    problems: list[str] = []
    for name in given:
        _one_of("option of world", name, [each for each in known if each != "levels"], problems)
    if problems:
        raise ConfigError("\n".join(problems))


def _one_of(what: str, value: str, known: Sequence[str], problems: list[str]) -> str | None:
    """The value if it is known; else a problem that names the nearest."""
    if value in known:
        return value
    near = difflib.get_close_matches(str(value), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    problems.append(f"{what} must be one of {', '.join(known)}, got {value!r}{hint}")
    return None


def _numbers(given: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Option -> number; what is none is a problem, and left out."""
    found = {}
    for name in ("groups", "seed", "side", "near_misses", "sounds", "text_only"):
        value = given[name]
        kinds = (int, float) if name == "text_only" else (int,)
        if isinstance(value, kinds) and not isinstance(value, bool):
            found[name] = value
        else:
            problems.append(
                f"{name} must be a {'number' if float in kinds else 'whole number'}, got {value!r}"
            )
    return found


def _several(
    what: str, given: Iterable[str] | None, known: Sequence[str], problems: list[str]
) -> tuple[str, ...]:
    found = (_one_of(what, name, known, problems) for name in names_of(given))
    return tuple(name for name in found if name is not None)


def _languages(
    what: str, given: Iterable[str] | None, known: Sequence[str], problems: list[str]
) -> tuple[str, ...]:
    return tuple(sorted({_language(what, tag, known, problems) for tag in names_of(given)}))


def _language(what: str, tag: str, known: Sequence[str], problems: list[str]) -> str:
    """The tag in its canonical spelling; as it is, with a problem, if there is no such language."""
    try:
        return match_languages([tag], known)[0]
    except CorpusError:
        problems.append(f"{what} must be among {', '.join(known)}, got {tag!r}")
        return tag


def _shares(given: Mapping[str, float] | str | None, problems: list[str]) -> dict[str, float]:
    """Tag -> share, from a table or from a text such as `sw:0.1,yo:0.05`."""
    cells = [part.partition(":")[::2] for part in names_of(given)] if isinstance(given, str) else given
    found = {}
    for tag, share in dict(cells or {}).items():
        try:
            found[tag.strip()] = float(share)
        except (TypeError, ValueError):
            problems.append(f"low_resource must be tag:share, such as sw:0.1, got {tag!r} with {share!r}")
    return found


def _out_of_range(options: WorldOptions) -> list[str]:
    low, high = SIDES
    odd = "video" in options.modalities and options.side % 2 == 1
    rules = (
        ("groups", options.groups >= MIN_GROUPS, f"at least {MIN_GROUPS}"),
        ("seed", options.seed >= 0, "at least 0"),
        ("side", low <= options.side <= high and not odd, f"from {low} to {high} pixels, even for videos"),
        ("near_misses", options.near_misses >= 0, "at least 0"),
        ("sounds", options.sounds >= 1, "at least 1"),
        ("text_only", 0 <= options.text_only < 1, "a share of at least 0 and below 1"),
    )
    return [f"{name} must be {rule}, got {getattr(options, name)}" for name, fine, rule in rules if not fine]


def _contradictions(options: WorldOptions) -> list[str]:
    problems = []
    media, task = options.media, options.task
    if "text" not in options.modalities:
        problems.append(f"modalities must hold text, got {', '.join(media)}; add it")
    if media and task in ("questions", "pairs"):
        problems.append(f"task {task!r} is of texts alone, got modalities {', '.join(media)}; leave them out")
    if task == "tagging" and not media:
        problems.append(f"task 'tagging' needs something to tag; add one of {', '.join(MEDIA)} to modalities")
    if task == "tagging" and (options.levels.languages or options.text_only):
        problems.append("task 'tagging' trains on no text, so that no language can be at another level")
    if set(options.styles) <= set(options.held_out_styles):
        problems.append(f"held_out_styles must leave some of {', '.join(options.styles)} for training")
    if options.text_only and not media:
        problems.append("text_only is for groups beside those with a picture, a video or a sound; add one")
    if options.levels.without_pictures and not options.text_only:
        problems.append(
            "without_pictures needs training groups without them; give their share, such as text_only=0.5"
        )
    return problems
