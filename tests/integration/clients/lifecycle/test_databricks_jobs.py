"""Starting, reading and canceling job runs, through the real SDK against a local workspace."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.service.jobs import RunResultState

from local_host.testing.workspace_process import Host, job_id, started_process, until
from nightshift.clients.lifecycle.databricks_jobs import DatabricksJobService
from nightshift.domain.lifecycle.job import FINISHED, OUTAGE_MARK, JobOrder, JobState, JobStatus
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from tests.support.loopback_server import Answering, LoopbackServer
from tests.support.refusals import refusal

CASES = Path(__file__).parents[3] / "data" / "job_runs.json"
SHAPES = ("terminated", "status_only", "state_only", "internal_error")
NO_OUTPUT = (400, "INVALID_PARAMETER_VALUE", "This run has no output.")
REQUEST_ERRORS = ["internal_error", "service_unavailable", "too_many_requests"]


@pytest.fixture(scope="module")
def shared_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A workspace whose clusters start at once."""
    host = Host(tmp_path_factory.mktemp("jobs"), options=["--settle-seconds", "0"])
    host.start()
    yield host
    host.close()


@pytest.fixture
def host(shared_host: Host) -> Iterator[Host]:
    """The shared host without ordered faults, answering in the shape that is hardest to read."""
    yield shared_host
    shared_host.answer("internal_error")
    shared_host.http("DELETE", "/faults").raise_for_status()


@pytest.fixture
def jobs(host: Host) -> DatabricksJobService:
    """The client under test, with a short timeout."""
    return DatabricksJobService(host.client(patience=1))


@pytest.fixture
def patient(host: Host) -> DatabricksJobService:
    """The client under test, which waits a passing fault out."""
    return DatabricksJobService(host.client(patience=15))


def _order(job: str, token: str, /, **parameters: str) -> JobOrder:
    return JobOrder(run="r1", model="m1", job=job, token=token, parameters=parameters)


def _ended(jobs: DatabricksJobService, run_id: int) -> JobStatus:
    def probe() -> JobStatus | None:
        status = jobs.status(run_id)
        return status if status.finished else None

    return until(probe)


def _runs(host: Host, job: str) -> list[int]:
    client = host.client()
    return [run.run_id or 0 for run in client.jobs.list_runs(job_id=job_id(client, job))]


def test_a_run_is_started_and_succeeds(host: Host, jobs: DatabricksJobService) -> None:
    """With its parameters and the address of its page; its time counts."""
    started = jobs.start(_order("echoing", "success", word="night"))
    status = _ended(jobs, started.run_id)
    assert (status.run_id, status.state, status.error) == (started.run_id, "succeeded", "")
    assert status.url == started.url
    assert status.url.startswith(host.url)
    assert status.seconds > 0
    parameters = host.client().jobs.get_run(started.run_id).job_parameters or []
    assert {item.name: item.value for item in parameters if item.value} == {"word": "night"}


def test_only_the_named_tasks_run(host: Host, jobs: DatabricksJobService) -> None:
    """Scoring alone must not train again."""
    started = jobs.start(_order("echoing", "only").model_copy(update={"only": ("say",)}))
    assert _ended(jobs, started.run_id).state == "succeeded"
    results = {
        task.task_key: task.state.result_state
        for task in host.client().jobs.get_run(started.run_id).tasks or []
        if task.state
    }
    assert results["say"] == RunResultState.SUCCESS
    assert results.get("repeat") in {None, RunResultState.EXCLUDED}


def test_one_token_is_one_run(host: Host, jobs: DatabricksJobService) -> None:
    """A repeat gives the first run, also after its end; another token another run."""
    before = len(_runs(host, "echoing"))
    first = jobs.start(_order("echoing", "same"))
    assert _ended(jobs, first.run_id).state == "succeeded"
    assert jobs.start(_order("echoing", "same")) == first
    assert jobs.start(_order("echoing", "another")).run_id != first.run_id
    assert len(_runs(host, "echoing")) == before + 2


