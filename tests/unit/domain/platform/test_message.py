"""Messages of another release are read; what comes from outside is refused for a field that nobody knows."""

import importlib
import pkgutil
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pydantic
import pytest

import activities.registration
import nightshift.domain
from nightshift.domain.platform.message import Message

UNKNOWN = "of_a_newer_release"


def _messages() -> list[type[Message]]:
    """Every message of the domain: a new one is held to the rule by being one."""
    for module in pkgutil.walk_packages(nightshift.domain.__path__, "nightshift.domain."):
        importlib.import_module(module.name)
    found: list[type[Message]] = []
    waiting: list[type[Message]] = [Message]
    while waiting:
        kinds = [kind for kind in waiting.pop().__subclasses__() if kind.__module__.startswith("nightshift.domain.")]
        found += kinds
        waiting += kinds
    return sorted(set(found), key=lambda kind: f"{kind.__module__}.{kind.__qualname__}")


def _skeletons(kind: type[Message], above: tuple[type[Message], ...] = ()) -> Iterator[tuple[dict[str, Any], int]]:
    """Documents that reach every message in ``kind``, with an unknown field at each level, and how many levels.

    They lack everything else: what is looked at is only what the reader says of the unknown fields.
    """
    yield {UNKNOWN: 1}, 1
    if kind in above:
        return
    for name, field in kind.model_fields.items():
        for value, levels in _values(field.annotation, (*above, kind)):
            yield {UNKNOWN: 1, name: value}, levels + 1


def _values(annotation: Any, above: tuple[type[Message], ...]) -> Iterator[tuple[Any, int]]:
    """JSON values of a type that hold a message."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Message):
        tags = {
            name: typing.get_args(field.annotation)[0]
            for name, field in annotation.model_fields.items()
            if typing.get_origin(field.annotation) is typing.Literal
        }
        for document, levels in _skeletons(annotation, above):
            yield {**tags, **document}, levels
    elif origin is typing.Annotated:
        yield from _values(arguments[0], above)
    elif origin in {typing.Union, types.UnionType}:
        for option in arguments:
            yield from _values(option, above)
    elif origin in {tuple, list, frozenset}:
        for value, levels in _values(arguments[0], above):
            yield [value], levels
    elif origin in {dict, Mapping}:
        for value, levels in _values(arguments[1], above):
            yield {"key": value}, levels


def _unknown(read: Any, document: dict[str, Any]) -> int:
    """How often a reader complains of the unknown field."""
    try:
        read(document)
    except pydantic.ValidationError as error:
        return sum(found["type"] == "extra_forbidden" for found in error.errors() if found["loc"][-1] == UNKNOWN)
    return 0


@pytest.mark.parametrize("kind", _messages(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_a_field_of_a_newer_release_is_left_out_at_every_depth(kind: type[Message]) -> None:
    """History and records may hold what a newer release wrote before a rollback; the outside doors refuse the same."""
    for document, levels in _skeletons(kind):
        assert _unknown(kind.from_json, document) == 0, f"from_json refuses {document}"
        # The same document at a door. That it is refused at every level shows that the levels are really reached.
        assert _unknown(kind.model_validate, document) >= levels, f"model_validate tolerates {document}"


def test_the_messages_of_activities_are_among_those() -> None:
    """What crosses a durable boundary is held to the rule: requests and results of every activity in the tables."""
    crossing: set[type[Message]] = set()
    for activity in activities.registration.declared().values():
        crossing |= {activity.request, *(typing.get_args(activity.result) or (activity.result,))}
    assert len(crossing) > len(activities.registration.declared())
    assert crossing <= set(_messages())


def test_json_text_bytes_and_objects_are_read_alike() -> None:
    """Durable gives an object or its text, storage gives bytes."""

    class Inner(Message):
        at: int

    class Outer(Message):
        inner: Inner

    wanted = Outer(inner=Inner(at=1))
    for value in ({"inner": {"at": 1, "new": 2}}, '{"inner": {"at": 1, "new": 2}}', b'{"inner": {"at": 1}, "new": 2}'):
        assert Outer.from_json(value) == wanted
