"""Connected components of things that belong together in pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def connected_components(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What hangs together directly or through others.

    Args:
        links: Pairs that belong together.

    Returns:
        Everything named in a pair -> the member of its component that was named first.
    """
    parent: dict[str, str] = {}
    order: dict[str, int] = {}

    def root(item: str) -> str:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for pair in links:
        for item in pair:
            if item not in parent:
                parent[item] = item
                order[item] = len(order)
        first, second = sorted((root(pair[0]), root(pair[1])), key=order.__getitem__)
        parent[second] = first
    return {item: root(item) for item in parent}
