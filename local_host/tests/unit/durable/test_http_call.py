"""How long a durable HTTP call waits before it polls."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from local_host.durable.clock import utc_now
from local_host.durable.http_call import _retry_after


@pytest.mark.parametrize(("header", "seconds"), [(None, 30.0), ("0", 0.0), ("7", 7.0)])
def test_retry_after_in_seconds(header: str | None, seconds: float) -> None:
    """The header's seconds, or Azure's default."""
    assert _retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    """An HTTP date counts from now; one in the past means at once."""
    later = format_datetime(utc_now() + timedelta(hours=1), usegmt=True)
    past = format_datetime(utc_now() - timedelta(hours=1), usegmt=True)
    assert 3500 < _retry_after(later) <= 3600
    assert _retry_after(past) == 0.0
