"""What is checked of every operation before its function runs."""

import json

import azure.durable_functions as df
import azure.functions as func
import pytest

from nightshift.domain.platform.sign_in import VARIABLE
from nightshift.triggers.api.guard import LARGEST_BODY, guarded
from nightshift.triggers.api.operations import OPERATIONS
from tests.unit.triggers.api.requests import principal, request

READER = principal("Reader")
FROM_ELSEWHERE = principal("Operator") | {"Origin": "https://elsewhere.example"}


def _app() -> dict[str, df.Blueprint]:
    """Functions under names of the table, and one that is not in it."""
    blueprint = df.Blueprint()

    def add(name: str, route: str) -> None:
        async def call(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse("called")

        call.__name__ = name
        blueprint.route(route=route, methods=["GET"])(call)

    add("list_runs", "runs")
    add("show_incident", "incidents/{incident}")
    add("acknowledge_incident", "incidents/{incident}/acknowledge")
    add("health", "health")
    add("forgotten", "api/forgotten")
    add("front_page", "front")
    guarded(blueprint)
    return {builder._function.get_function_name(): builder._function._func for builder in blueprint._function_builders}


async def _status(name: str, req: func.HttpRequest) -> tuple[int, str]:
    response: func.HttpResponse = await _app()[name](req=req)
    text = response.get_body().decode()
    return response.status_code, text if text == "called" else json.loads(text)["detail"]


@pytest.mark.parametrize(
    ("name", "req", "status", "said"),
    [
        ("list_runs", request(headers=READER), 200, "called"),
        ("list_runs", request(headers=principal("Operator")), 200, "called"),
        ("list_runs", request(), 401, "sign in first"),
        ("list_runs", request(headers=principal("AlertWriter")), 403, "this needs Reader or Reviewer or Operator"),
        ("list_runs", request(headers=principal()), 403, "ann has the roles none"),
        ("list_runs", request(headers=READER, params={"modle": "x"}), 400, "modle = 'x': is no parameter here"),
        (
            "list_runs",
            request(headers=READER, params={"outcome": "good"}),
            400,
            "outcome = 'good': must be of promoted",
        ),
        ("list_runs", request(headers=READER, params={"model": "a/b"}), 400, "model = 'a/b': must be of 1 to 256"),
        ("list_runs", request(headers=READER, params={"model": "x" * 257}), 400, "must be of 1 to 256"),
        ("show_incident", request(headers=READER, route={"incident": "a\nb"}), 400, "incident = "),
        ("show_incident", request(headers=READER, route={"incident": "a1"}), 200, "called"),
        ("acknowledge_incident", request(headers=principal("Operator")), 200, "called"),
        ("acknowledge_incident", request(headers=FROM_ELSEWHERE), 403, "it was sent by another site"),
        ("list_runs", request(headers=FROM_ELSEWHERE), 200, "called"),
        ("list_runs", request(headers=READER, body=b"x" * (LARGEST_BODY + 1)), 413, "at most 1048576"),
        ("health", request(), 200, "called"),
        ("forgotten", request(headers=principal("Operator")), 403, "forgotten is closed"),
        ("front_page", request(), 200, "called"),
    ],
)
async def test_a_call_is_checked_by_the_table(name: str, req: func.HttpRequest, status: int, said: str) -> None:
    """Roles first, then the query, the path and the size; a route that nobody described is closed."""
    found, text = await _status(name, req)
    assert found == status
    assert said in text


@pytest.mark.parametrize("name", sorted(operation.name for operation in OPERATIONS if operation.roles))
async def test_without_a_sign_in_every_operation_that_needs_a_role_is_closed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the header says: 403, with the reason, before anything else of the call is looked at."""
    monkeypatch.delenv(VARIABLE)
    blueprint = df.Blueprint()

    async def call(req: func.HttpRequest) -> func.HttpResponse:
        raise AssertionError("called")

    call.__name__ = name
    blueprint.route(route="x", methods=["GET"])(call)
    (function,) = (builder._function for builder in guarded(blueprint)._function_builders)
    everything = principal("Reader", "Reviewer", "Operator", "AlertWriter")
    answer = await function._func(req=request(headers=everything, params={"no": "such"}))
    document = json.loads(answer.get_body())
    assert (answer.status_code, document["title"]) == (403, "sign_in_not_enforced")
    assert "App Service authentication is off" in document["detail"]


def test_every_operation_but_two_asks_for_a_role() -> None:
    """Health is for the platform; everything else knows its caller."""
    assert {operation.name for operation in OPERATIONS if not operation.roles} == {"health", "ready"}


def test_alert_writers_may_write_alerts_and_nothing_else() -> None:
    """Machines have no business in the records; the document itself is for everybody who has a role."""
    names = {operation.name for operation in OPERATIONS if "AlertWriter" in operation.roles}
    assert names == {"take_alert", "show_openapi"}
