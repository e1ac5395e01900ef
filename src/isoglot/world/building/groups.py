"""Which scenes and melodies a corpus holds: drawn split by split, and the near misses of those that test.

The splits are compositional (`isoglot.world.scenes.splits`): what is tested is new as a whole, and familiar
in its parts.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from isoglot.errors import ConfigError
from isoglot.records import Modality
from isoglot.world.building.options import MEDIA, WorldOptions
from isoglot.world.choosing import shuffled
from isoglot.world.rendering import has_room
from isoglot.world.scenes.changes import near_misses, one_word_changes
from isoglot.world.scenes.meaning import meaning_code
from isoglot.world.scenes.sampling import all_scenes, sample_scenes, space_size
from isoglot.world.scenes.scene import Melody, Scene
from isoglot.world.scenes.space import Kind
from isoglot.world.scenes.splits import SPLITS, Split, SplitPlan, plan_splits

HELD_OUT: Mapping[Split, float] = {"test": 0.15, "dev": 0.10}
"""Share of the groups that a split has."""
KINDS: Mapping[Modality, tuple[Kind, ...]] = {
    "image": ("single", "pair"),
    "video": ("moving", "moving_pair", "crossing"),
    "audio": ("melody",),
}
"""What each medium can show."""
_ROOMY = 25
"""Every split has more than one in so many of the scenes of a kind; nobody counts them where less will do."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one group of a corpus means.

    Attributes:
        said: A complete scene or melody.
        code: Its meaning; the group's id.
        split: Where it is judged; None for a near miss, which answers nothing.
        medium: What it can be shown in.
        has_medium: Whether it is shown in it, beside being said.
    """

    said: Scene | Melody
    code: str
    split: Split | None
    medium: Modality
    has_medium: bool


def draw_groups(options: WorldOptions) -> list[Group]:
    """Draws the groups of a corpus.

    The groups of each split are shared out among the media evenly, and those of a medium among its kinds of
    scenes; what a small kind (there are 120 melodies) lacks comes from the others. A corpus of texts alone
    has scenes of all kinds.

    Args:
        options: The corpus.

    Returns:
        Groups of train, dev and test, then near misses; no two mean the same. Languages and resource levels
        leave them as they are.

    Raises:
        ConfigError: If there are not so many scenes.
    """
    plan = plan_splits(seed=options.seed)
    found: list[Group] = []
    for split in SPLITS:
        found += _draw_split(options, plan, split)
    text_only = _text_only(options, [group.code for group in found if group.split == "train"])
    found = [_shown(group, options, text_only) for group in found]
    return [*found, *_near_misses(options, found)]


def split_sizes(groups: int) -> dict[Split, int]:
    """How many groups each split has.

    Args:
        groups: All of them.

    Returns:
        Split -> number, at least one.
    """
    held_out = {split: max(1, round(share * groups)) for split, share in HELD_OUT.items()}
    return {"train": groups - sum(held_out.values()), "dev": held_out["dev"], "test": held_out["test"]}


def _draw_split(options: WorldOptions, plan: SplitPlan, split: Split) -> Iterator[Group]:
    media = options.media or MEDIA
    kinds = [(medium, kind) for medium in media for kind in KINDS[medium]]
    number = split_sizes(options.groups)[split]
    rooms = {kind: _room(kind, plan, split, number) for _, kind in kinds}
    of_media = share_out(number, [sum(rooms[kind] for kind in KINDS[medium]) for medium in media])
    if sum(of_media) < number:
        most = next(n for n in range(options.groups, 0, -1) if split_sizes(n)[split] <= sum(of_media))
        raise ConfigError(
            f"groups must be at most {most:,} for {', '.join(media)}, got {options.groups:,}: split "
            f"{split!r} has no more scenes; ask for fewer, or for more media"
        )
    for medium, wanted in zip(media, of_media, strict=True):
        shares = share_out(wanted, [rooms[kind] for kind in KINDS[medium]])
        for kind, share in zip(KINDS[medium], shares, strict=True):
            if share:
                keep = _keep(kind, plan, split, share)
                for said in sample_scenes(share, kind, seed=options.seed, keep=keep):
                    yield Group(said, meaning_code(said), split, medium, has_medium=False)


def share_out(number: int, rooms: Sequence[int]) -> list[int]:
    """Shares that are as even as the room for each allows.

    Args:
        number: What is shared out.
        rooms: The most that each can take.

    Returns:
        A share for each; they sum to the number, or to all that there is room for.
    """
    shares = [0] * len(rooms)
    left = number
    smallest_first = sorted(range(len(rooms)), key=lambda place: rooms[place])
    for done, place in enumerate(smallest_first):
        shares[place] = min(rooms[place], left // (len(rooms) - done))
        left -= shares[place]
    return shares


def _room(kind: Kind, plan: SplitPlan, split: Split, wanted: int) -> int:
    """How many scenes of a kind a split has; no limit where it surely has enough."""
    if wanted * _ROOMY <= space_size(kind):
        return sys.maxsize >> 8
    keep = _keep(kind, plan, split, sys.maxsize)
    return sum(1 for said in all_scenes(kind) if keep(said))


def _keep(kind: Kind, plan: SplitPlan, split: Split, number: int) -> Callable[[Scene | Melody], bool]:
    """What a split takes of a kind: if it is drawn as a video, what has room to move.

    After so many of a relation it takes no more: no more can be needed, and looking for room takes long.
    """
    taken: Counter[str | None] = Counter()

    def keep(said: Scene | Melody) -> bool:
        relation = None if isinstance(said, Melody) else said.relation
        fine = taken[relation] < number and plan.split_of(said) == split
        if fine and kind in KINDS["video"]:
            fine = _has_room(said)
        taken[relation] += fine
        return fine

    return keep


def _text_only(options: WorldOptions, codes: Sequence[str]) -> frozenset[str]:
    """The training groups that are said and not shown."""
    number = round(options.text_only * len(codes))
    return frozenset(shuffled(codes, f"{options.seed}/text_only")[:number])


def _shown(group: Group, options: WorldOptions, text_only: frozenset[str]) -> Group:
    has_medium = group.medium in options.media and group.code not in text_only
    return Group(group.said, group.code, group.split, group.medium, has_medium)


def _near_misses(options: WorldOptions, groups: Sequence[Group]) -> Iterator[Group]:
    """Near misses of the groups of dev and test that are no groups themselves; same words come first."""
    used = {group.code for group in groups}
    for group in groups:
        if group.split == "train":
            continue
        num_found = 0
        for code, said in _misses_of(group, options.seed):
            if num_found == options.near_misses:
                break
            if code not in used and (group.medium != "video" or _has_room(said)):
                used.add(code)
                num_found += 1
                yield Group(said, code, None, group.medium, group.medium in options.media)


def _misses_of(group: Group, seed: int) -> Iterator[tuple[str, Scene | Melody]]:
    lists = [one_word_changes(group.said)]
    if isinstance(group.said, Scene):
        lists.insert(0, near_misses(group.said))
    for misses in lists:
        found = {meaning_code(miss.said): miss.said for miss in misses if miss.said.is_complete}
        for code in shuffled(found, f"{seed}/{group.code}/near_miss"):
            yield code, found[code]


def _has_room(said: Scene | Melody) -> bool:
    return isinstance(said, Scene) and has_room(said)
