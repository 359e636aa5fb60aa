"""The status of a named failure is the one that docs/api.md gives."""

import pytest

from nightshift.domain.platform.errors import ChampionMovedError, MoveFencedError, NightshiftError
from nightshift.domain.platform.problem_status import status_of


@pytest.mark.parametrize(
    "error", [MoveFencedError("m", "2", 1, "settled 'void'"), ChampionMovedError("m", "1", "2")], ids=lambda e: e.code
)
def test_what_somebody_else_has_changed_first_is_a_conflict(error: NightshiftError) -> None:
    """The request itself breaks no rule."""
    assert status_of(error) == 409
