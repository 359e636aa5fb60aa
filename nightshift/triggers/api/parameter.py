"""A parameter of a path or a query: its published schema, and the reading that holds a value against it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal, TypeVar

from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.paging import Position

Value = TypeVar("Value")
Choice = TypeVar("Choice", bound=str)
Schema = dict[str, object]

_LONGEST = 256
_LARGEST_NUMBER = 1_000
_SHOWN = 80
# What keys of Azure tables may hold, and what a URL can carry in one segment.
_TEXT = r"[A-Za-z0-9._:@ +-]+"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Parameter(Generic[Value]):
    """A parameter; ``call.query[parameter]`` is its value.

    Attributes:
        schema: of a value, as JSON schema.
        default: the value if the query does not say one.
        read: makes the value from text; raises BadInputError if the text breaks a rule.
    """

    name: str
    description: str
    schema: Schema
    default: Value
    read: Callable[[str], Value]


def text(name: str, description: str, pattern: str = _TEXT) -> Parameter[str | None]:
    """Text that matches a pattern as a whole."""

    def read(value: str) -> str:
        if len(value) > _LONGEST or re.fullmatch(pattern, value) is None:
            rule = f"must be of 1 to {_LONGEST} characters and match {pattern}"
            raise BadInputError(field=name, value=value[:_SHOWN], rule=rule)
        return value

    schema: Schema = {"type": "string", "minLength": 1, "maxLength": _LONGEST, "pattern": f"^{pattern}$"}
    return Parameter(name, description, schema, None, read)


def number(name: str, description: str, default: int) -> Parameter[int]:
    """A whole number from 1 to 1000."""

    def read(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,4}", value) or not 1 <= int(value) <= _LARGEST_NUMBER:
            rule = f"must be a whole number from 1 to {_LARGEST_NUMBER}"
            raise BadInputError(field=name, value=value[:_SHOWN], rule=rule)
        return int(value)

    schema: Schema = {"type": "integer", "minimum": 1, "maximum": _LARGEST_NUMBER, "default": default}
    return Parameter(name, description, schema, default, read)


def moment(name: str, description: str) -> Parameter[datetime | None]:
    """A time with its zone; the value is in UTC."""

    def read(value: str) -> datetime:
        try:
            if _TIME.fullmatch(value):
                return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        rule = "must be a time with its zone, such as 2026-11-01T03:00Z"
        raise BadInputError(field=name, value=value[:_SHOWN], rule=rule)

    return Parameter(name, description, {"type": "string", "format": "date-time"}, None, read)


def one_of(name: str, description: str, choices: tuple[Choice, ...]) -> Parameter[Choice | None]:
    """One of the choices."""

    def read(value: str) -> Choice:
        found = next((choice for choice in choices if choice == value), None)
        if found is None:
            raise BadInputError(field=name, value=value[:_SHOWN], rule=f"must be of {', '.join(choices)}")
        return found

    return Parameter(name, description, {"type": "string", "enum": list(choices)}, None, read)


def some_of(name: str, description: str, choices: tuple[Choice, ...]) -> Parameter[tuple[Choice, ...]]:
    """Some of the choices, separated by commas; the value has them in the order of the choices."""
    one = one_of(name, description, choices)

    def read(value: str) -> tuple[Choice, ...]:
        wanted = {one.read(part) for part in value.split(",")}
        return tuple(choice for choice in choices if choice in wanted)

    return Parameter(name, description, {"type": "array", "items": one.schema, "minItems": 1}, (), read)


def position(name: str, description: str) -> Parameter[Position | None]:
    """The place in a list behind which a page begins: ``next`` of the page before."""
    place = text(name, description, "[A-Za-z0-9_-]+")

    def read(value: str) -> Position:
        return Position.from_cursor(str(place.read(value)))

    return Parameter(name, description, place.schema, None, read)


Place = Literal["path", "query"]


def described(parameter: Parameter[Any], place: Place) -> Schema:
    """The parameter in the OpenAPI document."""
    found: Schema = {
        "name": parameter.name,
        "in": place,
        "required": place == "path",
        "description": parameter.description,
        "schema": parameter.schema,
    }
    return found | ({"style": "form", "explode": False} if parameter.schema["type"] == "array" else {})
