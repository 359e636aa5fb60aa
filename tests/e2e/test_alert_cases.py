"""Some public alert documents through the real HTTP of a running host: taken and judged, or refused with the field."""

import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import ROOT, RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

CASES = ROOT / "tests" / "data" / "cases" / "alerts"
MODEL = "jobless"


def _post(running: RunningApp, body: bytes) -> httpx.Response:
    return httpx.post(
        f"{running.endpoints.app_url}/api/alerts",
        content=body,
        headers={"Authorization": "Bearer local:monitor:AlertWriter"},
        timeout=150,
    )


def _document(name: str, marker: str) -> bytes:
    """The file, about a model of the stack, fired a minute ago, under an id of this test's own."""
    fired = (datetime.now(UTC) - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = (CASES / f"{name}.json").read_bytes()
    body = re.sub(rb"20\d\d-\d\d-\d\dT[0-9:.]+Z", fired.encode(), body)
    body = re.sub(rb'("(?:alertId|alert_id)": *")', rb"\g<1>" + marker.encode() + b"/", body)
    return body.replace(b"canary", MODEL.encode()).replace(b"revenue_forecast", MODEL.encode())


def _occurrences(running: RunningApp, marker: str, expected: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Alerts of this test with their incidents, once so many are there."""
    deadline = time.monotonic() + 240
    found: list[tuple[dict[str, Any], dict[str, Any]]] = []
    while time.monotonic() < deadline and len(found) < expected:
        views = [
            running.app.get(f"incidents/{item['incident_id']}")
            for item in running.app.get("incidents", limit=1000)["items"]
        ]
        found = [
            (view["incident"], alert) for view in views for alert in view["occurrences"] if marker in alert["alert_id"]
        ]
        time.sleep(0.2)
    return found


def test_what_the_field_sends_is_taken_and_judged(running: RunningApp) -> None:
    """Long ids and names, a byte order mark, metrics that are better when higher: all arrive, none is harmless."""
    marker = f"case-{uuid4()}"
    names = ["B01_cost_alert_billing_scope_long_id", "A22_rule_name_260_chars", "A23_metric_101_chars", "E01_utf8_bom"]
    falls = ["M01_accuracy", "M03_F1", "M15_throughput_rps", "M20_azure_accuracy_score"]
    for name in (*names, *falls):
        answer = _post(running, _document(name, marker))
        assert answer.status_code == 202, (name, answer.text)
    found = _occurrences(running, marker, len(names) + len(falls))
    assert len(found) == len(names) + len(falls)
    falling = {alert["metric"]: incident for incident, alert in found if alert["metric"] in FALLING}
    assert set(falling) == FALLING
    assert {incident["severity"] for incident in falling.values()} == {"critical"}
    assert all(MODEL in incident["title"] for incident in falling.values())


FALLING = {"accuracy", "F1", "throughput_rps", "accuracy_score"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("E02_utf16le_bom", "byte order mark of UTF-16"),
        ("A28_severity_Sev5", "data.essentials.severity = 'Sev5'"),
        ("D11_mlflow_registry_webhook", "is no schema that is known"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(running: RunningApp, name: str, said: str) -> None:
    """With 400, which says what to send instead."""
    answer = _post(running, (CASES / f"{name}.json").read_bytes())
    assert (answer.status_code, said in answer.json()["detail"]) == (400, True)


def test_a_file_with_a_byte_order_mark_is_sent_by_hand(running: RunningApp, tmp_path: Path) -> None:
    """As editors on Windows save it."""
    file = tmp_path / "alert.json"
    file.write_bytes(_document("E01_utf8_bom", f"file-{uuid4()}"))
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    command = [sys.executable, "-m", "nightshift.cli", "alert", "--file", str(file), "--state", str(running.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, "is on queue model-alerts" in " ".join(done.stdout.split())) == (0, True), done.stderr


def test_one_id_in_three_categories_is_three_incidents(running: RunningApp) -> None:
    """As a monitor sends that has one id for all that it watches; each sent twice counts once."""
    marker, fired = f"same-{uuid4()}", datetime.now(UTC).isoformat()
    about: list[dict[str, Any]] = [
        {"category": "pipeline", "severity": "warning"},
        {"category": "drift", "metric": "ks", "severity": "informational"},
        {"category": "degradation", "metric": "rmse", "value": 1.0, "baseline": 1.0},
    ]
    for given in about * 2:
        document = {"alert_id": marker, "model": MODEL, "source": "test", "rule": marker, "title": "a", **given}
        running.app.post("alerts", {**document, "fired_at": fired})
    found = _occurrences(running, marker, 3)
    assert sorted(alert["category"] for _, alert in found) == ["degradation", "drift", "pipeline"]
    assert len({incident["incident_id"] for incident, _ in found}) == 3
