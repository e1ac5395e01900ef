"""Resource levels: of some languages, training shows less text, none, or none beside a picture.

Development and test data are complete in every language whatever its level, so that what a language loses is
due to training alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from isoglot.world.choosing import shuffled


@dataclass(frozen=True)
class Levels:
    """Languages that training shows less of; every other is at the full level.

    Attributes:
        low_resource: Tag -> the share of the training groups in which the language is kept.
        unseen: Tags without any training text.
        without_pictures: Tags with training text only in groups without picture, video or sound.
    """

    low_resource: Mapping[str, float] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    without_pictures: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """Every language that is not at the full level."""
        return (*self.low_resource, *self.unseen, *self.without_pictures)

    @property
    def described(self) -> dict[str, Any]:
        """Option -> its value as a text; nothing where every language is at the full level."""
        shares = ",".join(f"{tag}:{share}" for tag, share in sorted(self.low_resource.items()))
        found = {
            "low_resource": shares,
            "unseen": ",".join(self.unseen),
            "without_pictures": ",".join(self.without_pictures),
        }
        return {name: text for name, text in found.items() if text}

    def problems(self, languages: Iterable[str]) -> list[str]:
        """What cannot be, one line each.

        Args:
            languages: All languages of the corpus.

        Returns:
            Shares out of range, languages at two levels, and that none is left at the full level.
        """
        found = [
            f"low_resource must keep a share above 0 and below 1, got {tag}:{share}"
            for tag, share in self.low_resource.items()
            if not 0 < share < 1
        ]
        times = Counter(self.languages)
        found += [f"{tag!r} must be at one level, got several" for tag in times if times[tag] > 1]
        if not set(languages) - set(self.languages):
            found.append("one language or more must be left at the full level, to tie the others to")
        return found

    def spoken(
        self, language: str, groups: Sequence[str], illustrated: Collection[str], *, seed: int
    ) -> frozenset[str]:
        """The training groups in which a language has text.

        Args:
            language: Its tag.
            groups: All training groups.
            illustrated: Those with a picture, a video or a sound.
            seed: Chooses what a language with few resources keeps; a smaller share keeps a part of a larger.

        Returns:
            The groups: round(share * groups) where few are kept, and at least one.
        """
        if language in self.unseen:
            return frozenset()
        if language in self.without_pictures:
            return frozenset(groups).difference(illustrated)
        if language not in self.low_resource:
            return frozenset(groups)
        number = max(1, round(self.low_resource[language] * len(groups)))
        return frozenset(shuffled(groups, f"{seed}/{language}/low_resource")[:number])
