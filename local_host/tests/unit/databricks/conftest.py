"""A state file and a clock that the test sets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_host.databricks.database import Database


class Clock:
    """Milliseconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.milliseconds = 1_700_000_000_000

    def __call__(self) -> int:
        """The time."""
        return self.milliseconds


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty state file."""
    made = Database(tmp_path / "state.sqlite")
    yield made
    made.close()
