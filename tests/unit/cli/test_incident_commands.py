"""Alerts by hand."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from nightshift.cli.app_client import AppClient
from nightshift.cli.incident_commands import alert_document
from nightshift.cli.main import PANELS, app
from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.incident import PERSONS_OPERATIONS
from nightshift.triggers.incident_api import ENDPOINTS
from tests.support.loopback_server import Answering, LoopbackServer

NO_APP = cast("AppClient", None)


def test_a_resolution_by_hand_resolves_whatever_fired_under_its_id() -> None:
    """It says no metric and no column of its own, since an example's would be another alert."""
    over = AlertMessage.model_validate(alert_document(NO_APP, "drift", "m1", alert_id="a", state="resolved"))
    fired = alert_document(NO_APP, "drift", "m1", alert_id="a", state="fired", metric="ks", value=0.9)
    assert over.same_subject(AlertMessage.model_validate(fired))
    assert over.same_subject(AlertMessage.model_validate({**fired, "feature": "hum"}))


def test_an_alert_by_hand_may_say_the_direction() -> None:
    """For a metric of one's own."""
    document = alert_document(NO_APP, "drift", "m1", metric="mine", value=1.0, direction="higher_is_better")
    assert AlertMessage.model_validate(document).direction == "higher_is_better"


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The alerts that the app of the commands has been sent."""
    alerts: list[dict[str, Any]] = []

    class Handler(Answering):
        """Takes every alert."""

        def do_POST(self) -> None:
            alerts.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            receipt = {"alert_id": "a", "queue": "model-alerts", "message_id": "m-1", "state": "fired"}
            self.answer_json({**receipt, "model": None, "category": None})

    server = LoopbackServer(Handler)
    monkeypatch.setenv("NIGHTSHIFT_URL", server.url)
    yield alerts
    server.close()


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_file_is_sent_as_it_is(taken: list[dict[str, Any]], tmp_path: Path, mark: bytes) -> None:
    """Editors on Windows write a byte order mark before it."""
    file = tmp_path / "alert.json"
    file.write_bytes(mark + b'{"title": "gr\xc3\xbcn"}')
    done = CliRunner().invoke(app, ["alert", "--file", str(file), "--state", str(tmp_path)])
    assert (done.exit_code, taken) == (0, [{"title": "gr\u00fcn"}]), done.output


def test_what_a_refusal_offers_exists() -> None:
    """As a command and as a call."""
    commands = {command.__name__ for several in PANELS.values() for command in several}
    calls = {endpoint.path.rpartition("/")[2] for endpoint in ENDPOINTS}
    assert commands & calls >= PERSONS_OPERATIONS
