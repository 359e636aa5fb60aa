"""The OpenAPI 3.1 document, made from the operations and from the messages that they take and give."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Literal, TypeGuard, cast

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.view import Problem
from nightshift.triggers.api.operation import Operation, Parameter
from nightshift.triggers.api.operations import OPERATIONS
from nightshift.triggers.api.parameters import PATH

_REFERENCE = "#/components/schemas/{model}"
_JSON, _PROBLEM_JSON = "application/json", "application/problem+json"
_ABOUT = """Lists come newest first, in pages: `next` is the cursor of the page behind. An error is a problem document
(RFC 9457). In Azure, App Service authentication asks for a token, whose app roles decide."""
_Mode = Literal["validation", "serialization"]
Schemas = Mapping[tuple[type[BaseModel], _Mode], dict[str, Any]]


def openapi_document(operations: tuple[Operation, ...] = OPERATIONS) -> dict[str, Any]:
    """The whole document, as JSON values."""
    references, schemas = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(f"/{operation.path}", {})[operation.method.lower()] = _operation(operation, references)
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
            "responses": {str(status): _problem(status, references) for status in _problem_statuses(operations)},
            "securitySchemes": {"signIn": {"type": "http", "scheme": "bearer"}},
        },
    }


def methods_at(path: str, operations: tuple[Operation, ...] = OPERATIONS) -> tuple[str, ...]:
    """The methods that there are at a path (under ``/api``); none if there is no such path."""
    parts = path.strip("/").split("/")
    return tuple(sorted({item.method for item in operations if _is_at(item.path.split("/"), parts)}))


def _is_at(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        bool(part) if known.startswith("{") else known.lower() == part.lower()
        for known, part in zip(template, parts, strict=True)
    )


def _models(operations: tuple[Operation, ...]) -> Iterator[tuple[type[Message], _Mode]]:
    yield Problem, "serialization"
    for operation in operations:
        if _is_message(operation.answer):
            yield operation.answer, "serialization"
        if operation.body is not None and _is_message(operation.body):
            yield operation.body, "validation"


def _is_message(kind: type[Message] | type[dict[str, object]]) -> TypeGuard[type[Message]]:
    return isinstance(kind, type) and issubclass(kind, Message)


def _schemas(operations: tuple[Operation, ...]) -> tuple[Schemas, dict[str, Any]]:
    wanted = sorted(set(_models(operations)), key=lambda item: (item[0].__name__, item[1]))
    references, definitions = models_json_schema(wanted, ref_template=_REFERENCE)
    return cast("Schemas", references), definitions.get("$defs", {})


def _operation(operation: Operation, references: Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _who(operation),
        "tags": [operation.path.split("/")[0].removesuffix(".json")],
        "parameters": [
            *(_parameter(PATH[name], "path") for name in operation.path_names),
            *(_parameter(parameter, "query") for parameter in operation.query),
        ],
        "responses": _responses(operation, references),
        "security": [{"signIn": []}] if operation.roles else [],
        "x-roles": list(operation.roles),
    }
    if operation.body is not None:
        body: dict[str, Any] = {"type": "object"}
        if _is_message(operation.body):
            body = references[operation.body, "validation"]
        found["requestBody"] = {"required": operation.body_required, "content": {_JSON: {"schema": body}}}
    return found


def _who(operation: Operation) -> str:
    return f"Role: {' or '.join(operation.roles)}." if operation.roles else "Anybody may call."


def _parameter(parameter: Parameter, place: Literal["path", "query"]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.description,
        "schema": parameter.schema,
    }
    return found | ({"style": "form", "explode": False} if parameter.many else {})


def _responses(operation: Operation, references: Schemas) -> dict[str, Any]:
    content = {_JSON: {"schema": _answer(operation, references)}}
    found: dict[str, Any] = {str(operation.status): {"description": operation.summary, "content": content}}
    if operation.unwell is not None:
        found[str(operation.unwell)] = {"description": "The same, if all is not well.", "content": content}
    return found | {str(status): {"$ref": f"#/components/responses/{status}"} for status in operation.statuses}


def _answer(operation: Operation, references: Schemas) -> dict[str, Any]:
    one: dict[str, Any] = {"type": "object"}
    if _is_message(operation.answer):
        one = references[operation.answer, "serialization"]
    if operation.shape == "one":
        return one
    following = {"type": ["string", "null"], "description": "Cursor of the page behind; null if there is none."}
    return {
        "type": "object",
        "required": ["items", "next"],
        "properties": {"items": {"type": "array", "items": one}, "next": following},
    }


def _problem_statuses(operations: tuple[Operation, ...]) -> list[int]:
    return sorted({status for operation in operations for status in operation.statuses})


# Python before 3.13 has the older phrase: the document must not depend on what serves it. Source: RFC 9110.
_PHRASES = {413: "Content Too Large"}


def _problem(status: int, references: Schemas) -> dict[str, Any]:
    return {
        "description": _PHRASES.get(status, HTTPStatus(status).phrase),
        "content": {_PROBLEM_JSON: {"schema": references[Problem, "serialization"]}},
    }
