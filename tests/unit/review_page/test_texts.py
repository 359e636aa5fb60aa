"""Values as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from review_page.texts import clock, lasted, moment, number, shown, web_address


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=5, seconds=30), "5 min"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(days=3, hours=4), "3 d 4 h"),
    ],
)
def test_spans(span: timedelta, text: str) -> None:
    """The two largest units."""
    assert lasted(span) == text


def test_times_and_numbers() -> None:
    """UTC, four digits."""
    at = datetime(2026, 11, 1, 3, 4, tzinfo=UTC)
    assert (moment(at), clock(at)) == ("2026-11-01 03:04 UTC", "01 Nov 03:04")
    assert (number(None), number(3.14159)) == ("-", "3.142")


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", " JavaScript:x", "data:text/html,x", "//evil", "/path", "http:", "https://[", "ftp://x"],
)
def test_only_the_web_is_linked_to(text: str) -> None:
    """Anything else is text."""
    assert web_address(text) == ""


def test_an_address_of_the_web() -> None:
    """As it is."""
    assert web_address("https://a.example/x?y=1#z") == "https://a.example/x?y=1#z"


def test_what_is_long_is_cut() -> None:
    """And says so."""
    assert shown({"a": 1}) == '{\n "a": 1\n}'
    assert shown("x" * 7_000).endswith("... and 1000 characters more: `nightshift show`")
