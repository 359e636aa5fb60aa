"""The official durable client, unmodified, against the engine's HTTP API."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import azure.functions as func
import pytest

from local_host.durable.client_links import DEVELOPMENT_KEY, WEBHOOK_PATH, client_binding
from local_host.durable.functions import DurableFunctions
from local_host.durable.settings import DurableSettings

Context: TypeAlias = df.DurableOrchestrationContext
Status: TypeAlias = df.OrchestrationRuntimeStatus
Host: TypeAlias = Callable[..., Any]


def quick(context: Context) -> Any:
    return {"input": context.get_input(), "version": context.version}


def waits(context: Context) -> Any:
    context.set_custom_status({"waiting for": "go"})
    return (yield context.wait_for_external_event("go"))


def flaky(context: Context) -> Any:
    return (yield context.call_activity("flaky", "x"))


class Flaky:
    def __init__(self) -> None:
        self.is_broken = True

    async def __call__(self, value: str | None) -> str | None:
        if self.is_broken:
            raise RuntimeError("ValueError: broken")
        return value


@pytest.fixture
def activity() -> Flaky:
    """An activity that fails until it is repaired."""
    return Flaky()


@pytest.fixture
async def hosted(host: Host, activity: Flaky) -> Any:
    """The functions above, hosted."""
    bodies = {"quick": quick, "waits": waits, "flaky": flaky}
    orchestrators = {name: df.Orchestrator.create(body) for name, body in bodies.items()}
    functions = DurableFunctions(orchestrators, {"flaky": activity})
    return await host(functions, DurableSettings(default_version="1.3"))


async def waiting(hosted: Any, instance_id: str) -> Any:
    """The status, once the instance has taken its first turn."""
    async with asyncio.timeout(150):
        while (status := await hosted.client.get_status(instance_id)).runtime_status != Status.Running:
            await asyncio.sleep(0.001)
    return status


async def test_start_new_gives_the_id_and_status_shows_all(hosted: Any) -> None:
    """Input as the SDK sends it (JSON in a string), output as JSON, times aware."""
    instance_id = await hosted.client.start_new("quick", client_input={"day": 1}, version="1.2")
    status = await hosted.finished(instance_id)
    assert status.instance_id == instance_id
    assert status.name == "quick"
    assert status.runtime_status == Status.Completed
    assert status.output == {"input": {"day": 1}, "version": "1.2"}
    assert status.input_ == '{"day": 1}'
    assert datetime.now(UTC) - status.created_time < timedelta(minutes=1)


async def test_start_new_with_an_id_and_without_input(hosted: Any) -> None:
    """Both optional arguments; the version is that of host.json."""
    assert await hosted.client.start_new("quick", "my:id-1") == "my:id-1"
    assert (await hosted.finished("my:id-1")).output == {"input": None, "version": "1.3"}


async def test_start_new_refusals_reach_the_caller(hosted: Any) -> None:
    """An unknown name, a bad id and a taken id raise with the reason."""
    with pytest.raises(Exception, match="The function 'absent' doesn't exist"):
        await hosted.client.start_new("absent")
    with pytest.raises(Exception, match="instanceId is '@x'"):
        await hosted.client.start_new("quick", "@x")
    await hosted.client.start_new("waits", "taken")
    with pytest.raises(Exception, match="'taken' with the status .* already exists"):
        await hosted.client.start_new("waits", "taken")


async def test_unknown_instance_has_a_falsy_status(hosted: Any) -> None:
    """The SDK's way to ask whether an instance exists."""
    assert not await hosted.client.get_status("absent")


async def test_raise_event_delivers_a_json_string(hosted: Any) -> None:
    """The SDK double-encodes, so the orchestrator receives text; a plain POST delivers the object."""
    by_client, by_post = await hosted.client.start_new("waits"), await hosted.client.start_new("waits")
    await hosted.client.raise_event(by_client, "go", {"a": 1})
    assert (await hosted.http.post(f"/instances/{by_post}/raiseEvent/go", json={"a": 1})).status_code == 202
    assert (await hosted.finished(by_client)).output == '{"a": 1}'
    assert (await hosted.finished(by_post)).output == {"a": 1}


