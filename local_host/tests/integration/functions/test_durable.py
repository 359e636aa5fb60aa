"""Orchestrations through the host: started by the official client in an HTTP function, run by the engine."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from local_host.testing.functions_host import DEADLINE, RunningHost, StartHost, hosts_in

APP = """
@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    instance_id = await client.start_new(req.route_params["name"], client_input=req.get_json())
    return client.create_check_status_response(req, instance_id)

@app.route(route="raise/{id}/{event}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def raise_event(req: func.HttpRequest, client) -> func.HttpResponse:
    await client.raise_event(req.route_params["id"], req.route_params["event"], req.get_json())
    return func.HttpResponse(status_code=202)

@app.orchestration_trigger(context_name="context")
def chain(context):
    value = context.get_input()
    for _ in range(3):
        value = yield context.call_activity("add_one", value)
    return value

@app.activity_trigger(input_name="number")
def add_one(number: int) -> int:
    note(f"add {number}")
    return number + 1

@app.activity_trigger(input_name="number", activity="double")
async def twice(number: int) -> int:
    return number * 2

@app.orchestration_trigger(context_name="context", orchestration="named")
def another_name(context):
    return (yield context.call_activity("double", context.get_input()))

@app.orchestration_trigger(context_name="context")
def failing(context):
    try:
        yield context.call_activity("fail", context.get_input())
    except Exception as error:
        return str(error)

@app.activity_trigger(input_name="reason")
def fail(reason: str) -> None:
    raise ValueError(reason)

@app.orchestration_trigger(context_name="context")
def waiting(context):
    answer = yield context.wait_for_external_event("answer")
    return answer

@app.orchestration_trigger(context_name="context")
def two_steps(context):
    first = yield context.call_activity("step", "first")
    second = yield context.call_activity("step", "second")
    return [first, second]

@app.activity_trigger(input_name="name")
def step(name: str) -> str:
    note("began " + name)
    while name == "second" and not (here / "go").exists():
        time.sleep(0.01)
    note("ended " + name)
    return name
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """One host for the tests that do not end it."""
    with hosts_in(tmp_path_factory.mktemp("durable")) as start:
        yield start(APP).until_started()


def begin(host: RunningHost, name: str, value: object) -> str:
    answer = host.post(f"/api/start/{name}", json=value)
    assert answer.status_code == 202, host.lines
    return str(answer.json()["id"])


def test_a_chain_completes(host: RunningHost) -> None:
    """Start by HTTP, three activities, output and status links as in Azure."""
    answer = host.post("/api/start/chain", json=1)
    links = answer.json()
    status = host.finished(links["id"])
    assert (status["runtimeStatus"], status["output"], status["name"]) == ("Completed", 4, "chain")
    assert host.notes == ["add 1", "add 2", "add 3"]
    assert links["statusQueryGetUri"].startswith(host.url)
    assert host.get(links["statusQueryGetUri"].removeprefix(host.url)).json()["runtimeStatus"] == "Completed"


def test_names_given_in_the_triggers_count(host: RunningHost) -> None:
    """Orchestrators and activities are found by the names that their triggers give them."""
    assert host.finished(begin(host, "named", 21))["output"] == 42


def test_an_activitys_failure_reaches_the_orchestrator(host: RunningHost) -> None:
    """The orchestrator sees the activity's name, the exception's type and its message."""
    status = host.finished(begin(host, "failing", "no such table"))
    assert "Activity function 'fail' failed:  ValueError: no such table" in status["output"]


def test_an_event_wakes_an_orchestration(host: RunningHost) -> None:
    """raise_event through the official client in another function."""
    instance = begin(host, "waiting", 0)
    assert host.post(f"/api/raise/{instance}/answer", json={"yes": True}).status_code == 202
    assert host.finished(instance)["runtimeStatus"] == "Completed"


def test_a_killed_host_goes_on_where_it_was(start_host: StartHost) -> None:
    """After kill -9 the finished activity is not run again, the one under way is, and the instance completes."""
    host = start_host(APP).until_started()
    instance = begin(host, "two_steps", 0)
    host.until_noted("began second")
    host.kill()
    (host.root / "go").touch()
    again = start_host().until_started()
    assert again.finished(instance)["output"] == ["first", "second"]
    assert again.notes == ["began first", "ended first", "began second", "began second", "ended second"]


def test_sigterm_during_an_activity_loses_nothing(start_host: StartHost) -> None:
    """A host stopped while an activity runs ends in order; the next one completes the instance."""
    host = start_host(APP).until_started()
    instance = begin(host, "two_steps", 0)
    host.until_noted("began second")
    (host.root / "go").touch()
    assert host.terminate() == 0
    assert start_host().until_started().finished(instance)["output"] == ["first", "second"]


def test_a_failed_engine_ends_the_host(start_host: StartHost) -> None:
    """When the engine cannot write any more the host ends with exit code 3, and a new one goes on."""
    host = start_host(APP).until_started()
    instance = begin(host, "waiting", 0)
    (database,) = (host.root.parent / "state").glob("*.sqlite3")
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert host.post(f"/api/raise/{instance}/answer", json=1).status_code == 500
        assert host.process.wait(DEADLINE) == 3
    assert "error: the host has ended:" in host.lines
    again = start_host().until_started()
    assert again.post(f"/api/raise/{instance}/answer", json=1).status_code == 202
    assert again.finished(instance)["runtimeStatus"] == "Completed"
