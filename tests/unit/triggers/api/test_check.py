"""What is checked of every call before its handler runs: the declaration says it."""

import json
from dataclasses import replace

import azure.functions as func
import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.request import CommentRequest, ReasonRequest, RedriveRequest
from nightshift.domain.platform.sign_in import VARIABLE
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.check import read_body
from nightshift.triggers.api.endpoint import LARGEST_BODY, Endpoint
from nightshift.triggers.api.endpoints import api_endpoints
from tests.support.refusals import refusal
from tests.support.registered import CLIENT, registered_endpoints
from tests.unit.triggers.api.requests import principal, request

READER = principal("Reader")
FROM_ELSEWHERE = principal("Operator") | {"Origin": "https://elsewhere.example"}
ENDPOINTS = {endpoint.name: endpoint for endpoint in api_endpoints()}


async def _called(call: Call[Message | None]) -> func.HttpResponse:
    return func.HttpResponse("called")


async def _answer(endpoint: Endpoint, req: func.HttpRequest) -> func.HttpResponse:
    """The answer of the endpoint's function, whose handler only says that it was called."""
    (function,) = registered_endpoints([replace(endpoint, handler=_called, function=endpoint.name)], None).values()
    client = {"client": json.dumps(CLIENT)} if endpoint.durable else {}
    answer: func.HttpResponse = await function(req=req, **client)
    return answer


@pytest.mark.parametrize(
    ("name", "req", "status", "said"),
    [
        ("list_runs", request(headers=READER), 200, "called"),
        ("list_runs", request(headers=principal("Operator")), 200, "called"),
        ("list_runs", request(), 401, "sign in first"),
        ("list_runs", request(headers=principal("AlertWriter")), 403, ": this needs Reader or Reviewer"),
        ("list_runs", request(headers=principal()), 403, "ann has the roles none"),
        ("list_runs", request(headers=READER, params={"modle": "x"}), 400, "modle = 'x': is no parameter here"),
        (
            "list_runs",
            request(headers=READER, params={"outcome": "good"}),
            400,
            "outcome = 'good': must be of promoted",
        ),
        ("list_runs", request(headers=READER, params={"model": "a/b"}), 400, "model = 'a/b': must be of 1 to 256"),
        ("list_runs", request(headers=READER, params={"limit": "0"}), 400, "limit = '0': must be a whole number"),
        ("list_runs", request(headers=READER, params={"cursor": "AAAA"}), 400, "cursor = 'AAAA'"),
        ("show_incident", request(headers=READER, route={"incident": "a\nb"}), 400, "incident = "),
        ("show_incident", request(headers=READER, route={"incident": "a1"}), 200, "called"),
        ("acknowledge_incident", request(headers=principal("Operator"), route={"incident": "a1"}), 200, "called"),
        ("acknowledge_incident", request(headers=FROM_ELSEWHERE), 403, "another site"),
        ("list_runs", request(headers=FROM_ELSEWHERE), 200, "called"),
        ("list_runs", request(headers=READER, body=b"x" * (LARGEST_BODY + 1)), 413, "at most 1048576"),
        (
            "take_alert",
            request(headers=principal("AlertWriter"), body=b"x" * (256 * 1024 + 1)),
            413,
            "at most 262144",
        ),
        (
            "undo_incident",
            request(headers=principal("Operator"), route={"incident": "a1"}, body=b"{}"),
            400,
            "comment = None: must be there",
        ),
        ("health", request(), 200, "called"),
    ],
)
async def test_a_call_is_checked_by_its_declaration(name: str, req: func.HttpRequest, status: int, said: str) -> None:
    """The role first, then the query, the path, the size and the body."""
    answer = await _answer(ENDPOINTS[name], req)
    text = answer.get_body().decode()
    assert answer.status_code == status
    assert said in (text if text == "called" else json.loads(text)["detail"])


