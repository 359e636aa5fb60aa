"""The declaration of an endpoint: the check of a call, the OpenAPI document and the handler all read this one."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.principal import Role
from nightshift.functions.route import Rate, Route
from nightshift.triggers.api.call import Call
from nightshift.triggers.api.parameter import Parameter

Shape = Literal["one", "items", "page"]
Handler = Callable[[Call[Any]], Awaitable[Any]]

PREFIX = "api/"
LARGEST_BODY = 1024 * 1024


class JsonObject(dict[str, object]):
    """Any JSON object: what a handler reads or writes by itself, and the document does not describe."""


@dataclass(frozen=True)
class Declaration:
    """What is declared of an endpoint; as the decorator of a handler it makes the endpoint.

    Attributes:
        path: under ``/api``.
        summary: a sentence that says what a call does.
        roles: of which a caller needs one; empty if anybody may call.
        answer: what a success carries; ``JsonObject`` for any. ``shape`` says whether one, or ``items`` of them.
        query: the parameters; others are refused.
        body: what a request carries, and what it is held against; ``JsonObject`` if the handler reads it by itself.
        largest_body: in bytes.
        status: of a success.
        unwell: a status that carries the same answer as a success.
        problems: statuses of what may go wrong, besides those that any endpoint has.
        durable: whether the handler uses a durable client.
        rate: makes the limit of calls by one caller.
        function: name of the function in Azure, where it is another than the handler's.
    """

    method: Literal["GET", "POST"]
    path: str
    summary: str
    roles: tuple[Role, ...]
    answer: type[Message | JsonObject]
    shape: Shape = "one"
    query: tuple[Parameter[Any], ...] = ()
    body: type[Message | JsonObject] | None = None
    largest_body: int = LARGEST_BODY
    status: int = 200
    unwell: int | None = None
    problems: tuple[int, ...] = ()
    durable: bool = False
    rate: Callable[[], Rate] | None = None
    function: str = ""

    def __call__(self, handler: Handler) -> "Endpoint":
        """The endpoint that a handler answers."""
        return Endpoint(**{item.name: getattr(self, item.name) for item in fields(self)}, handler=handler)


endpoint = Declaration


@dataclass(frozen=True)
class Endpoint(Declaration):
    """One method at one path, and the handler that answers."""

    handler: Handler = field(kw_only=True)

    @property
    def operation_id(self) -> str:
        """Its name in the OpenAPI document: that of the handler."""
        return self.handler.__name__

    @property
    def name(self) -> str:
        """The name of its function in Azure, which decides about the order of routes (ADR 15)."""
        return self.function or self.operation_id

    @property
    def route(self) -> Route:
        """How its function is registered."""
        return Route(self.name, f"{PREFIX}{self.path}", (self.method,), self.roles, durable=self.durable)

    @property
    def path_names(self) -> tuple[str, ...]:
        """Names of the parameters in the path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def message(self) -> type[Message] | None:
        """The message that the body must be; None if there is none, or any object will do."""
        return self.body if self.body is not None and issubclass(self.body, Message) else None

    @property
    def body_required(self) -> bool:
        """Whether a call without a body is refused: it counts as an empty object."""
        if self.message is None:
            return self.body is not None
        return any(field.is_required() for field in self.message.model_fields.values())

    @property
    def statuses(self) -> tuple[int, ...]:
        """Statuses of all problems that it may answer with."""
        found = {400, 500, 502, 503, *self.problems}  # 400: no endpoint takes a query that it does not declare
        found |= {401, 403} if self.roles else set()
        found |= {413} if self.body else set()
        found |= {429} if self.rate else set()
        return tuple(sorted(found - {self.unwell}))
