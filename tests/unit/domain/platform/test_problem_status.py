"""The status of a named failure is the one that docs/api.md gives."""

import pytest

from nightshift.domain.platform.errors import (
    BadInputError,
    ChampionMovedError,
    MoveFencedError,
    NightshiftError,
    NotFoundError,
    ServiceRefusedError,
    TooLargeError,
    UnknownModelError,
)
from nightshift.domain.platform.problem_status import status_of


@pytest.mark.parametrize(
    "error", [MoveFencedError("m", "2", 1, "settled 'void'"), ChampionMovedError("m", "1", "2")], ids=lambda e: e.code
)
def test_what_somebody_else_has_changed_first_is_a_conflict(error: NightshiftError) -> None:
    """The request itself breaks no rule."""
    assert status_of(error) == 409


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (NotFoundError("No such run", "run = 'x'"), 404, "No such run"),
        (TooLargeError(field="body", value="9 bytes", rule="must have at most 8"), 413, "too_large"),
        (ServiceRefusedError("MLflow", "403", "the identity may not read models"), 502, "service_refused"),
        (UnknownModelError("sales", ("revenue",)), 404, "unknown_model"),
        (BadInputError(field="run", value="x", rule="is no run"), 400, "bad_input"),
    ],
)
def test_a_failure_brings_its_status_and_title(error: NightshiftError, status: int, title: str) -> None:
    """No door decides about them by itself."""
    assert (status_of(error), error.title) == (status, title)
