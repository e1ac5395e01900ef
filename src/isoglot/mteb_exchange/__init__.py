"""The neighbourhood with MTEB: results in its format, and corpora as tasks of its own classes.

Needs the package mteb (`pip install 'isoglot[mteb]'`), which is imported when a function is called. Models of
MTEB's kind need nothing from here: `isoglot.evaluate` takes them as they are.
"""

from isoglot.mteb_exchange.results import to_task_results, write_task_results
from isoglot.mteb_exchange.tasks import build_task

__all__ = ["build_task", "to_task_results", "write_task_results"]