async def test_raise_event_refusals_reach_the_caller(hosted: Any) -> None:
    """Unknown and finished instances."""
    with pytest.raises(Exception, match="No instance with ID absent found"):
        await hosted.client.raise_event("absent", "go", 1)
    done = await hosted.client.start_new("quick")
    await hosted.finished(done)
    with pytest.raises(Exception, match=f"Instance with ID {done} is gone"):
        await hosted.client.raise_event(done, "go", 1)


async def test_custom_status_and_history(hosted: Any) -> None:
    """Custom status while it waits; history in the extension's shape."""
    instance_id = await hosted.client.start_new("waits")
    status = await waiting(hosted, instance_id)
    assert status.custom_status == {"waiting for": "go"}
    await hosted.client.raise_event(instance_id, "go", "x")
    await hosted.finished(instance_id)
    status = await hosted.client.get_status(instance_id, show_history=True, show_history_output=True, show_input=True)
    assert [event["EventType"] for event in status.historyEvents] == [
        "ExecutionStarted",
        "EventRaised",
        "ExecutionCompleted",
    ]
    assert status.historyEvents[-1]["Result"] == '"x"'


async def test_terminate_suspend_resume(hosted: Any) -> None:
    """Each changes the status; on a finished instance they are no error, on an unknown one they raise."""
    instance_id = await hosted.client.start_new("waits")
    await hosted.client.suspend(instance_id, "hold, please")
    assert (await hosted.client.get_status(instance_id)).runtime_status == Status.Suspended
    await hosted.client.resume(instance_id, "go on")
    await waiting(hosted, instance_id)
    await hosted.client.terminate(instance_id, "no longer needed")
    status = await hosted.finished(instance_id)
    assert (status.runtime_status, status.output) == (Status.Terminated, "no longer needed")
    for operation in (hosted.client.terminate, hosted.client.suspend, hosted.client.resume):
        await operation(instance_id, "again")
        with pytest.raises(Exception, match="No instance with ID 'absent' found"):
            await operation("absent", "why")


async def test_suspend_and_resume_of_what_is_so_already(hosted: Any) -> None:
    """The extension throws, and answers 500: no second call is needed for its effect, but it is an error."""
    instance_id = await hosted.client.start_new("waits")
    await waiting(hosted, instance_id)
    assert (await hosted.http.post(f"/instances/{instance_id}/resume")).status_code == 500
    await hosted.client.suspend(instance_id, "hold")
    assert (await hosted.http.post(f"/instances/{instance_id}/suspend")).status_code == 500


async def test_a_page_has_a_hundred_instances_unless_asked_otherwise(hosted: Any) -> None:
    """The SDK's own queries give the first page and drop the token of the next: so they do in Azure."""
    await asyncio.gather(*(hosted.client.start_new("quick", f"run-{index:03}") for index in range(101)))
    answer = await hosted.http.get("/instances")
    assert [status["instanceId"] for status in answer.json()] == [f"run-{index:03}" for index in range(100)]
    token = answer.headers["x-ms-continuation-token"]
    rest = await hosted.http.get("/instances", headers={"x-ms-continuation-token": token})
    assert [status["instanceId"] for status in rest.json()] == ["run-100"]
    assert rest.headers["x-ms-continuation-token"] == ""
    assert len(await hosted.client.get_status_all()) == 100


