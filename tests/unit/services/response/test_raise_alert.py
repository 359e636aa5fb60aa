"""An alert of our own: whoever wrote its words, nobody who reads it obeys one of them."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from nightshift.domain.lifecycle.run import AlertRequest
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.text import escaped
from nightshift.domain.response.alert import AlertMessage
from nightshift.services.response.raise_alert import raise_alert

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\u202e\u200b\x00\u2028end"
WRITTEN_OUT = r"\x1b]0;pwned\x07\x1b[2J\u202e\u200b\x00\u2028end"


class _Sent(list[AlertMessage]):
    """A queue that keeps what is sent."""

    def send(self, alert: AlertMessage) -> None:
        """Keep it."""
        self.append(alert)


def _raised(title: str, detail: str) -> AlertMessage:
    sent = _Sent()
    services = cast("Services", SimpleNamespace(alert_queues=sent, specs=SimpleNamespace(names=lambda: ("m1",))))
    request = AlertRequest(
        key="k", model="m1", run="r", rule="x", severity="warning", title=title, detail=detail,
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    returned = raise_alert(services, request)
    assert list(sent) == [returned]
    return returned


def test_what_a_title_and_a_detail_hide_is_written_out() -> None:
    """A title stays on its line; the detail keeps the lines that it has."""
    alert = _raised(f"title\nforged {HOSTILE}", f"round 1\nround 2: {HOSTILE}")
    assert alert.title == rf"title\nforged {WRITTEN_OUT}"
    assert alert.detail == f"round 1\nround 2: {WRITTEN_OUT}"


@pytest.mark.parametrize("letter", ["\x1b", "\U0001f600", "a", "\u202e"], ids=ascii)
def test_a_flood_is_cut_to_what_an_alert_may_have(letter: str) -> None:
    """However long its characters are when they are written out."""
    alert = _raised(letter * 5_000, letter * 50_000)
    assert (len(alert.title), len(alert.detail)) == (300, 8_000)
    assert (escaped(alert.title), escaped(alert.detail)) == (alert.title, alert.detail)
