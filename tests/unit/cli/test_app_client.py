"""What a person is notified when the app does not answer as wished."""

import httpx
import pytest

from nightshift.cli.app_client import AppClient, AppRefusedError, AppUnreachableError


def _client(answer: httpx.Response | Exception) -> AppClient:
    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return AppClient("http://app", httpx.MockTransport(handle))


def test_a_document_is_returned() -> None:
    """JSON in, JSON out."""
    with _client(httpx.Response(200, json={"items": []})) as app:
        assert app.get("runs") == {"items": []}


def test_a_problem_is_reported_with_title_and_detail() -> None:
    """The app's own words reach the person."""
    problem = {"title": "No such run", "detail": "run = 'x'", "status": 404}
    headers = {"content-type": "application/problem+json"}
    with (
        _client(httpx.Response(404, json=problem, headers=headers)) as app,
        pytest.raises(AppRefusedError, match="No such run: run = 'x'") as caught,
    ):
        app.get("runs/x")
    assert caught.value.fields["status"] == 404


@pytest.mark.parametrize("answer", [httpx.ConnectError("refused"), httpx.Response(503)])
def test_no_app_is_reported_as_such(answer: httpx.Response | Exception) -> None:
    """Nobody listens, or the host is still loading."""
    with _client(answer) as app, pytest.raises(AppUnreachableError):
        app.get("runs")
