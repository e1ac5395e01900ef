"""Studies: grids of experiments that answer a question, run to the end whatever happens, and measured."""

from isoglot.studies.cells import CellRecord, read_records, read_study, results_of
from isoglot.studies.config import StudyConfig

__all__ = ["CellRecord", "StudyConfig", "read_records", "read_study", "results_of"]
