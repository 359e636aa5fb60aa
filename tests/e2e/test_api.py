"""The HTTP API of a whole stack: who may, what is not there, and pages."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from nightshift.domain.watch.sweep import SWEEPS
from nightshift.triggers.api.endpoint import Endpoint
from nightshift.triggers.api.endpoints import api_endpoints
from tests.e2e.conftest import ROOT, RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

ENDPOINTS = api_endpoints()
PROBLEM = "application/problem+json"
_DEPENDENCIES = ["worker", "blob storage", "table storage", "service bus", "mlflow", "databricks", "notifications"]


def call(running: RunningApp, method: str, path: str, *roles: str, **given: Any) -> httpx.Response:
    """A call by a person with these roles; by somebody without any if none is named."""
    headers = {"Authorization": f"Bearer local:ann@example.com:{','.join(roles)}"}
    return httpx.request(method, f"{running.endpoints.app_url}/api/{path}", headers=headers, timeout=150, **given)


def path_of(endpoint: Endpoint) -> str:
    """Its path with something in each place."""
    return endpoint.path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("endpoint", [item for item in ENDPOINTS if item.roles], ids=lambda item: item.name)
def test_without_a_role_nothing_is_answered(running: RunningApp, endpoint: Endpoint) -> None:
    """Whoever is signed in and has no role, or only one that does not fit, is told which is needed."""
    unfit = "AlertWriter" if "AlertWriter" not in endpoint.roles else ""
    for roles in {(), (unfit,)} if unfit else {()}:
        answer = call(running, endpoint.method, path_of(endpoint), *roles)
        assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)
        assert f"this needs {' or '.join(endpoint.roles)}" in answer.json()["detail"]


@pytest.mark.parametrize(
    "name", ["list_runs", "list_models", "list_ledger", "list_reviews", "list_incidents", "list_dead_letters"]
)
def test_a_reader_reads_every_list(running: RunningApp, name: str) -> None:
    """Each list has the same shape."""
    endpoint = next(item for item in ENDPOINTS if item.name == name)
    answer = call(running, "GET", endpoint.path, "Reader")
    assert answer.status_code == 200
    assert set(answer.json()) == {"items", "next"}


def test_a_reader_may_not_act(running: RunningApp) -> None:
    """Reading is not doing."""
    for endpoint in ENDPOINTS:
        if endpoint.method == "POST" and endpoint.roles:
            assert call(running, "POST", path_of(endpoint), "Reader").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "nothing/of/the/kind", 404, "No such route"),
        ("DELETE", "runs", 405, "Method not allowed"),
        ("GET", "alerts", 405, "Method not allowed"),
        ("GET", "runs?model=revenue", 404, "unknown_model"),
        ("GET", "incidents?model=revenue", 404, "unknown_model"),
        ("GET", "reviews?model=revenue", 404, "unknown_model"),
        ("GET", "ledger?model=revenue", 404, "unknown_model"),
        ("GET", "ledger/verification?model=revenue", 404, "unknown_model"),
        ("GET", "models/revenue", 404, "unknown_model"),
        ("GET", "runs?limits=1", 400, "bad_input"),
        ("GET", "incidents?state=shut", 400, "bad_input"),
        ("GET", "runs/lifecycle-x-1", 404, "No such run"),
        ("GET", "runs/x%0A", 400, "bad_input"),
    ],
)
def test_what_is_wrong_is_a_problem_document(
    running: RunningApp, method: str, path: str, status: int, title: str
) -> None:
    """With status and title, whatever is wrong."""
    answer = call(running, method, path, "Operator")
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)
    assert (answer.json()["status"], answer.json()["title"]) == (status, title)
    assert answer.headers.get("allow", "") == ({"runs": "GET", "alerts": "POST"}[path] if status == 405 else "")


def test_incidents_come_in_pages(running: RunningApp) -> None:
    """Newest first, each once, also when another comes between two pages; of a model of this test's own."""
    model = f"paged_{uuid4().hex[:8]}"
    shipped = (running.specs / "revenue_forecast.yaml").read_text(encoding="utf-8")
    own = running.specs / f"{model}.yaml"
    own.write_text(shipped.replace("name: revenue_forecast", f"name: {model}", 1), encoding="utf-8")

    def alert(number: int) -> None:
        document = {
            "alert_id": f"page-{uuid4()}",
            "category": "pipeline",
            "model": model,
            "source": "test",
            "rule": f"page-{uuid4()}",
            "severity": "informational",
            "title": f"number {number}",
            "fired_at": datetime.now(UTC).isoformat(),
        }
        assert call(running, "POST", "alerts", "AlertWriter", json=document).status_code == 202
        deadline = time.monotonic() + 240
        while f"{model}: number {number}" not in titles({"limit": 1})[0]:
            assert time.monotonic() < deadline, titles({})
            time.sleep(0.1)

    def titles(params: dict[str, str | int]) -> tuple[list[str], str | None]:
        asked = {"since": since, "model": model, **params}
        page = call(running, "GET", "incidents", "Reader", params=asked).json()
        return [item["title"] for item in page["items"]], page["next"]

    since = datetime.now(UTC).isoformat()
    for number in range(3):
        alert(number)
    first, cursor = titles({"limit": 2})
    alert(3)
    assert cursor is not None
    named = [f"{model}: number {number}" for number in (2, 1, 0)]
    assert (first, *titles({"limit": 2, "cursor": cursor})) == (named[:2], named[2:], None)
    own.unlink()


