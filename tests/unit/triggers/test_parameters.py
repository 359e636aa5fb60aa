"""Query parameters: what is taken, and what is refused with field, value and rule."""

from datetime import UTC, datetime

import pytest

from nightshift.domain.platform.errors import BadInputError, UnknownModelError
from nightshift.triggers.parameters import cursor_of, limit_of, refuse_unknown_model, time_of
from tests.unit.triggers.api.requests import request


class _Specs:
    def names(self) -> tuple[str, ...]:
        return ("known",)


class _Services:
    specs = _Specs()


def test_a_limit_has_a_default_and_a_largest() -> None:
    """Fifty, and never more than a thousand."""
    assert [limit_of(request(params=given)) for given in ({}, {"limit": "1"}, {"limit": "1000"})] == [50, 1, 1000]


@pytest.mark.parametrize("text", ["0", "1001", "-1", "ten", "1.5", "", "٣"])
def test_another_limit_is_refused(text: str) -> None:
    """Also digits of other scripts."""
    with pytest.raises(BadInputError, match="limit = .*must be a whole number from 1 to 1000"):
        limit_of(request(params={"limit": text}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20T18:00Z", datetime(2026, 11, 20, 18, tzinfo=UTC)),
        ("2026-11-20t18:00:01.5z", datetime(2026, 11, 20, 18, 0, 1, 500_000, tzinfo=UTC)),
        ("2026-11-20T18:00:00+02:00", datetime(2026, 11, 20, 16, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_utc(text: str, expected: datetime) -> None:
    """With seconds or without, in any zone."""
    assert time_of(request(params={"since": text}), "since") == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-11-20", "2026-11-20T18:00", "0001-01-01T00:00:00+05:00", "2026-13-01T00:00Z"]
)
def test_another_time_is_refused(text: str) -> None:
    """No zone, no time of day, before all time, a thirteenth month."""
    with pytest.raises(BadInputError, match="at = .*must be a time with its zone"):
        time_of(request(params={"at": text}))


def test_what_is_not_given_is_none() -> None:
    """No time, no cursor."""
    assert (time_of(request()), cursor_of(request())) == (None, None)


def test_a_model_without_spec_and_record_is_unknown() -> None:
    """An empty list would say that all is well with it."""
    services = _Services()
    refuse_unknown_model(services, "known", found=False)  # type: ignore[arg-type]
    refuse_unknown_model(services, "removed", found=True)  # type: ignore[arg-type]
    refuse_unknown_model(services, None, found=False)  # type: ignore[arg-type]
    with pytest.raises(UnknownModelError, match="model = 'x': no spec has this name; known models: known"):
        refuse_unknown_model(services, "x", found=False)  # type: ignore[arg-type]
