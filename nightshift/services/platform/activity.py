"""Activities: each is declared once, by a decorator on its body, with its name, its message and its result.

An orchestrator calls one by that declaration (orchestrators.platform.calls), so the types of both sides are checked.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_type_hints

import azure.durable_functions as df
from pydantic import TypeAdapter

from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services

Request = TypeVar("Request", bound=Message)
Result = TypeVar("Result", bound=Message)


@dataclass(frozen=True)
class Declaration(Generic[Request, Result]):
    """What an orchestrator knows of an activity.

    Attributes:
        name: in Durable. It stands in recorded histories, so it stays when the function is renamed.
        request: the message that it takes.
        result: the message that it gives, or a union of messages.
        retries_all: whether every exception is raised, so that Durable calls it again: it has no failure that an
            orchestration could go on with.
    """

    name: str
    request: type[Request]
    result: type[Result]
    retries_all: bool = field(default=False, kw_only=True)

    def read_result(self, value: object) -> Result:
        """Read a result from a history, which another release may have written; unknown fields are left out."""
        read: Result = TypeAdapter(self.result).validate_python(value, extra="ignore")
        return read


@dataclass(frozen=True)
class Activity(Declaration[Request, Result]):
    """An activity; it may be called as its body is.

    Attributes:
        cost: what a call has cost that has failed, by what is on record: the fields of its failure say it. None if it
            costs nothing.
    """

    body: Callable[[Services, Request], Result]
    cost: Callable[[Services, Request], Mapping[str, int]] | None = None

    def __call__(self, services: Services, request: Request) -> Result:
        """Do the work.

        Raises:
            NightshiftError: it cannot be done, or not now (``retryable``).
        """
        return self.body(services, request)


@dataclass(frozen=True)
class StartingActivity(Declaration[Request, Result]):
    """An activity that starts or signals orchestrations, with the durable client."""

    body: Callable[[Services, df.DurableOrchestrationClient, Request], Awaitable[Result]]

    async def __call__(self, services: Services, client: df.DurableOrchestrationClient, request: Request) -> Result:
        """Do the work.

        Raises:
            NightshiftError: as `Activity`.
        """
        return await self.body(services, client, request)


def activity(
    name: str, *, retries_all: bool = False, cost: Callable[[Services, Any], Mapping[str, int]] | None = None
) -> Callable[[Callable[[Services, Request], Result]], Activity[Request, Result]]:
    """Declare ``body(services, request) -> result`` as the activity of this name; the types are its annotations."""

    def declare(body: Callable[[Services, Request], Result]) -> Activity[Request, Result]:
        request, result = _messages(body)
        return Activity(name, request, result, body, cost, retries_all=retries_all)

    return declare


def starting_activity(
    name: str,
) -> Callable[
    [Callable[[Services, df.DurableOrchestrationClient, Request], Awaitable[Result]]], StartingActivity[Request, Result]
]:
    """Declare ``async body(services, client, request) -> result`` as the activity of this name."""

    def declare(
        body: Callable[[Services, df.DurableOrchestrationClient, Request], Awaitable[Result]],
    ) -> StartingActivity[Request, Result]:
        request, result = _messages(body)
        return StartingActivity(name, request, result, body)

    return declare


def _messages(body: Callable[..., Any]) -> tuple[Any, Any]:
    """The annotations of a body's last parameter and of its result."""
    hints = get_type_hints(body)
    result = hints.pop("return")
    return list(hints.values())[-1], result
