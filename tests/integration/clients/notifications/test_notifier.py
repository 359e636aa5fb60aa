"""Notifications through apprise to a real HTTP server, and into the file that stands for people locally."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from tests.support.loopback_server import Answering, LoopbackServer


class Sink:
    """An HTTP server that keeps what it is sent and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.status = 200
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                sink.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(sink.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address for apprise."""
        return f"json://127.0.0.1:{self._server.server_address[1]}/hook"

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A server for this test."""
    server = Sink()
    yield server
    server.close()


def note(**given: Any) -> Notification:
    """A page; what is given differs."""
    fields = {"key": "i:page", "kind": "page", "model": "m", "severity": "critical", "title": "t", "body": "b"}
    return Notification.model_validate(fields | given)


def send(notifier: AppriseNotifier, told: Notification) -> None:
    """Send to every address that wants it."""
    for address in notifier.addresses(told):
        notifier.send(told, address)


def test_an_address_gets_title_and_body_as_they_are(sink: Sink) -> None:
    """HTML and instructions in an alert's text reach people as text."""
    text = "<b>bold</b> ignore all rules & <script>x</script>"
    send(AppriseNotifier(sink.url, None), note(title=text, body=text))
    assert [(body["title"], body["message"]) for body in sink.bodies] == [(text, text)]


def test_addresses_may_be_bound_to_a_kind(sink: Sink) -> None:
    """A page goes to page addresses and to unbound ones, a notice likewise."""
    notifier = AppriseNotifier(f"page={sink.url} notice={sink.url} {sink.url}", None)
    send(notifier, note())
    assert len(sink.bodies) == 2
    send(notifier, note(kind="notice", key="i:notice"))
    assert len(sink.bodies) == 4


def test_an_address_that_fails_is_unavailable(sink: Sink) -> None:
    """The error names the position, and no secret; neither does the key."""
    sink.status = 500
    notifier = AppriseNotifier(f"notice={sink.url} {sink.url}", None)
    (address,) = notifier.addresses(note())
    with pytest.raises(ServiceUnavailableError, match="number 2 .*i:page") as raised:
        notifier.send(note(), address)
    assert "127.0.0.1" not in str(raised.value) + address


def test_an_address_keeps_its_key_at_another_position(sink: Sink) -> None:
    """What it has taken it has taken, when the setting gets one more address; the second channel counts apart."""
    before = AppriseNotifier(sink.url, None, sink.url)
    after = AppriseNotifier(f"json://127.0.0.1:1 {sink.url}", None)
    assert before.addresses(note())[0] == after.addresses(note())[1]
    assert before.addresses(note(), fallback=True) != before.addresses(note())


def test_links_stand_below_the_text(sink: Sink) -> None:
    """The page of the app, and the runbook beside it."""
    told = note(link="https://app.example/incidents/i", runbook="https://wiki.example/runbook")
    send(AppriseNotifier(sink.url, None), told)
    (body,) = sink.bodies
    assert body["message"].splitlines() == [
        "b",
        "https://app.example/incidents/i",
        "Runbook: https://wiki.example/runbook",
    ]


def test_an_address_that_nobody_listens_at(free_port: int) -> None:
    """Unavailable, so that the step is tried again."""
    with pytest.raises(ServiceUnavailableError):
        send(AppriseNotifier(f"json://127.0.0.1:{free_port}", None), note())


@pytest.mark.parametrize(
    "url", ["pagerdutty://hunter2@k/", "slack://hunter2", "tgram://hunter2/x", "hunter2", "pagerduty://hunter2@"]
)
def test_no_log_has_an_address(url: str, caplog: pytest.LogCaptureFixture) -> None:
    """What apprise says about one that it cannot read; the log goes to more people than the key."""
    with pytest.raises(ServiceRefusedError):
        send(AppriseNotifier(url, None), note())
    assert any(record.name == "apprise" and record.levelname == "ERROR" for record in caplog.records)
    assert "hunter2" not in caplog.text


def test_an_address_that_is_none() -> None:
    """Refused, and no retry will help."""
    with pytest.raises(ServiceRefusedError, match="number 1 cannot be read"):
        send(AppriseNotifier("pager-duty", None), note())


def test_the_file_has_a_line_per_notification(tmp_path: Path) -> None:
    """Sent twice it is one line."""
    file = tmp_path / "told" / "notifications.jsonl"
    notifier = AppriseNotifier("", file)
    for item in (note(), note(), note(key="j:page")):
        send(notifier, item)
    assert [json.loads(line)["key"] for line in file.read_text(encoding="utf-8").splitlines()] == ["i:page", "j:page"]


def test_a_folder_in_the_place_of_the_file(tmp_path: Path) -> None:
    """Unavailable, as a pager that refuses: it is owed."""
    with pytest.raises(ServiceUnavailableError, match="the file .*i:page"):
        send(AppriseNotifier("", tmp_path), note())


def test_a_contact_has_addresses_of_its_own(sink: Sink, tmp_path: Path) -> None:
    """What is for the manager goes to the manager alone; what is for a contact without an address goes to the rest."""
    rest = Sink()
    try:
        notifier = AppriseNotifier(f"@manager={sink.url} page={rest.url}", tmp_path / "told.jsonl")
        send(notifier, note(key="1", contact="manager"))
        send(notifier, note(key="2", contact="second"))
        send(notifier, note(key="3"))
        send(notifier, note(key="4", kind="notice"))
    finally:
        rest.close()
    assert (len(sink.bodies), len(rest.bodies)) == (1, 2)
    told = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["contact"] for line in told] == ["manager", "second", "", ""]


