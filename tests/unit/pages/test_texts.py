"""Values as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from nightshift.domain.response.incident import IncidentAction
from nightshift.pages import texts
from nightshift.pages.texts import clock, lasted, moment, number, shown, web_address
from tests.support.incident_examples import AT, incident


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


def test_a_card_says_what_was_done_or_why_nobody_did_it() -> None:
    """What changes something counts, and what failed; that people were notified does not."""
    refused = IncidentAction(mitigation="rollback", state="refused", detail="nothing to go back to", at=AT)
    with_links = IncidentAction(mitigation="page", state="done", detail="sent", at=AT + timedelta(minutes=1))
    assert texts.why_waiting(incident(actions=(refused, with_links))) == "rollback refused: nothing to go back to"
    untold = with_links.model_copy(update={"state": "failed", "detail": "the pager refused"})
    assert texts.why_waiting(incident(actions=(refused, untold))) == "page failed: the pager refused"
    assert (
        texts.why_waiting(incident(actions=(with_links,), reason="error tripled"))
        == "nothing was changed: error tripled"
    )
    assert "it waits for incident i0" in texts.why_waiting(incident(caused_by="i0"))


def test_a_sentence_links_its_runs_and_has_plain_times() -> None:
    """Ids of runs lead to their pages, times are read to the minute, anything else stays text."""
    said = texts.with_links("<b> of lifecycle-m_1-0123456789abcdef; lease until 2026-11-29T21:31:14.979871+00:00")
    link = '<a href="/runs/lifecycle-m_1-0123456789abcdef">lifecycle-m_1-0123456789abcdef</a>'
    assert said == f"&lt;b&gt; of {link}; lease until 2026-11-29 21:31 UTC"