@pytest.mark.parametrize("name", sorted(ENDPOINTS))
async def test_an_unknown_parameter_is_refused_everywhere_and_every_endpoint_says_so(name: str) -> None:
    """Also where there are no parameters at all: a generated client knows the answer."""
    endpoint = ENDPOINTS[name]
    answer = await _answer(endpoint, request(headers=principal(*endpoint.roles), params={"modle": "x"}))
    assert answer.status_code == 400
    assert answer.status_code in endpoint.statuses


@pytest.mark.parametrize("name", sorted(endpoint.name for endpoint in ENDPOINTS.values() if endpoint.roles))
async def test_without_a_sign_in_every_endpoint_that_needs_a_role_is_closed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the header says: 403, with the reason, before anything else of the call is looked at."""
    monkeypatch.delenv(VARIABLE)
    everything = principal("Reader", "Reviewer", "Operator", "AlertWriter")
    answer = await _answer(ENDPOINTS[name], request(headers=everything, params={"no": "such"}))
    document = json.loads(answer.get_body())
    assert (answer.status_code, document["title"]) == (403, "sign_in_not_enforced")
    assert "App Service authentication is off" in document["detail"]


async def test_a_caller_who_decides_too_often_hears_when_to_go_on() -> None:
    """The limit is declared; it counts by caller, and only calls whose body is right."""
    endpoint = replace(ENDPOINTS["decide_on_review"], handler=_called, function="decide_on_review")
    (function,) = registered_endpoints([endpoint], None).values()

    async def decide(body: bytes) -> func.HttpResponse:
        req = request(headers=principal("Reviewer"), route={"review": "r"}, body=body)
        answer: func.HttpResponse = await function(req=req, client=json.dumps(CLIENT))
        return answer

    for _ in range(25):
        assert (await decide(b"{}")).status_code == 400
    good = b'{"decision": "approve", "comment": "fine"}'
    assert {(await decide(good)).status_code for _ in range(20)} == {200}
    refused = await decide(good)
    assert (refused.status_code, json.loads(refused.get_body())["title"]) == (429, "too_many_decisions")
    assert 0 < int(refused.headers["Retry-After"]) <= 61


def test_every_endpoint_but_two_asks_for_a_role() -> None:
    """Health is for the platform; everything else knows its caller."""
    assert {name for name, endpoint in ENDPOINTS.items() if not endpoint.roles} == {"health", "ready"}


def test_alert_writers_may_write_alerts_and_nothing_else() -> None:
    """Machines have no business in the records; the document itself is for everybody who has a role."""
    names = {name for name, endpoint in ENDPOINTS.items() if "AlertWriter" in endpoint.roles}
    assert names == {"take_alert", "show_openapi"}


def test_a_body_is_read_and_none_is_an_empty_object() -> None:
    """Defaults where nothing is said."""
    assert read_body(b'{"comment": "on it"}', CommentRequest) == CommentRequest(comment="on it")
    assert read_body(b'\xef\xbb\xbf{"comment": "x"}', CommentRequest) == CommentRequest(comment="x")
    assert read_body(b"", CommentRequest) == CommentRequest()


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"[]", "body", "must be an object"),
        (b"{", "body", "must be JSON"),
        (b'{"comment": "x", "coment": "x"}', "coment", "did you mean 'comment'?"),
        (b"{}", "comment", "must be there"),
        (b'{"comment": " "}', "comment", "must not be blank"),
        (b'{"comment": ""}', "comment", "must not be empty"),
        (b'{"comment": 1}', "comment", "must be text"),
    ],
)
def test_what_breaks_a_rule_is_named(body: bytes, field: str, rule: str) -> None:
    """Field, value and rule."""
    with pytest.raises(BadInputError) as caught:
        read_body(body, ReasonRequest)
    assert caught.value.fields["field"] == field
    assert rule in caught.value.fields["rule"]


def test_a_text_is_no_truth() -> None:
    """A dry run that is asked for by "yes" would be none."""
    with refusal(BadInputError, "true or false", field="dry_run", value="yes"):
        read_body(b'{"dry_run": "yes"}', RedriveRequest)