def test_a_body_that_is_too_large_is_refused(running: RunningApp) -> None:
    """Before it is read as anything."""
    answer = call(running, "POST", "incidents/x/resolve", "Operator", content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["title"]) == (413, "too_large")


def test_the_stack_is_alive_and_ready(running: RunningApp) -> None:
    """Everything that the app depends on answers; a caller without a role learns only that."""
    document = {"status": "alive", "version": "unreleased", "sign_in": "enforced"}
    assert call(running, "GET", "health").json() == document
    ready = call(running, "GET", "health/ready", "Reader").json()
    names = _DEPENDENCIES
    assert [(item["name"], item["ok"], item["reason"]) for item in ready["dependencies"]] == [
        (name, True, "") for name in names
    ]
    assert ready["ok"]
    assert call(running, "GET", "health/ready").json() | {"checked_at": ""} == {
        "ok": True,
        "checked_at": "",
        "dependencies": [],
        "sweeps": [],
    }


def test_the_doctor_shows_what_a_deployed_app_depends_on(running: RunningApp) -> None:
    """With the address alone, as for an app in Azure."""
    environ = {**os.environ, "NIGHTSHIFT_URL": running.endpoints.app_url}
    command = [sys.executable, "-m", "nightshift.cli", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=300)
    found = [(part["component"], part["ok"]) for part in json.loads(done.stdout)["items"]]
    names = ["app", "sign-in", *_DEPENDENCIES, *SWEEPS]
    assert found == [(name, True) for name in names]


def test_the_doctor_of_a_local_stack_asks_the_app(running: RunningApp) -> None:
    """One object: the machine, the components, and what the app itself finds."""
    command = [sys.executable, "-m", "nightshift.cli", "doctor", "--json", "--state", str(running.state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    found = {part["component"]: part["ok"] for part in json.loads(done.stdout)["items"]}
    parts = ("stack", "functions", "servicebus", "app: blob storage", "app: service bus", "app: mlflow")
    assert {name: found.get(name) for name in parts} == dict.fromkeys(parts, True)


def test_the_document_is_served_to_whoever_has_a_role(running: RunningApp) -> None:
    """As JSON."""
    document = call(running, "GET", "openapi.json", "AlertWriter").json()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]) == {f"/{endpoint.path}" for endpoint in ENDPOINTS}
