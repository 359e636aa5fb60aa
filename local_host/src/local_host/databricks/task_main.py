"""The first code of a task's process: calls the entry point and leaves its outcome in a file.

Runs as a script in a process of its own, so it imports nothing of this project. The outcome file lets a restarted host
learn how a process ended that is not its child any more.

Usage: task_main.py FOLDER MODULE:FUNCTION [ARGUMENT...]
"""

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

OUTCOME_FILE = "outcome.json"


def write_outcome(folder: Path, error: str | None, error_trace: str | None) -> None:
    """Write the outcome whole or not at all; ``error`` is None for success."""
    outcome = {"error": error, "error_trace": error_trace, "ended_ms": time.time_ns() // 1_000_000}
    partial = folder / f"{OUTCOME_FILE}.{os.getpid()}"
    partial.write_text(json.dumps(outcome), encoding="utf-8")
    partial.replace(folder / OUTCOME_FILE)


def main() -> None:
    """Call the entry point. As on Databricks its return value does not matter; an exception is the failure."""
    folder, target, arguments = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    module, function = target.split(":")
    sys.argv = [module, *arguments]
    try:
        getattr(importlib.import_module(module), function)()
    except BaseException as error:
        if isinstance(error, SystemExit) and error.code in (None, 0):
            write_outcome(folder, None, None)
            raise
        lines = traceback.format_exception_only(error)
        # The frames of this file and of importlib's call are no news to the author of the entry point.
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        write_outcome(folder, lines[-1].strip(), "".join(traceback.format_exception(type(error), error, trace)))
        raise
    write_outcome(folder, None, None)


if __name__ == "__main__":
    main()
