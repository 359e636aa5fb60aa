"""The captured output of task runs."""

from pathlib import Path

from local_host.databricks.task_process import log_file


def read_logs(folder: Path, most_bytes: int) -> tuple[str, bool]:
    """The end of a task run's standard output and error.

    Returns:
        The text, and whether its beginning is missing. Empty if the process was never started.
    """
    try:
        with log_file(folder).open("rb") as log:
            size = log.seek(0, 2)
            log.seek(max(size - most_bytes, 0))
            return log.read(most_bytes).decode(errors="replace"), size > most_bytes
    except FileNotFoundError:
        return "", False