async def test_times_are_whole_seconds(hosted: Any) -> None:
    """As the extension writes them: two instances of one second tie."""
    instance_id = await hosted.client.start_new("quick")
    await hosted.finished(instance_id)
    found = (await hosted.http.get(f"/instances/{instance_id}")).json()
    for name in ("createdTime", "lastUpdatedTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found[name])


async def test_names_and_fixed_parts_of_paths_are_the_same_in_any_case(hosted: Any) -> None:
    """Functions, operations and the words of the path."""
    answer = await hosted.http.post("/Orchestrators/QUICK/one")
    assert answer.status_code == 202
    assert (await hosted.finished("one")).name == "QUICK"
    await hosted.client.start_new("waits", "two")
    assert (await hosted.http.post("/INSTANCES/two/RaiseEvent/go", json=1)).status_code == 202
    await hosted.finished("two")
    await hosted.client.start_new("waits", "three")
    assert (await hosted.http.post("/instances/three/TERMINATE")).status_code == 202


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/orchestrators/quick"),
        ("POST", "/instances"),
        ("PUT", "/instances/one"),
        ("GET", "/instances/one/terminate"),
        ("POST", "/instances/one/explode"),
        ("GET", "/nothing"),
    ],
)
async def test_other_methods_and_paths_are_not_found(hosted: Any, method: str, path: str) -> None:
    """404 without a body, never 405."""
    answer = await hosted.http.request(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


async def test_the_world_outside_needs_the_key(hosted: Any) -> None:
    """At the webhook's address, by query or header; an instance's links carry it."""
    url = f"{hosted.url}{WEBHOOK_PATH}/orchestrators/waits/one"
    assert (await hosted.http.post(url)).status_code == 401
    assert (await hosted.http.post(url, params={"code": "wrong"})).status_code == 401
    started = await hosted.http.post(url, headers={"x-functions-key": DEVELOPMENT_KEY})
    assert started.status_code == 202
    links = started.json()
    assert set(links) == {
        "id",
        "statusQueryGetUri",
        "sendEventPostUri",
        "terminatePostUri",
        "purgeHistoryDeleteUri",
        "restartPostUri",
        "suspendPostUri",
        "resumePostUri",
    }
    assert (await hosted.http.get(links["statusQueryGetUri"])).status_code == 202
    assert (await hosted.http.get(f"{hosted.url}{WEBHOOK_PATH}/instances/one")).status_code == 401


async def test_another_task_hub_is_refused(hosted: Any) -> None:
    """This host runs one."""
    assert (await hosted.http.get("/instances/", params={"taskHub": "TESTHUBNAME"})).status_code == 200
    answer = await hosted.http.get("/instances/", params={"taskHub": "Other"})
    assert answer.status_code == 400


async def test_start_and_wait(hosted: Any) -> None:
    """With both parameters the output comes at once; what takes longer gives the links."""
    waits_for = {"timeout": "30", "pollingInterval": "1"}
    answer = await hosted.http.post("/orchestrators/quick", params=waits_for, json={"a": 1})
    assert (answer.status_code, answer.json()) == (200, {"input": {"a": 1}, "version": "1.3"})
    failed = await hosted.http.post("/orchestrators/flaky", params=waits_for)
    assert (failed.status_code, failed.json()["runtimeStatus"]) == (200, "Failed")
    late = await hosted.http.post("/orchestrators/waits", params={"timeout": "0.01", "pollingInterval": "0.01"})
    assert late.status_code == 202
    one = await hosted.http.post("/orchestrators/waits", params={"timeout": "30"})
    assert one.status_code == 202
    refused = await hosted.http.post("/orchestrators/quick", params={"timeout": "1", "pollingInterval": "2"})
    assert refused.status_code == 400


async def test_an_event_must_be_said_to_be_json(hosted: Any) -> None:
    """The extension takes no other content, and says what is not there or gone first."""
    instance_id = await hosted.client.start_new("waits")
    path = f"/instances/{instance_id}/raiseEvent/go"
    assert (await hosted.http.post(path, content=b"1")).status_code == 400
    said = {"content-type": "application/json; charset=utf-8"}
    assert (await hosted.http.post(path, content=b"{not json", headers=said)).status_code == 400
    assert (await hosted.http.post(path, content=b"1", headers=said)).status_code == 202
    await hosted.finished(instance_id)
    assert (await hosted.http.post(path, content=b"1")).status_code == 410
    assert (await hosted.http.post("/instances/absent/raiseEvent/go", content=b"1")).status_code == 404


async def test_queries(hosted: Any) -> None:
    """All, and by time, status and prefix."""
    before = datetime.now(UTC)
    for instance_id in ("run-1", "run-2", "other"):
        await hosted.client.start_new("quick", instance_id)
        await hosted.finished(instance_id)
    await hosted.client.start_new("waits", "run-3")
    await waiting(hosted, "run-3")
    assert {status.instance_id for status in await hosted.client.get_status_all()} == {
        "run-1",
        "run-2",
        "run-3",
        "other",
    }
    found = await hosted.client.get_status_by(
        created_time_from=before,
        created_time_to=datetime.now(UTC),
        runtime_status=[Status.Completed, Status.Failed],
        instance_id_prefix="run-",
    )
    assert [status.instance_id for status in found] == ["run-1", "run-2"]
    assert await hosted.client.get_status_by(created_time_to=before) == []


async def test_paging(hosted: Any) -> None:
    """`top` and the continuation header, as the extension has them."""
    for index in range(5):
        await hosted.client.start_new("quick", f"run-{index}")
    seen, token = [], ""
    while True:
        answer = await hosted.http.get("/instances/", params={"top": 2}, headers={"x-ms-continuation-token": token})
        seen += [status["instanceId"] for status in answer.json()]
        token = answer.headers["x-ms-continuation-token"]
        if not token:
            break
    assert seen == [f"run-{index}" for index in range(5)]


async def test_purge(hosted: Any) -> None:
    """By id, whatever the status."""
    await hosted.client.start_new("quick", "one")
    await hosted.finished("one")
    await hosted.client.start_new("waits", "running")
    assert (await hosted.client.purge_instance_history("one")).instances_deleted == 1
    assert (await hosted.client.purge_instance_history("one")).instances_deleted == 0
    assert [status.instance_id for status in await hosted.client.get_status_all()] == ["running"]
    assert (await hosted.client.purge_instance_history("running")).instances_deleted == 1
    assert await hosted.client.get_status_all() == []


NOT_SUPPORTED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "rewind": (lambda client: client.rewind("one", "repaired"), "the operation rewind"),
    "restart": (lambda client: client.restart("one"), "the operation restart"),
    "purge by filter": (
        lambda client: client.purge_instance_history_by(datetime.now(UTC)),
        "purging by filter: purge each instance by its id",
    ),
    "signal": (lambda client: client.signal_entity(df.EntityId("Tally", "k"), "add", 1), "entities"),
    "read": (lambda client: client.read_entity_state(df.EntityId("Tally", "k")), "entities"),
}


