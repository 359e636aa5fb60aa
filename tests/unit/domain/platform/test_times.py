"""Times within sentences."""

import pytest

from nightshift.domain.platform.times import plain_times


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("until 2026-11-29T21:31:14.979871+00:00, then", "until 2026-11-29 21:31 UTC, then"),
        ("2026-11-29T23:31:14+02:00 and 2026-11-29T21:31:14Z", "2026-11-29 21:31 UTC and 2026-11-29 21:31 UTC"),
        ("no time: 2026-11-29T99:99:99Z, 2026-11-29, x", "no time: 2026-11-29T99:99:99Z, 2026-11-29, x"),
    ],
)
def test_only_times_change(text: str, plain: str) -> None:
    """To the minute, in UTC."""
    assert plain_times(text) == plain
