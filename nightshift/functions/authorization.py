"""Who calls an HTTP function, and whether they may: checked before anything else of the call is read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import azure.durable_functions as df
import azure.functions as func

from nightshift.domain.platform.errors import NotSignedInError
from nightshift.domain.platform.origin import refuse_other_sites
from nightshift.domain.platform.principal import NOBODY, Principal, read_principal
from nightshift.domain.platform.sign_in import SignInNotEnforcedError
from nightshift.functions.route import Route


@dataclass(frozen=True)
class Incoming:
    """A request whose caller is known.

    Attributes:
        caller: has one of the route's roles; ``NOBODY`` if the route asks for none and nobody has signed in.
    """

    request: func.HttpRequest
    caller: Principal
    durable_client: df.DurableOrchestrationClient | None = None

    @property
    def client(self) -> df.DurableOrchestrationClient:
        """The durable client of a route that is declared with one."""
        if self.durable_client is None:
            raise LookupError("the route is declared without a durable client")
        return self.durable_client


Handler = Callable[[Incoming], Awaitable[func.HttpResponse]]
Call = Callable[[func.HttpRequest, df.DurableOrchestrationClient | None], Awaitable[func.HttpResponse]]


def with_authorization(route: Route, handler: Handler) -> Call:
    """Let a handler be called only by who may.

    The call raises:
        SignInNotEnforcedError: no sign-in stands before the app.
        NotSignedInError: nobody has signed in.
        NotAllowedError: the caller has none of the route's roles.
        OtherSiteError: another site has made a browser send what would change something.
    """

    async def call(request: func.HttpRequest, client: df.DurableOrchestrationClient | None) -> func.HttpResponse:
        caller = read_principal(request.headers).require(*route.roles) if route.roles else caller_of(request)
        if route.acts:
            refuse_other_sites(request.headers, request.url)
        return await handler(Incoming(request, caller, client))

    return call


def caller_of(request: func.HttpRequest) -> Principal:
    """Who calls a route that asks for no role; ``NOBODY`` without a sign-in."""
    try:
        return read_principal(request.headers)
    except (NotSignedInError, SignInNotEnforcedError):
        return NOBODY