@pytest.mark.parametrize("name", NOT_SUPPORTED)
async def test_what_the_engine_does_not_do_is_refused(hosted: Any, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Never passed over: the official client raises, the answer and the log say what is not supported."""
    call, what = NOT_SUPPORTED[name]
    await hosted.client.start_new("quick", "one")
    await hosted.finished("one")
    with pytest.raises(Exception, match=r"unexpected status code 501|does not support"):
        await call(hosted.client)
    assert f"The local host does not support {what}." in caplog.text
    assert (await hosted.client.get_status("one")).runtime_status == Status.Completed


async def test_the_answer_says_what_is_not_supported(hosted: Any) -> None:
    """For who asks without the SDK."""
    for method, path in (("GET", "/entities"), ("DELETE", "/instances"), ("POST", "/instances/one/rewind")):
        answer = await hosted.http.request(method, path)
        assert answer.status_code == 501
        assert answer.json()["Message"].startswith("The local host does not support ")


async def test_check_status_response_links_work(hosted: Any) -> None:
    """What an HTTP starter answers with: every link addresses this host."""
    instance_id = await hosted.client.start_new("waits")
    request = func.HttpRequest("POST", f"{hosted.url}/api/start", body=b"")
    answer = hosted.client.create_check_status_response(request, instance_id)
    links = json.loads(answer.get_body())
    assert answer.status_code == 202
    assert (await hosted.http.get(links["statusQueryGetUri"])).json()["instanceId"] == instance_id
    assert (await hosted.http.post(links["suspendPostUri"].replace("{text}", "x"))).status_code == 202
    assert (await hosted.http.post(links["resumePostUri"].replace("{text}", "x"))).status_code == 202
    assert (await hosted.http.post(links["sendEventPostUri"].replace("{eventName}", "go"), json=1)).status_code == 202
    await hosted.finished(instance_id)
    assert (await hosted.http.delete(links["purgeHistoryDeleteUri"])).json() == {"instancesDeleted": 1}


async def test_wait_for_completion_response(hosted: Any) -> None:
    """The SDK's own polling ends with the output."""
    instance_id = await hosted.client.start_new("quick", client_input="x")
    request = func.HttpRequest("POST", f"{hosted.url}/api/start", body=b"")
    answer = await hosted.client.wait_for_completion_or_create_check_status_response(request, instance_id, 10_000, 10)
    assert json.loads(answer.get_body()) == {"input": "x", "version": "1.3"}


@pytest.mark.parametrize(
    ("method", "path", "body", "rule"),
    [
        ("POST", "/orchestrators/quick", b"{not json", "body is b'{not json': must be JSON"),
        ("GET", "/instances/?createdTimeFrom=yesterday", b"", "createdTimeFrom is 'yesterday': must be an ISO 8601"),
        ("GET", "/instances/?runtimeStatus=Completed,Lost", b"", "runtimeStatus is 'Lost': must be one of Pending"),
        ("GET", "/instances/?top=0", b"", "top is '0': must be a whole number"),
        ("GET", "/instances/?showInput=1", b"", "showInput is '1': must be true or false"),
    ],
)
async def test_bad_request_names_field_value_and_rule(
    hosted: Any, method: str, path: str, body: bytes, rule: str
) -> None:
    """400 with a message that can be acted on."""
    answer = await hosted.http.request(method, path, content=body)
    assert answer.status_code == 400
    assert rule in answer.json()["Message"]


async def test_stopped_engine_answers_503(hosted: Any) -> None:
    """Not 500, and not a hang."""
    await hosted.engine.stop()
    answer = await hosted.http.get("/instances/x")
    assert answer.status_code == 503


async def test_failed_status_is_200_unless_asked_otherwise(hosted: Any) -> None:
    """returnInternalServerErrorOnFailure, as in the extension."""
    instance_id = await hosted.client.start_new("flaky")
    await hosted.finished(instance_id)
    assert (await hosted.http.get(f"/instances/{instance_id}")).status_code == 200
    asked = await hosted.http.get(f"/instances/{instance_id}", params={"returnInternalServerErrorOnFailure": "true"})
    assert asked.status_code == 500


def test_binding_names_the_hub_and_this_host() -> None:
    """The document that the SDK's client reads."""
    binding = json.loads(client_binding("http://127.0.0.1:7071/", DurableSettings(hub_name="Hub")))
    assert binding["taskHubName"] == "Hub"
    assert binding["rpcBaseUrl"] == "http://127.0.0.1:7071/durabletask/"
    assert binding["managementUrls"]["statusQueryGetUri"] == (
        "http://127.0.0.1:7071/runtime/webhooks/durabletask/instances/INSTANCEID"
        f"?taskHub=Hub&connection=Storage&code={DEVELOPMENT_KEY}"
    )
    assert binding["baseUrl"] == "http://127.0.0.1:7071/runtime/webhooks/durabletask"
    assert binding["requiredQueryStringParameters"] == f"code={DEVELOPMENT_KEY}"
