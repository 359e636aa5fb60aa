"""The host's log lines: one per event, on stdout, in UTC, filtered as host.json says."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping

from local_host.functions.invocation_context import CURRENT_INVOCATION

_HOST_LOGGERS = ("local_host", "uvicorn", "asyncio")
# What the Python worker takes for its own: in Azure its operators see these lines, and the app's log does not.
_WORKERS_OWN = ("azure_functions_worker", "azure.functions")
_DEBUG = "PYTHON_ENABLE_DEBUG_LOGGING"


def configure_logging(levels: Mapping[str, int], environment: Mapping[str, str]) -> None:
    """Sends every log record to stdout as `time LEVEL logger message`.

    `levels` maps categories to Python levels, as host.json's logging.logLevel does. A record that a function's code
    logs has the category `Function.<name>.User` and gets the function's name and invocation id appended; any other
    has `Host.<logger>`. The longest matching category decides.

    Before that, the worker's own rule: the root logger takes nothing below INFO unless PYTHON_ENABLE_DEBUG_LOGGING is
    set, whatever host.json says.
    """
    handler = logging.StreamHandler(sys.stdout)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s %(message)s%(ids)s")
    formatter.converter = time.gmtime
    formatter.datefmt = "%Y-%m-%dT%H:%M:%S"
    handler.setFormatter(formatter)
    handler.addFilter(CategoryFilter(levels))
    is_debug = environment.get(_DEBUG, "").lower() in ("1", "true", "t", "yes", "y")
    logging.basicConfig(level=logging.DEBUG if is_debug else logging.INFO, handlers=[handler], force=True)
    # In Azure the host is another process with another log.
    logging.getLogger("local_host").setLevel(max(1, min(levels.values())))
    # uvicorn's own start and stop lines repeat what the host logs.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


class CategoryFilter(logging.Filter):
    """Lets a record through if its category's level allows it, and adds the ids of the running invocation."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        super().__init__()
        self._levels = {category.lower(): level for category, level in levels.items()}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith(_WORKERS_OWN):
            return False
        context = CURRENT_INVOCATION.get()
        of_host = record.name.split(".", 1)[0] in _HOST_LOGGERS
        if context is None or of_host:
            record.ids = ""
            category = f"host.{record.name}"
        else:
            record.ids = f" function={context.function_name} invocation_id={context.invocation_id}"
            category = f"function.{context.function_name}.user"
        return record.levelno >= self._level(category.lower())

    def _level(self, category: str) -> int:
        while category:
            if category in self._levels:
                return self._levels[category]
            category = category.rpartition(".")[0]
        return self._levels["default"]
