"""Parameters: what is taken, and what is refused with field, value and rule."""

from datetime import UTC, datetime

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.triggers.api.parameters import AT, INCIDENT_STATE, LIMIT, MODEL, SEVERITY
from tests.support.refusals import refusal


def test_a_limit_has_a_default_and_a_largest() -> None:
    """Fifty, and never more than a thousand."""
    assert (LIMIT.default, LIMIT.read("1"), LIMIT.read("1000")) == (50, 1, 1000)


@pytest.mark.parametrize("text", ["0", "1001", "-1", "ten", "1.5", "", "٣"])
def test_another_limit_is_refused(text: str) -> None:
    """Also digits of other scripts."""
    with refusal(BadInputError, "from 1 to 1000", field="limit", value=text):
        LIMIT.read(text)


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
    assert AT.read(text) == expected


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-11-20", "2026-11-20T18:00", "0001-01-01T00:00:00+05:00", "2026-13-01T00:00Z"]
)
def test_another_time_is_refused(text: str) -> None:
    """No zone, no time of day, before all time, a thirteenth month."""
    with refusal(BadInputError, "with its zone", field="at", value=text):
        AT.read(text)


def test_a_choice_is_one_of_those_there_are() -> None:
    """One, or several with commas between them; the order is that of the choices."""
    assert (SEVERITY.read("critical"), INCIDENT_STATE.read("resolved,open")) == ("critical", ("open", "resolved"))
    for parameter, text in ((SEVERITY, "bad"), (INCIDENT_STATE, "open,shut"), (INCIDENT_STATE, "")):
        with pytest.raises(BadInputError, match=f"{parameter.name} = .*: must be of "):
            parameter.read(text)


@pytest.mark.parametrize("text", ["a/b", "", "x" * 257, "a\nb"])
def test_a_name_is_no_path(text: str) -> None:
    """Keys of tables and segments of URLs hold nothing else."""
    with refusal(BadInputError, "1 to 256 characters", field="model"):
        MODEL.read(text)


def test_what_is_not_given_is_the_default() -> None:
    """No time, no choice, no name."""
    assert (AT.default, SEVERITY.default, INCIDENT_STATE.default, MODEL.default) == (None, None, (), None)
