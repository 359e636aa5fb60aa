"""A call of an endpoint, after every check: what a handler gets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import azure.durable_functions as df

from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import Principal
from nightshift.functions.authorization import Incoming
from nightshift.triggers.api.parameter import Parameter, Value

Body_co = TypeVar("Body_co", covariant=True)


@dataclass(frozen=True)
class Query:
    """The values of the parameters that an endpoint declares."""

    values: Mapping[str, Any]

    def __getitem__(self, parameter: Parameter[Value]) -> Value:
        """The value of a parameter, or its default; KeyError if the endpoint does not declare it."""
        value: Value = self.values[parameter.name]
        return value


@dataclass(frozen=True)
class Call(Generic[Body_co]):
    """A call that its declaration allows.

    Attributes:
        body: the message that the endpoint declares; None without one.
        path: the parameters of the path, by name.
        query: the parameters of the query.
        provide: makes the services at first use: some endpoints answer without any.
    """

    incoming: Incoming
    body: Body_co
    path: Mapping[str, str]
    query: Query
    provide: Callable[[], Services]

    @property
    def services(self) -> Services:
        """The app's services."""
        return self.provide()

    @property
    def caller(self) -> Principal:
        """Who calls."""
        return self.incoming.caller

    @property
    def actor(self) -> str:
        """Who calls, as records name it."""
        return self.caller.actor

    @property
    def client(self) -> df.DurableOrchestrationClient:
        """The durable client of an endpoint that is declared with one."""
        return self.incoming.client

    @property
    def raw(self) -> bytes:
        """The body as it was sent."""
        return self.incoming.request.get_body()
