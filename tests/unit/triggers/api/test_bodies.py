"""The published schema of a body is what is checked: both give one verdict about every document."""

import json
from collections.abc import Iterator
from typing import Any

import azure.functions as func
import jsonschema
import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.triggers.api.document import openapi_document
from nightshift.triggers.api.endpoint import Endpoint
from nightshift.triggers.api.endpoints import api_endpoints, register
from tests.support.registered import CLIENT, registered
from tests.unit.triggers.api.requests import principal

ENDPOINTS = api_endpoints()
WITH_BODY = [endpoint for endpoint in ENDPOINTS if endpoint.message is not None]
_DOCUMENT = openapi_document(ENDPOINTS)
_VALUES: tuple[object, ...] = (
    None, True, 1, "", " ", "\n\t", "x", "x" * 200, "x" * 201, "x" * 1_000, "x" * 1_001,
    [], {}, "approve", "Approve", "yes",
)  # fmt: skip
_GOOD: dict[str, object] = {"comment": "why", "decision": "reject", "helpful": False}


class NoStorage:
    """Services of which none answers: what reaches them has passed every check."""

    def __getattr__(self, name: str) -> Any:
        raise ServiceUnavailableError("Table storage", "it is away")


def _published(endpoint: Endpoint) -> dict[str, Any]:
    operation = _DOCUMENT["paths"][f"/{endpoint.path}"][endpoint.method.lower()]
    schema: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema | {"components": _DOCUMENT["components"]}


def _documents(endpoint: Endpoint) -> Iterator[object]:
    """A good body; bodies with a field missing, of another value, or too many; and what is no object."""
    assert endpoint.message is not None
    good = {name: value for name, value in _GOOD.items() if name in endpoint.message.model_fields}
    yield good
    for name in endpoint.message.model_fields:
        yield {key: value for key, value in good.items() if key != name}
        yield from (good | {name: value} for value in _VALUES)
    yield good | {"surprise": 1}
    yield from ([], "x", None, 1)


async def _taken(endpoint: Endpoint, document: object) -> bool:
    """Whether the app's own function takes a body: it fails then for another reason."""
    request = func.HttpRequest(
        "POST",
        "http://app/api/x",
        headers=principal("Reviewer", "Operator"),
        route_params=dict.fromkeys(endpoint.path_names, "x1"),
        body=json.dumps(document).encode(),
    )
    client = {"client": json.dumps(CLIENT)} if endpoint.durable else {}
    answer = await registered(register, NoStorage)[endpoint.name](req=request, **client)
    problem = json.loads(answer.get_body())
    assert answer.status_code in {400, 404, 503}, problem
    return bool(answer.status_code != 400)


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=lambda endpoint: endpoint.operation_id)
async def test_the_schema_and_the_check_give_one_verdict(endpoint: Endpoint) -> None:
    """A body that the document allows is taken, and one that it forbids is refused."""
    validator = jsonschema.Draft202012Validator(_published(endpoint))
    documents = list(_documents(endpoint))
    verdicts = [
        (document, bool(validator.is_valid(document)), await _taken(endpoint, document)) for document in documents
    ]
    assert [(document, allowed) for document, allowed, taken in verdicts if allowed != taken] == []
    assert {allowed for _, allowed, _ in verdicts} == {True, False}


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=lambda endpoint: endpoint.operation_id)
async def test_a_body_is_required_where_an_empty_one_would_be_refused(endpoint: Endpoint) -> None:
    """The document says so by itself: no body counts as an empty object."""
    published = _DOCUMENT["paths"][f"/{endpoint.path}"]["post"]["requestBody"]["required"]
    assert published == (not await _taken(endpoint, {}))
