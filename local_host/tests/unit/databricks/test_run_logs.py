"""Captured output."""

from pathlib import Path

import pytest

from local_host.databricks.run_logs import read_logs
from local_host.databricks.task_process import log_file


@pytest.mark.parametrize(
    ("written", "read"),
    [(b"12345", ("12345", False)), (b"123456", ("23456", True)), (b"\xff!", ("\ufffd!", False)), (b"", ("", False))],
)
def test_end_of_the_output(tmp_path: Path, written: bytes, read: tuple[str, bool]) -> None:
    """At most so many bytes from the end, and whether something is missing."""
    log_file(tmp_path).write_bytes(written)
    assert read_logs(tmp_path, 5) == read


def test_no_output(tmp_path: Path) -> None:
    """A task that never started has none."""
    assert read_logs(tmp_path / "none", 5) == ("", False)
