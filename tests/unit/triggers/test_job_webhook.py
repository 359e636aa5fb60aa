"""POST /api/jobs/finished through the handler that the app registers: a hint that wakes, and nothing more."""

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import azure.durable_functions as df
import azure.functions as func
import pytest
from azure.durable_functions import OrchestrationRuntimeStatus as Status
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NightshiftError, ServiceRefusedError, ServiceUnavailableError
from domain.names import job_finished
from domain.ports import Services
from triggers.job_webhook import blueprint

Handler = Callable[..., Awaitable[func.HttpResponse]]
RUN, RUN_ID = "lifecycle-m1-1", 7
NOTIFICATION = {
    "event_type": "jobs.on_success",
    "workspace_id": "1",
    "run": {"run_id": RUN_ID, "job_id": 3},
    "job": {"job_id": 3, "name": "train"},
}


@dataclass
class JobsInMemory:
    """A JobService that knows which lifecycle run each job run belongs to, or fails."""

    runs: dict[int, str | None] = field(default_factory=lambda: {RUN_ID: RUN, 8: None})
    failure: NightshiftError | None = None
    asked: list[int] = field(default_factory=list)

    def lifecycle_run(self, run_id: int) -> str | None:
        """The lifecycle run of a job run."""
        self.asked.append(run_id)
        if self.failure is not None:
            raise self.failure
        if run_id not in self.runs:
            raise ServiceRefusedError("Databricks", f"run {run_id}: does not exist", "it was deleted")
        return self.runs[run_id]


@dataclass
class Orchestrations:
    """A durable client that knows one orchestration, and keeps the events that it is sent."""

    state: Status | None = Status.Running
    events: list[tuple[str, str, Any]] = field(default_factory=list)

    async def get_status(self, instance: str) -> Any:
        """The state of the run; nothing of others."""
        assert instance == RUN
        return None if self.state is None else SimpleNamespace(runtime_status=self.state)

    async def raise_event(self, instance: str, name: str, data: Any) -> None:
        """Keep an event."""
        self.events.append((instance, name, data))


