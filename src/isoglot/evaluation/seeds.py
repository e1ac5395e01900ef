"""Values of several seeds, as tables say them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], shape: str) -> str:
    """Mean and standard deviation, as a cell of a table says them.

    Args:
        values: One of each seed; a single one has no deviation: 0.
        shape: Format of a number, such as `.4f`.

    Returns:
        Such as `0.9872 ± 0.0004`.
    """
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):{shape}} ± {deviation:{shape}}"