def test_a_lost_answer_is_one_run(host: Host, patient: DatabricksJobService) -> None:
    """The run was created, the connection broke: the repeat within the SDK finds it."""
    before = len(_runs(host, "echoing"))
    host.order_fault(kind="lost_response")
    assert patient.start(_order("echoing", "lost")).run_id in _runs(host, "echoing")
    assert len(_runs(host, "echoing")) == before + 1


def test_answers_lost_for_good_are_one_run(host: Host, jobs: DatabricksJobService) -> None:
    """The timeout of one call ends without an answer; the next call of the activity gets the run."""
    before = _runs(host, "echoing")
    host.order_fault(kind="lost_response", times=100)
    with pytest.raises(ServiceUnavailableError):
        jobs.start(_order("echoing", "lost for good"))
    host.http("DELETE", "/faults").raise_for_status()
    [run_id] = set(_runs(host, "echoing")) - set(before)
    assert jobs.start(_order("echoing", "lost for good")).run_id == run_id
    assert len(_runs(host, "echoing")) == len(before) + 1


def test_a_run_that_could_not_be_read_after_its_start_is_one_run(host: Host, jobs: DatabricksJobService) -> None:
    """Started, then the workspace answers no more: the same token gives the same run later."""
    before = _runs(host, "echoing")
    host.order_fault(kind="service_unavailable", path="/api/2.2/jobs/runs/get", times=100, retry_after=0)
    with pytest.raises(ServiceUnavailableError, match="ordered fault"):
        jobs.start(_order("echoing", "unread"))
    host.http("DELETE", "/faults").raise_for_status()
    jobs.start(_order("echoing", "unread"))
    assert len(_runs(host, "echoing")) == len(before) + 1


@pytest.mark.parametrize("kind", ["service_unavailable", "too_many_requests"])
def test_a_short_overload_is_waited_out(host: Host, patient: DatabricksJobService, kind: str) -> None:
    """429 and 503 with Retry-After: asked again until it is over, and one run."""
    before = len(_runs(host, "echoing"))
    host.order_fault(kind=kind, times=3, retry_after=0)
    patient.start(_order("echoing", f"overload {kind}"))
    assert host.http("GET", "/faults").json() == {"faults": []}
    assert len(_runs(host, "echoing")) == before + 1


@pytest.mark.parametrize("kind", REQUEST_ERRORS)
def test_a_long_overload_is_retryable(host: Host, jobs: DatabricksJobService, kind: str) -> None:
    """Past the client's timeout each call says that trying later may help, and nothing was started."""
    before = _runs(host, "echoing")
    host.order_fault(kind=kind, times=1_000)
    with pytest.raises(ServiceUnavailableError, match="ordered fault") as caught:
        jobs.start(_order("echoing", f"long {kind}"))
    assert caught.value.retryable
    host.http("DELETE", "/faults").raise_for_status()
    assert _runs(host, "echoing") == before


def test_an_unknown_job_is_refused(jobs: DatabricksJobService) -> None:
    """The error names it and says where to look."""
    with refusal(ServiceRefusedError, "job = 'none'", "deploy the job", service="Databricks"):
        jobs.start(_order("none", "unknown"))


def test_a_parameter_that_the_job_does_not_declare_is_refused(host: Host, jobs: DatabricksJobService) -> None:
    """App and job definitions are of different versions; nothing was started."""
    before = _runs(host, "echoing")
    with pytest.raises(ServiceRefusedError, match="run of job 'echoing'.*deploy both together"):
        jobs.start(_order("echoing", "undeclared", plan="{}"))
    assert _runs(host, "echoing") == before


def test_an_unknown_run_is_refused(jobs: DatabricksJobService) -> None:
    """Deleted, or of another workspace: no call about it may be tried for hours."""
    for call in (jobs.status, jobs.cancel):
        with refusal(ServiceRefusedError, "run 42: ", "another workspace", service="Databricks"):
            call(42)


def test_a_refused_token_is_refused(host: Host) -> None:
    """401 will come again; the error says what to do."""
    jobs = DatabricksJobService(host.client(token="wrong", patience=1))
    for call in (lambda: jobs.start(_order("echoing", "401")), lambda: jobs.status(1), lambda: jobs.cancel(1)):
        with pytest.raises(ServiceRefusedError, match="401 Invalid access token.*add it as a service principal"):
            call()


