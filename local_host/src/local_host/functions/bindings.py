"""Finds azure-functions' own converter for a binding type and applies it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from azure.functions import get_binding_registry
from azure.functions.meta import Datum

GENERIC = "generic"
"""The binding type that a parameter annotated `str` or `bytes` takes: the payload as it came, undecoded."""


class Converter(Protocol):
    """What a converter class of azure-functions offers; an input-only one has no `encode`, and the reverse."""

    def check_input_type_annotation(self, pytype: type) -> bool: ...
    def check_output_type_annotation(self, pytype: type) -> bool: ...
    def decode(self, data: Datum, *, trigger_metadata: Mapping[str, Datum] | None) -> Any: ...
    def encode(self, obj: Any, *, expected_type: type | None) -> Datum | None: ...


class TextConverter:
    """Hands a payload over as text or bytes; stands for binding types that azure-functions has no converter for."""

    def check_input_type_annotation(self, pytype: type) -> bool:
        return issubclass(pytype, (str, bytes))

    def check_output_type_annotation(self, pytype: type) -> bool:
        return issubclass(pytype, (str, bytes, bytearray))

    def decode(self, data: Datum, *, trigger_metadata: Mapping[str, Datum] | None) -> Any:
        if data.type not in ("string", "bytes", "json", None):
            raise TypeError(f"a payload of type {data.type!r} cannot be handed over as text or bytes")
        return data.value

    def encode(self, obj: Any, *, expected_type: type | None) -> Datum | None:
        if obj is None:
            return None
        if isinstance(obj, str):
            return Datum(type="string", value=obj)
        if isinstance(obj, (bytes, bytearray)):
            return Datum(type="bytes", value=bytes(obj))
        raise NotImplementedError


def converter_for(binding_type: str) -> Converter:
    """The converter that azure-functions registers for this binding type, else the plain one."""
    found = get_binding_registry().get(binding_type)  # type: ignore[no-untyped-call]
    return cast("Converter", found) if found is not None else TextConverter()


def has_implicit_output(binding_type: str) -> bool:
    """Whether the function's return value belongs to this trigger (activities, orchestrations)."""
    answer = getattr(converter_for(binding_type), "has_implicit_output", None)
    return bool(answer()) if answer is not None else False


def decode(binding_type: str, data: Datum, metadata: Mapping[str, Datum] | None = None) -> Any:
    """The Python object for a payload; TypeError when the converter does not take this kind of payload."""
    try:
        return converter_for(binding_type).decode(data, trigger_metadata=metadata)
    except NotImplementedError as error:
        raise TypeError(f"binding type {binding_type!r} cannot decode a payload of type {data.type!r}") from error


def encode(binding_type: str, value: Any, python_type: type | None) -> Datum | None:
    """The payload for a Python object; TypeError when the converter does not take its type."""
    try:
        return converter_for(binding_type).encode(value, expected_type=python_type)
    except NotImplementedError as error:
        raise TypeError(f"binding type {binding_type!r} cannot carry a {type(value).__name__}") from error
