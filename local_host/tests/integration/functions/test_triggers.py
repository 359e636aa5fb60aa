"""Event Grid and timer triggers on a running host."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from local_host.testing.functions_host import StartHost, wait_for

APP = """
@app.event_grid_trigger(arg_name="event")
@app.durable_client_input(client_name="client")
async def on_event(event: func.EventGridEvent, client) -> None:
    await client.start_new("record", instance_id="event-" + event.id, client_input=event.get_json())

@app.orchestration_trigger(context_name="context")
def record(context):
    return context.get_input()["x"]

@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
def tick(timer: func.TimerRequest) -> None:
    note(f"tick past_due={timer.past_due}")
"""
NEVER_SOON = {"SCHEDULE": "0 0 0 29 2 *"}
EVENT = {
    "id": "1",
    "subject": "/s",
    "eventType": "T",
    "eventTime": "2026-11-21T03:00:00Z",
    "dataVersion": "",
    "data": {},
}


def test_an_event_starts_an_orchestration(start_host: StartHost) -> None:
    """A delivered event reaches its function, which starts an orchestration by the official client."""
    host = start_host(APP, environment=NEVER_SOON).until_started()
    url = "/runtime/webhooks/eventgrid?functionName=on_event"
    code = {**EVENT, "data": {"validationCode": "CODE"}}
    shake = host.post(url, json=[code], headers={"aeg-event-type": "SubscriptionValidation"})
    assert shake.json() == {"validationResponse": "CODE"}
    answer = host.post(url, json=[{**EVENT, "data": {"x": 7}}], headers={"aeg-event-type": "Notification"})
    assert answer.status_code == 202
    assert host.finished("event-1")["output"] == 7


def test_a_timer_runs_by_hand(start_host: StartHost) -> None:
    """POST /admin/functions/NAME runs a timer at once."""
    host = start_host(APP, environment=NEVER_SOON).until_started()
    assert host.post("/admin/functions/tick", json={"input": ""}).status_code == 202
    host.until_noted("tick past_due=False")
    assert host.post("/admin/functions/other", json={}).status_code == 404
    assert host.post("/admin/functions/record", json={}).status_code == 400
    assert host.post("/admin/functions/tick", json={"input": 7}).status_code == 400


def test_a_due_time_missed_while_killed_runs_as_past_due(start_host: StartHost) -> None:
    """A host killed before a due time and started after it runs the timer once, as past due."""
    environment = {"SCHEDULE": "00:02:00"}
    host = start_host(APP, environment=environment).until_started()
    status = host.root.parent / "state" / "timers" / "tick.json"
    wait_for(status.exists, "timer status")
    host.kill()
    # The time that passes while the host is down, without waiting for it: the status as of three minutes ago.
    past = datetime.now(UTC) - timedelta(minutes=3)
    stored = {
        "Last": past.isoformat(),
        "Next": (past + timedelta(minutes=2)).isoformat(),
        "LastUpdated": past.isoformat(),
    }
    status.write_text(json.dumps(stored), encoding="utf-8")
    again = start_host(environment=environment).until_started()
    again.until_noted("tick past_due=True")
    assert again.notes == ["tick past_due=True"]


def test_a_timer_ticks(start_host: StartHost) -> None:
    """A schedule of seconds runs by the machine's clock."""
    host = start_host(APP, environment={"SCHEDULE": "* * * * * *"}).until_started()
    wait_for(lambda: host.notes.count("tick past_due=False") >= 2, "second tick")
