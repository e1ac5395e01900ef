"""How well what was learnt in one language carries over, as values with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isoglot.evaluation.cells import Cell, Ledger
from isoglot.evaluation.placement import Setting
from isoglot.evaluation.transfer import find_languages, languages_there, mean_over, transfer_gap


@dataclass(frozen=True)
class TransferLanguages:
    """What is known of how a model was trained.

    Attributes:
        source: Tag of the language it was trained in, whose gap to the others is measured; None for none.
        low_resource: Tags of languages with little training text
            (`isoglot.evaluation.transfer.low_resource_languages` proposes some).
        unseen: Tags of languages without any.
    """

    source: str | None = None
    low_resource: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()

    def among(self, languages: Sequence[str]) -> TransferLanguages:
        """The same in the spelling of a corpus.

        Args:
            languages: Tags of the corpus.

        Returns:
            Languages, all of which it has.

        Raises:
            ConfigError: If a tag names none of them.
        """
        if self.source is not None:
            find_languages([self.source], languages)
        return TransferLanguages(
            self.source,
            find_languages(self.low_resource, languages),
            find_languages(self.unseen, languages),
        )


def write_transfer(
    ledger: Ledger,
    setting: Setting,
    measure: str,
    cells: Sequence[Cell],
    transfer: TransferLanguages | None,
) -> None:
    """Adds the gap between the source and the others, and the means of low-resource and unseen languages.

    Args:
        ledger: What to add to.
        setting: The setting.
        measure: The measure.
        cells: One for each language of the query; one that no collection has an answer for is missing.
        transfer: Which languages; None adds nothing.
    """
    if transfer is None or not cells:
        return
    tags = [cell.query_language for cell in cells]
    values = np.array([[cell.value for cell in cells]])
    resampled = np.stack([cell.resampled for cell in cells], axis=1)
    everybody = sum(cell.num_queries for cell in cells)
    if transfer.source is not None and 0 < len(languages_there([transfer.source], tags)) < len(tags):
        gap = float(transfer_gap(tags, values, transfer.source)[0])
        spread = transfer_gap(tags, resampled, transfer.source)
        ledger.write(setting, f"{measure}_transfer_gap", [Cell("*", "*", gap, everybody, spread)])
    for name, wanted in (("low_resource", transfer.low_resource), ("unseen", transfer.unseen)):
        present = languages_there(wanted, tags)
        if present:
            mean = float(mean_over(tags, values, present)[0])
            queries = sum(cell.num_queries for cell in cells if cell.query_language in present)
            spread = mean_over(tags, resampled, present)
            ledger.write(setting, f"{measure}_{name}", [Cell("*", "*", mean, queries, spread)])