def test_nobody_listens(host: Host, free_port: int) -> None:
    """A workspace that is down is not available, within the client's timeout."""
    config = Config(host=f"http://127.0.0.1:{free_port}", token="t", auth_type="pat", retry_timeout_seconds=1)
    workspace = WorkspaceClient(config=config)
    try:
        with pytest.raises(ServiceUnavailableError, match="Connection refused"):
            DatabricksJobService(workspace).status(1)
    finally:
        workspace.api_client._api_client._session.close()


@pytest.mark.parametrize(
    ("job", "state", "error"),
    [
        ("failing", "failed", "task train: ValueError: no such column: price\n"),
        ("vanishing", "failed", "task vanish: "),
        ("task timeout", "timed_out", ""),
        ("job timeout", "timed_out", ""),
    ],
)
def test_how_runs_end(
    host: Host, jobs: DatabricksJobService, tmp_path: Path, job: str, state: JobState, error: str
) -> None:
    """The state, and of failed code its own error text, in every shape in which a workspace may tell it."""
    folder = {"folder": str(tmp_path)} if "timeout" in job else {}
    run_id = jobs.start(_order(job, f"ends {job}", **folder)).run_id
    _ended(jobs, run_id)
    for shape in SHAPES:
        host.answer(shape)
        status = jobs.status(run_id)
        assert (shape, status.state, status.transient) == (shape, state, False)
        assert status.error.startswith(error)
        assert bool(status.error) == bool(error)


def test_the_error_text_is_whole_and_bounded(jobs: DatabricksJobService) -> None:
    """The traceback says where the job's code failed."""
    status = _ended(jobs, jobs.start(_order("failing", "traceback")).run_id)
    assert "Traceback" in status.error
    assert status.error.rstrip().endswith("ValueError: no such column: price")
    assert len(status.error) <= 4_000


def test_a_cluster_that_does_not_start_is_transient(host: Host, jobs: DatabricksJobService, tmp_path: Path) -> None:
    """The platform's failure, not the code's: another attempt may do, and it says why."""
    host.order_fault(kind="cluster_start_failure")
    started = jobs.start(_order("waiting", "no cluster", folder=str(tmp_path)))
    _ended(jobs, started.run_id)
    for shape in SHAPES:
        host.answer(shape)
        status = jobs.status(started.run_id)
        assert (shape, status.state, status.transient, status.error) == (shape, "internal_error", True, "")
        assert "CLOUD_PROVIDER_LAUNCH_FAILURE" in status.message


def test_too_many_runs_is_transient(jobs: DatabricksJobService, tmp_path: Path) -> None:
    """A job that runs one at a time skips the second run; it is tried again."""
    first = jobs.start(_order("one at a time", "first", folder=str(tmp_path)))
    started_process(tmp_path)
    second = jobs.start(_order("one at a time", "second", folder=str(tmp_path)))
    status = _ended(jobs, second.run_id)
    assert (status.state, status.transient) == ("skipped", True)
    (tmp_path / "go").touch()
    assert _ended(jobs, first.run_id).state == "succeeded"


def test_a_run_is_canceled_once_and_for_all(jobs: DatabricksJobService, tmp_path: Path) -> None:
    """While it runs it is running; canceled twice it is canceled; one that has succeeded stays so."""
    started = jobs.start(_order("waiting", "canceled", folder=str(tmp_path)))
    started_process(tmp_path)
    assert (jobs.status(started.run_id).state, jobs.status(started.run_id).finished) == ("running", False)
    jobs.cancel(started.run_id)
    jobs.cancel(started.run_id)
    status = _ended(jobs, started.run_id)
    assert (status.state, status.transient) == ("canceled", False)
    done = jobs.start(_order("echoing", "done"))
    assert _ended(jobs, done.run_id).state == "succeeded"
    jobs.cancel(done.run_id)
    assert jobs.status(done.run_id).state == "succeeded"