class Answers(Answering):
    """Takes a page as its path says: late, not, by a redirect, or only if it is short enough."""

    taken: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Answer, and keep what was taken."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        place = body.get("topic") or self.path.split("/")[1]
        if place.isdecimal():
            self.answer(int(place), b"", {"location": "/sign-in"})
            return
        if place == "gone" or len(body.get("text", "")) > 4_000:
            self.answer(400, b"", {})
            return
        if place == "slow":
            time.sleep(4.5)  # apprise's own patience is 4 seconds
        self.taken.append(place)
        self.answer(200, b"{}", {})

    def do_GET(self) -> None:
        """The page that a redirect leads to."""
        self.answer(200, b"sign in", {})


@pytest.fixture
def service() -> Iterator[str]:
    """The host of a service that answers so."""
    Answers.taken.clear()
    server = LoopbackServer(Answers)
    yield server.url.removeprefix("http://")
    server.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307])
def test_a_page_that_is_redirected_was_not_taken(service: str, status: int) -> None:
    """The address has moved, or asks for a sign-in: what answers there with 200 has not got the page."""
    with pytest.raises(ServiceUnavailableError, match="number 1 .*i:page"):
        send(AppriseNotifier(f"json://{service}/{status}", None), note())


def test_a_slow_service_is_waited_for(service: str) -> None:
    """It has taken the page, and is not paged again; an address may say that it waits for less."""
    send(AppriseNotifier(f"json://{service}/slow", None), note())
    with pytest.raises(ServiceUnavailableError):
        send(AppriseNotifier(f"json://{service}/slow?rto=1", None), note())


def test_a_long_text_goes_out_in_parts(service: str) -> None:
    """A service that takes 4,000 characters gets as many messages as it needs."""
    send(AppriseNotifier(f"mmost://{service}/abcdefghijklmnopqrstuvwx", None), note(body="x" * 4_200))
    assert len(Answers.taken) > 1


def test_an_address_of_several_recipients_says_that_all_are_sent_it_again(service: str) -> None:
    """Apprise does not say who of them has taken it; addresses of their own are told apart, also in one word."""
    with pytest.raises(ServiceUnavailableError, match="its 2 recipients"):
        send(AppriseNotifier(f"ntfy://{service}/here/gone", None), note())
    one_word = AppriseNotifier(f"page=ntfy://{service}/here,ntfy://{service}/gone", None)
    here, gone = one_word.addresses(note())
    one_word.send(note(), here)
    with pytest.raises(ServiceUnavailableError, match="number 2 .*i:page$"):
        one_word.send(note(), gone)
