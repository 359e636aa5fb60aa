"""What the upload command asks before it uploads."""

import httpx
import pytest

from nightshift.cli.app_client import AppClient, AppRefusedError
from nightshift.cli.upload_command import refuse_unknown_model


def _app(answer: httpx.Response | Exception, asked: list[str]) -> AppClient:
    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return AppClient("http://app", httpx.MockTransport(handle))


def test_a_misspelt_model_is_refused_in_the_words_of_the_app() -> None:
    """As an alert about it is: no run, no incident, and the names that there are."""
    problem = {"title": "unknown_model", "detail": "model = 'tumor': no spec has this name", "status": 404}
    answer = httpx.Response(404, json=problem, headers={"content-type": "application/problem+json"})
    asked: list[str] = []
    with _app(answer, asked) as app, pytest.raises(AppRefusedError, match="no spec has this name"):
        refuse_unknown_model(app, "tumor")
    assert [path.split("/")[-2] for path in asked] == ["tumor"]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, json={"model": "tumour", "identity": "none", "run": None}),
        httpx.ConnectError("refused"),
    ],
)
def test_a_known_model_and_an_app_that_is_away_refuse_nothing(answer: httpx.Response | Exception) -> None:
    """What is uploaded while the app is away waits for it in storage."""
    with _app(answer, []) as app:
        refuse_unknown_model(app, "tumour")