class _Workspace:
    """A workspace with one run, whose state a test says: some states the local host cannot bring about."""

    def __init__(self) -> None:
        workspace = self
        self._run: dict[str, Any] = {}

        self.output: dict[str, Any] | None = None
        self.refusal = NO_OUTPUT

        class Handler(Answering):
            def do_GET(self) -> None:
                if "/jobs/runs/get-output" not in self.path:
                    self.answer_json({"run_id": 7} | workspace._run)
                elif workspace.output is not None:
                    self.answer_json(workspace.output)
                else:
                    status, code, message = workspace.refusal
                    document = {"error_code": code, "message": message}
                    self.answer(status, json.dumps(document).encode(), {"content-type": "application/json"})

        self._server = LoopbackServer(Handler)
        config = Config(host=self._server.url, token="t", auth_type="pat", retry_timeout_seconds=1)
        self._client = WorkspaceClient(config=config)
        self.jobs = DatabricksJobService(self._client)

    def run(self, **fields: Any) -> None:
        """What the run looks like from now on."""
        self._run = fields

    def close(self) -> None:
        """End it."""
        self._client.api_client._api_client._session.close()
        self._server.close()


@pytest.fixture(scope="module")
def workspace() -> Iterator[_Workspace]:
    """A workspace with one run."""
    scripted = _Workspace()
    yield scripted
    scripted.close()


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("SUCCESS", "succeeded"),
        ("SUCCESS_WITH_FAILURES", "succeeded"),
        ("FAILED", "failed"),
        ("UPSTREAM_FAILED", "failed"),
        ("TIMEDOUT", "timed_out"),
        ("CANCELED", "canceled"),
        ("UPSTREAM_CANCELED", "canceled"),
        ("EXCLUDED", "skipped"),
        ("DISABLED", "skipped"),
        ("MAXIMUM_CONCURRENT_RUNS_REACHED", "skipped"),
        ("INVENTED_LATER", "failed"),
        (None, "failed"),
    ],
)
def test_every_result_is_a_state(workspace: _Workspace, result: str | None, expected: JobState) -> None:
    """A terminated run is finished whatever Databricks calls its result."""
    workspace.run(state={"life_cycle_state": "TERMINATED"} | ({"result_state": result} if result else {}))
    status = workspace.jobs.status(7)
    assert (status.state, status.finished) == (expected, True)


@pytest.mark.parametrize(
    ("life_cycle", "expected"),
    [
        ("BLOCKED", "pending"),
        ("PENDING", "pending"),
        ("QUEUED", "pending"),
        ("WAITING_FOR_RETRY", "pending"),
        ("RUNNING", "running"),
        ("TERMINATING", "running"),
        ("SKIPPED", "skipped"),
        ("INTERNAL_ERROR", "internal_error"),
    ],
)
def test_every_life_cycle_is_a_state(workspace: _Workspace, life_cycle: str, expected: JobState) -> None:
    """Whatever the SDK knows; the message is Databricks'."""
    workspace.run(state={"life_cycle_state": life_cycle, "state_message": "because"})
    status = workspace.jobs.status(7)
    assert (status.state, status.message, status.finished) == (expected, "because", expected in FINISHED)


@pytest.mark.parametrize("case", json.loads(CASES.read_text(encoding="utf-8")), ids=lambda case: case["case"])
def test_recorded_answers(workspace: _Workspace, case: dict[str, Any]) -> None:
    """State, words and the failed task's error text; failing code is not transient in any shape."""
    workspace.run(**case["run"])
    workspace.output = case["output"]
    status, becomes = workspace.jobs.status(7), case["becomes"]
    assert (status.state, status.transient) == (becomes["state"], becomes["state"] in {"internal_error", "skipped"})
    assert becomes["message"] in status.message
    assert status.error.startswith(becomes["error"])
    assert bool(status.error) == bool(becomes["error"])


@pytest.fixture
def mute(workspace: _Workspace) -> Iterator[_Workspace]:
    """The workspace, which will not give a task's output."""
    workspace.output = None
    yield workspace
    workspace.refusal = NO_OUTPUT


