"""Activities that hang on a slow dependency, and the orchestrations beside them."""

from __future__ import annotations

import json
from pathlib import Path

from local_host.testing.functions_host import StartHost, wait_for

ROOT = Path(__file__).resolve().parents[3]
APP = """
@app.route(route="start/{name}", methods=["POST"])
@app.durable_client_input(client_name="client")
async def start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    return func.HttpResponse(await client.start_new(req.route_params["name"]))

@app.orchestration_trigger(context_name="context")
def stuck(context):
    return (yield context.task_all([context.call_activity("hang", number) for number in range(LIMIT)]))

@app.activity_trigger(input_name="number")
def hang(number: int) -> int:
    note(f"hangs {number}")
    while not (here / "go").exists():
        time.sleep(0.01)
    return number

@app.orchestration_trigger(context_name="context")
def quick(context):
    yield context.create_timer(context.current_utc_datetime)
    return "done"
"""


def test_hanging_activities_leave_an_orchestrators_turn_under_way(start_host: StartHost) -> None:
    """As many activities as host.json allows hang; another orchestration takes both of its turns meanwhile.

    The threads are those that the two limits need, so that neither a smaller pool nor a larger limit passes.
    """
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]
    activities = durable["maxConcurrentActivityFunctions"]
    threads = activities + durable["maxConcurrentOrchestratorFunctions"]
    host = start_host(
        APP.replace("LIMIT", str(activities)),
        host_json={"extensions": {"durableTask": durable}},
        environment={"PYTHON_THREADPOOL_THREAD_COUNT": str(threads)},
    ).until_started()
    stuck = host.post("/api/start/stuck").text
    wait_for(lambda: len(host.notes) == activities, "hanging activities")
    assert host.finished(host.post("/api/start/quick").text)["output"] == "done"
    assert host.get(f"/durabletask/instances/{stuck}").json()["runtimeStatus"] == "Running"
    (host.root / "go").touch()
    assert host.finished(stuck)["output"] == list(range(activities))
