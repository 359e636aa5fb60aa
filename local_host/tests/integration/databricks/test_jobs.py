"""Jobs, identity and access through the real SDK."""

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.errors import InvalidParameterValue, NotFound, ResourceDoesNotExist, Unauthenticated

from local_host.testing.example_jobs import JOBS
from local_host.testing.workspace_process import Host, job_id


def test_list_jobs_gives_every_definition_across_pages(client: WorkspaceClient) -> None:
    """Small pages give each job once."""
    names = [job.settings.name for job in client.jobs.list(limit=3) if job.settings]
    assert sorted(name or "" for name in names) == sorted(job["name"] for job in JOBS)


def test_list_jobs_by_name_ignores_case(client: WorkspaceClient) -> None:
    """The name filter is exact but for case, as on Databricks."""
    assert [job.job_id for job in client.jobs.list(name="ECHOING")] == [job_id(client, "echoing")]
    assert list(client.jobs.list(name="echo")) == []


def test_get_job_gives_the_definition(client: WorkspaceClient) -> None:
    """Settings come back as the file has them."""
    settings = client.jobs.get(job_id(client, "echoing")).settings
    assert settings is not None
    assert settings.tags == {"application": "tests"}
    assert [parameter.as_dict() for parameter in settings.parameters or []] == JOBS[0]["parameters"]
    assert [task.task_key for task in settings.tasks or []] == ["say", "repeat"]


def test_unknown_job(client: WorkspaceClient) -> None:
    """Reading a missing job is ResourceDoesNotExist, running it InvalidParameterValue, as on Databricks."""
    with pytest.raises(ResourceDoesNotExist, match=r"Job 42 does not exist\."):
        client.jobs.get(42)
    with pytest.raises(InvalidParameterValue, match=r"Job 42 does not exist\."):
        client.jobs.run_now(42)


def test_unknown_run(client: WorkspaceClient) -> None:
    """A missing run is ResourceDoesNotExist."""
    with pytest.raises(ResourceDoesNotExist, match=r"Run 42 does not exist\."):
        client.jobs.get_run(42)


def test_unknown_endpoint(client: WorkspaceClient) -> None:
    """An endpoint that this host does not have is a 404, not an empty answer."""
    with pytest.raises(NotFound, match="No API found for 'POST /api/2.2/jobs/delete'"):
        client.jobs.delete(42)


def test_who_am_i(client: WorkspaceClient) -> None:
    """The identity call and the workspace id work."""
    assert client.current_user.me().active is True
    assert client.get_workspace_id() == 1


def test_wrong_token(host: Host) -> None:
    """A wrong bearer token is Unauthenticated."""
    with pytest.raises(Unauthenticated, match="Invalid access token"):
        host.client(token="wrong").current_user.me()


def test_no_token(host: Host) -> None:
    """A call without a token gets Databricks' error JSON."""
    from httpx import get

    answer = get(f"{host.url}/api/2.2/jobs/list", trust_env=False)
    expected = {
        "error_code": "UNAUTHENTICATED",
        "message": "Credential was not sent or was of an unsupported type for this API.",
    }
    assert (answer.status_code, answer.json()) == (401, expected)


def test_foreign_host_name(host: Host) -> None:
    """A request through another name for this machine is refused."""
    from httpx import get

    assert get(f"{host.url}/health", headers={"Host": "evil.example"}, trust_env=False).status_code == 400


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"job_id": "x"}', "job_id: Input should be a valid integer"),
        ('{"job_id": 1, "python_params": ["a"]}', "python_params: Extra inputs are not permitted"),
        ('{"job_id": 1, "job_parameters": {"a": "b\\u0000"}}', "job_parameters.a: a parameter value cannot contain"),
    ],
)
def test_bad_run_now_bodies(host: Host, body: str, complaint: str) -> None:
    """A body that cannot be taken at its word is a 400 that names the fault."""
    answer = host.http("POST", "/api/2.2/jobs/run-now", content=body)
    assert answer.status_code == 400
    assert complaint in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("runs/get", "run_id: missing"),
        ("runs/get?run_id=x", "run_id: 'x' is not an integer"),
        ("runs/list?limit=26", "limit: 26 is not between 0 and 25"),
        ("runs/list?active_only=true&completed_only=true", "cannot both be true"),
        ("runs/list?run_type=OTHER", "run_type: 'OTHER' is none of"),
        ("list?expand_tasks=perhaps", "expand_tasks: 'perhaps' is neither"),
    ],
)
def test_bad_queries(host: Host, query: str, complaint: str) -> None:
    """A query parameter out of bounds is a 400 that names it."""
    answer = host.http("GET", f"/api/2.2/jobs/{query}")
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert complaint in answer.json()["message"]
