"""The OpenAPI 3.1 document, made from the declarations of the endpoints and from the messages in them."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.view import Problem
from nightshift.triggers.api.endpoint import Endpoint
from nightshift.triggers.api.parameter import described
from nightshift.triggers.api.parameters import PATH

_REFERENCE = "#/components/schemas/{model}"
_JSON, _PROBLEM_JSON = "application/json", "application/problem+json"
_ABOUT = """Lists come newest first, in pages: `next` is the cursor of the page behind. An error is a problem document
(RFC 9457). In Azure, App Service authentication asks for a token, whose app roles decide."""
_Mode = Literal["validation", "serialization"]
Schemas = Mapping[tuple[type[BaseModel], _Mode], dict[str, Any]]


def openapi_document(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    """The whole document, as JSON values."""
    references, schemas = _schemas(endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(f"/{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Nightshift",
            "version": "1",
            "description": _ABOUT,
        },
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {str(status): _problem(status, references) for status in _problem_statuses(endpoints)},
            "securitySchemes": {"signIn": {"type": "http", "scheme": "bearer"}},
        },
    }


def methods_at(path: str, endpoints: Sequence[Endpoint]) -> tuple[str, ...]:
    """The methods that there are at a path (under ``/api``); none if there is no such path."""
    parts = path.strip("/").split("/")
    return tuple(sorted({item.method for item in endpoints if _is_at(item.path.split("/"), parts)}))


def _is_at(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        bool(part) if known.startswith("{") else known.lower() == part.lower()
        for known, part in zip(template, parts, strict=True)
    )


def _models(endpoints: Sequence[Endpoint]) -> Iterator[tuple[type[Message], _Mode]]:
    yield Problem, "serialization"
    for endpoint in endpoints:
        if issubclass(endpoint.answer, Message):
            yield endpoint.answer, "serialization"
        if endpoint.message is not None:
            yield endpoint.message, "validation"


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[Schemas, dict[str, Any]]:
    wanted = sorted(set(_models(endpoints)), key=lambda item: (item[0].__name__, item[1]))
    references, definitions = models_json_schema(wanted, ref_template=_REFERENCE)
    return cast("Schemas", references), definitions.get("$defs", {})


def _operation(endpoint: Endpoint, references: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "description": _who(endpoint),
        "tags": [endpoint.path.split("/")[0].removesuffix(".json")],
        "parameters": [
            *(described(PATH[name], "path") for name in endpoint.path_names),
            *(described(parameter, "query") for parameter in endpoint.query),
        ],
        "responses": _responses(endpoint, references),
        "security": [{"signIn": []}] if endpoint.roles else [],
        "x-roles": list(endpoint.roles),
    }
    if endpoint.body is not None:
        body = {"type": "object"} if endpoint.message is None else references[endpoint.message, "validation"]
        found["requestBody"] = {"required": endpoint.body_required, "content": {_JSON: {"schema": body}}}
    return found


def _who(endpoint: Endpoint) -> str:
    return f"Role: {' or '.join(endpoint.roles)}." if endpoint.roles else "Anybody may call."


def _responses(endpoint: Endpoint, references: Schemas) -> dict[str, Any]:
    content = {_JSON: {"schema": _answer(endpoint, references)}}
    found: dict[str, Any] = {str(endpoint.status): {"description": endpoint.summary, "content": content}}
    if endpoint.unwell is not None:
        found[str(endpoint.unwell)] = {"description": "The same, if all is not well.", "content": content}
    return found | {str(status): {"$ref": f"#/components/responses/{status}"} for status in endpoint.statuses}


def _answer(endpoint: Endpoint, references: Schemas) -> dict[str, Any]:
    one: dict[str, Any] = {"type": "object"}
    if issubclass(endpoint.answer, Message):
        one = references[endpoint.answer, "serialization"]
    if endpoint.shape == "one":
        return one
    following = {"type": ["string", "null"], "description": "Cursor of the page behind; null if there is none."}
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": one}, "next": following},
    }


def _problem_statuses(endpoints: Sequence[Endpoint]) -> list[int]:
    return sorted({status for endpoint in endpoints for status in endpoint.statuses})


# Python before 3.13 has the older phrase: the document must not depend on what serves it. Source: RFC 9110.
_PHRASES = {413: "Content Too Large"}


def _problem(status: int, references: Schemas) -> dict[str, Any]:
    return {
        "description": _PHRASES.get(status, HTTPStatus(status).phrase),
        "content": {_PROBLEM_JSON: {"schema": references[Problem, "serialization"]}},
    }