@pytest.mark.parametrize(
    "refusal",
    [
        (400, "BAD_REQUEST"),
        (403, "PERMISSION_DENIED"),
        (409, "ABORTED"),
        (429, "REQUEST_LIMIT_EXCEEDED"),
        (500, "INTERNAL_ERROR"),
        (503, "TEMPORARILY_UNAVAILABLE"),
        (504, "DEADLINE_EXCEEDED"),
        (418, "INVENTED_LATER"),
    ],
    ids=lambda refusal: refusal[1],
)
@pytest.mark.parametrize(
    "run",
    [case["run"] for case in json.loads(CASES.read_text(encoding="utf-8")) if case["output"]],
    ids=lambda run: run["state"]["life_cycle_state"],
)
def test_failed_code_is_known_where_its_output_cannot_be_read(
    mute: _Workspace, run: dict[str, Any], refusal: tuple[int, str]
) -> None:
    """The state was told already; what the task says of itself stands for the output."""
    mute.refusal = (*refusal, "not now")
    mute.run(**run)
    status = mute.jobs.status(7)
    assert (status.state, status.transient) == ("failed", False)
    assert status.error.startswith("task train: ")
    assert "output could not be read: " in status.error
    assert "not now" in status.error


def test_an_output_that_does_not_come_is_not_waited_for_long() -> None:
    """It has a share of the call that tells the state."""
    over = threading.Event()

    class Handler(Answering):
        def do_GET(self) -> None:
            if "/jobs/runs/get-output" in self.path:
                over.wait()
            if "well-known" in self.path:
                self.answer_json({})
            else:
                tasks = [{"task_key": "train", "run_id": 8, "state": state | {"state_message": "exit 1"}}]
                self.answer_json({"run_id": 7, "state": state, "tasks": tasks})

    state = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
    server = LoopbackServer(Handler)
    client = WorkspaceClient(config=Config(host=server.url, token="t", auth_type="pat"))
    try:
        status = DatabricksJobService(client, output_seconds=0.05).status(7)
    finally:
        over.set()
        client.api_client._api_client._session.close()
        server.close()
    assert status.state == "failed"
    assert status.error.startswith("task train: exit 1 (")
    assert "output could not be read: " in status.error


def test_how_long_a_run_goes_on_is_databricks_own_figure(workspace: _Workspace) -> None:
    """From its start to the date of the answer, both by the workspace's clock; nothing where there is no start yet."""
    state = {"life_cycle_state": "RUNNING"}
    workspace.run(state=state, start_time=1_000)
    found = workspace.jobs.status(7).running_seconds
    assert found is not None
    assert found > 50 * 365 * 24 * 3600
    for start in (0, None):
        workspace.run(state=state, start_time=start)
        assert workspace.jobs.status(7).running_seconds is None
    workspace.run(state={"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}, start_time=1_000)
    assert workspace.jobs.status(7).running_seconds is None


@pytest.mark.parametrize(
    ("error", "state"), [(f"{OUTAGE_MARK}: MLflow", "internal_error"), ("KeyError: 'x'", "failed")]
)
def test_an_outage_that_the_job_has_met_is_no_fault_of_its_code(
    workspace: _Workspace, error: str, state: JobState
) -> None:
    """It gets another attempt, as a fault of the platform does."""
    failed = {"life_cycle_state": "TERMINATED", "result_state": "FAILED"}
    workspace.run(state=failed, tasks=[{"task_key": "train", "run_id": 8, "state": failed}])
    workspace.output = {"error": error, "error_trace": "Traceback (most recent call last)"}
    status = workspace.jobs.status(7)
    workspace.output = None
    assert (status.state, status.transient) == (state, state == "internal_error")
    assert error in status.error


def test_the_time_of_a_run(workspace: _Workspace) -> None:
    """The duration as Databricks says it; of single-task runs it says start and end; before, nothing."""
    state = {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
    workspace.run(state=state, run_duration=1_500, start_time=1_000, end_time=9_000)
    assert workspace.jobs.status(7).seconds == 1.5
    workspace.run(state=state, start_time=1_000, end_time=9_000)
    assert workspace.jobs.status(7).seconds == 8.0
    workspace.run(state={"life_cycle_state": "PENDING"}, start_time=1_000)
    assert workspace.jobs.status(7).seconds == 0.0
