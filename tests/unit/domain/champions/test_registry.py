"""Which version a number means, after a registered model was deleted and made again."""

from datetime import datetime, timedelta

import pytest

from nightshift.domain.champions.registry import RegisteredVersion
from tests.support.incident_examples import AT

VERSION = RegisteredVersion(version="3", aliases=(), created_at=AT, run_id="r", tags={})
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("known_at", [AT - 60 * MINUTE, AT + 60 * MINUTE])
@pytest.mark.parametrize(("created_at", "another"), [(AT, False), (AT - MINUTE, True), (AT + MINUTE, True)])
def test_mlflows_own_time_decides_alone(created_at: datetime, known_at: datetime, another: bool) -> None:
    """No host's clock is asked."""
    assert VERSION.is_another(created_at, known_at) == another


@pytest.mark.parametrize(("since", "another"), [(-60, False), (5, False), (60, True)])
def test_a_record_without_it_is_judged_with_a_margin(since: int, another: bool) -> None:
    """The clocks of a host and of MLflow may be some minutes apart."""
    assert VERSION.is_another(None, AT - since * MINUTE) == another


@pytest.mark.parametrize(("minutes", "another"), [(10, False), (10.1, True)])
def test_the_margin_is_ten_minutes(minutes: float, another: bool) -> None:
    """So much later than the record a version was made, by two clocks."""
    assert VERSION.is_another(None, AT - minutes * MINUTE) == another
