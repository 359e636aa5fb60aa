"""The OpenAPI document says what the app does."""

import json
import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from nightshift.triggers.api.call import Call
from nightshift.triggers.api.document import methods_at, openapi_document
from nightshift.triggers.api.endpoint import JsonObject
from nightshift.triggers.api.endpoints import api_endpoints
from nightshift.wiring.app import create_app

ROOT = Path(__file__).resolve().parents[4]
ENDPOINTS = api_endpoints()


def _registered() -> set[tuple[str, str, str]]:
    """Name, method and path of every function under /api, but for the one that answers where nothing else does."""
    prefix = json.loads((ROOT / "host.json").read_text())["extensions"].get("http", {}).get("routePrefix", "api")
    found = set()
    for function in create_app().get_functions():
        trigger = function.get_trigger()
        if trigger is None or trigger.type != "httpTrigger":
            continue
        path = f"{prefix}/{trigger.route}".strip("/")
        if path.startswith("api/") and "{*" not in path:
            found |= {(function.get_function_name(), method.value, path[4:]) for method in trigger.methods}
    return found


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(_references, value.values()))
    return set().union(*map(_references, value)) if isinstance(value, list) else set()


def test_every_route_of_the_app_is_described_and_no_other() -> None:
    """A route that is added without a declaration, or a declaration that nobody registers, shows here."""
    assert _registered() == {(endpoint.name, endpoint.method, endpoint.path) for endpoint in ENDPOINTS}


def test_the_document_has_every_operation_with_its_answers() -> None:
    """By operationId, with roles, success and problems."""
    document = openapi_document(ENDPOINTS)
    found = {
        operation["operationId"]: (set(operation["responses"]), operation["x-roles"])
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    expected = {}
    for endpoint in ENDPOINTS:
        statuses = {endpoint.status, *endpoint.statuses} | ({endpoint.unwell} if endpoint.unwell else set())
        expected[endpoint.operation_id] = ({str(status) for status in statuses}, list(endpoint.roles))
    assert found == expected


def test_the_document_is_the_same_under_every_python() -> None:
    """The standard library's phrase for 413 changed in 3.13."""
    assert openapi_document(ENDPOINTS)["components"]["responses"]["413"]["description"] == "Content Too Large"


def test_every_reference_leads_somewhere() -> None:
    """No schema or response is missing."""
    document = openapi_document(ENDPOINTS)
    for reference in _references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
        assert place


def test_every_parameter_of_a_path_is_described() -> None:
    """What stands in braces is in the list, and is needed."""
    for path, methods in openapi_document(ENDPOINTS)["paths"].items():
        for operation in methods.values():
            described = {item["name"] for item in operation["parameters"] if item["in"] == "path" and item["required"]}
            assert described == set(re.findall(r"\{(\w+)\}", path))


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("runs", ("GET",)),
        ("Runs/", ("GET",)),
        ("incidents/a1/undo", ("GET", "POST")),
        ("ledger/verification", ("GET",)),
        ("runs/a/b", ()),
        ("", ()),
    ],
)
def test_the_methods_at_a_path_are_known(path: str, methods: tuple[str, ...]) -> None:
    """For the answer 405, which names them; none is 404."""
    assert methods_at(path, ENDPOINTS) == methods


def test_every_summary_is_a_sentence_about_the_endpoint() -> None:
    """A verb in the third person, whose subject is the endpoint, and a full stop."""
    for endpoint in ENDPOINTS:
        assert re.fullmatch(r"[A-Z][a-z]+s .*\.", endpoint.summary), endpoint.summary


def test_no_two_endpoints_have_one_name() -> None:
    """Neither in the document, nor in Azure."""
    for names in ([item.operation_id for item in ENDPOINTS], [item.name for item in ENDPOINTS]):
        assert len(names) == len(set(names))


def test_every_handler_takes_and_gives_what_its_declaration_says() -> None:
    """The types of a handler are checked by mypy; that they are those of the declaration is checked here."""
    wrong = []
    for endpoint in ENDPOINTS:
        hints = get_type_hints(endpoint.handler)
        answers = get_args(hints["return"]) or (hints["return"],)
        given = issubclass(endpoint.answer, JsonObject) or endpoint.answer in answers
        if hints["call"] != Call[endpoint.message or None] or not given:  # type: ignore[misc]
            wrong.append(endpoint.operation_id)
    assert wrong == []