class Webhook:
    """The handler with services of its own."""

    def __init__(self) -> None:
        self.jobs, self.orchestrations = JobsInMemory(), Orchestrations()
        app = df.DFApp(http_auth_level=func.AuthLevel.ANONYMOUS)
        app.register_functions(blueprint(lambda: cast("Services", SimpleNamespace(jobs=self.jobs))))
        (function,) = app.get_functions()
        # Around it the decorator of the durable client makes a client of the host's JSON.
        self.handler = cast("Handler", inspect.unwrap(function.get_user_function()))

    async def post(self, body: bytes | object) -> tuple[int, dict[str, Any]]:
        """Status and answer of a request."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = func.HttpRequest("POST", "/api/jobs/finished", body=raw)
        response = await self.handler(req=request, client=self.orchestrations)
        return response.status_code, json.loads(response.get_body())


@pytest.fixture
def webhook() -> Webhook:
    """A fresh webhook."""
    return Webhook()


async def test_a_finished_job_wakes_its_run(webhook: Webhook) -> None:
    """With an event whose name is that of the job run."""
    assert await webhook.post(NOTIFICATION) == (200, {"run": RUN, "woken": True})
    expected = (RUN, job_finished(RUN_ID), {"run_id": RUN_ID, "event_type": "jobs.on_success"})
    assert webhook.orchestrations.events == [expected]


async def test_a_failed_job_wakes_it_as_well(webhook: Webhook) -> None:
    """The run reads for itself how the job has ended."""
    status, _ = await webhook.post(NOTIFICATION | {"event_type": "jobs.on_failure"})
    assert (status, webhook.orchestrations.events[0][2]["event_type"]) == (200, "jobs.on_failure")


async def test_told_twice_both_are_the_same_event(webhook: Webhook) -> None:
    """Databricks tells again after an answer that was lost; each is one look, and the wait ends with the first."""
    answers = [await webhook.post(NOTIFICATION) for _ in range(2)]
    assert answers[0] == answers[1]
    first, second = webhook.orchestrations.events
    assert first == second


@pytest.mark.parametrize("state", [state for state in Status if state is not Status.Running] + [None])
async def test_a_run_that_does_not_run_is_not_woken(webhook: Webhook, state: Status | None) -> None:
    """Ended, unknown, or not begun: there is nothing to wake, and nothing for Databricks to tell again."""
    webhook.orchestrations.state = state
    assert await webhook.post(NOTIFICATION) == (200, {"run": RUN, "woken": False})
    assert webhook.orchestrations.events == []


async def test_a_job_run_of_somebody_else(webhook: Webhook) -> None:
    """It has no lifecycle run among its parameters."""
    status, told = await webhook.post(NOTIFICATION | {"run": {"run_id": 8}})
    assert (status, told["title"]) == (404, "Not a run of Nightshift")
    assert told["detail"] == "run_id = 8: it has no parameter lifecycle_run"
    assert webhook.orchestrations.events == []


async def test_an_unknown_job_run(webhook: Webhook) -> None:
    """A forged number costs one look, and changes nothing."""
    status, told = await webhook.post(NOTIFICATION | {"run": {"run_id": 99}})
    assert (status, told["title"], "run 99: does not exist" in told["detail"]) == (
        404,
        "The job run cannot be read",
        True,
    )
    assert webhook.orchestrations.events == []


async def test_databricks_does_not_answer(webhook: Webhook) -> None:
    """Databricks is asked to tell again; until then polling goes on."""
    webhook.jobs.failure = ServiceUnavailableError("Databricks", "503")
    status, told = await webhook.post(NOTIFICATION)
    assert (status, told["title"]) == (503, "The job run cannot be read")
    assert webhook.orchestrations.events == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "body: Invalid JSON"),
        (b"\xff\xfe", "body: Invalid JSON"),
        (b"null", "body: Input should be an object"),
        (b"[]", "body: Input should be an object"),
        ({}, "event_type: Field required"),
        ({"event_type": "jobs.on_success"}, "run: Field required"),
        (NOTIFICATION | {"event_type": None}, "event_type: Input should be a valid string"),
        (NOTIFICATION | {"run": None}, "run: Input should be an object"),
        (NOTIFICATION | {"run": {}}, "run.run_id: Field required"),
        (NOTIFICATION | {"run": {"run_id": "seven"}}, "run.run_id: Input should be a valid integer"),
        (NOTIFICATION | {"run": {"run_id": 0}}, "run.run_id: Input should be greater than 0"),
        (NOTIFICATION | {"run": {"run_id": -7}}, "run.run_id: Input should be greater than 0"),
        (NOTIFICATION | {"run": {"run_id": 2**63}}, "run.run_id: Input should be less than 9223372036854775808"),
    ],
)
async def test_what_is_no_notification_is_refused(webhook: Webhook, body: object, detail: str) -> None:
    """The answer names the field and the rule; Databricks is not asked."""
    status, told = await webhook.post(body)
    assert (status, told["title"]) == (400, "Not a Databricks job notification")
    assert told["detail"].startswith(detail)
    assert (webhook.jobs.asked, webhook.orchestrations.events) == ([], [])


async def test_a_refusal_says_nothing_back_of_what_was_sent(webhook: Webhook) -> None:
    """What a stranger sends is not in the answer."""
    _, told = await webhook.post({"event_type": 5, "run": {"run_id": "<script>"}})
    assert "<script>" not in json.dumps(told)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(event_type=_JSON, run=_JSON | st.fixed_dictionaries({"run_id": _JSON}))
async def test_any_json_is_answered(event_type: Any, run: Any) -> None:
    """Whatever comes, there is an answer, and at most one look and one event."""
    webhook = Webhook()
    status, _ = await webhook.post({"event_type": event_type, "run": run})
    assert status in {200, 400, 404}
    assert len(webhook.jobs.asked) == (0 if status == 400 else 1)
    assert len(webhook.orchestrations.events) == (1 if status == 200 else 0)
