"""The messages between host and worker, as plain objects: the library takes its protobuf classes from its caller.

It runs in the worker's environment: it imports nothing but the standard library.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

_KINDS = ("string", "json", "bytes", "http", "int", "double", "stream")


class Message:
    """A message: what it was given as attributes, None for every other field."""

    def __init__(self, *_: Any, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:
        # The library tells a module of classes from a message by whether it has a name like TypedData.
        if name.startswith("__") or name[0].isupper():
            raise AttributeError(name)
        return None

    def WhichOneof(self, _group: str) -> str | None:
        """Which kind of typed data this is; None for data that is absent, as protobuf says it."""
        return next((kind for kind in _KINDS if self.__dict__.get(kind) is not None), None)


class StatusResult(Message):
    """The values of the enum are protobuf's."""

    Failure, Success, Cancelled = 0, 1, 2


class BindingInfo(Message):
    """The values of the enums are protobuf's: direction and data type share the class."""

    undefined = string = binary = stream = 0
    out, inout = 1, 2


class ParameterBinding(Message):
    """An input or an output: its data never comes by shared memory here."""

    def WhichOneof(self, _group: str) -> str | None:
        """The field that holds the data."""
        return "data"


class RpcHttpCookie(Message):
    """With the enum of SameSite."""

    SameSite = SimpleNamespace(Lax=1, Strict=2, ExplicitNone=3, **{"None": 0})


_PLAIN = (
    "WorkerInitResponse",
    "WorkerMetadata",
    "RpcException",
    "RpcFunctionMetadata",
    "FunctionMetadataResponse",
    "FunctionLoadResponse",
    "InvocationResponse",
    "TypedData",
    "RpcHttp",
    "RpcRetryOptions",
    "NullableString",
    "NullableBool",
    "NullableDouble",
    "NullableTimestamp",
    "CollectionString",
)
PROTOS = SimpleNamespace(
    StatusResult=StatusResult,
    BindingInfo=BindingInfo,
    ParameterBinding=ParameterBinding,
    RpcHttpCookie=RpcHttpCookie,
    **{name: type(name, (Message,), {}) for name in _PLAIN},
)


def request(**content: Message) -> SimpleNamespace:
    """A request as the library's coroutines take it."""
    return SimpleNamespace(request=Message(**content), properties={"host": "127.0.0.1", "protos": PROTOS})
