"""The declaration of a page's route: its roles are checked as those of an endpoint are, and it is in no document."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal

import azure.functions as func

from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import Role
from nightshift.functions.authorization import Handler, Incoming
from nightshift.functions.registrar import Functions
from nightshift.functions.route import Rate, Route
from nightshift.pages.failures import as_page, edge
from nightshift.pages.visit import Visit

Show = Callable[[Visit], Awaitable[func.HttpResponse]]


@dataclass(frozen=True)
class Declaration:
    """What is declared of a page; as the decorator of a handler it makes the page. A POST is one of our own forms.

    Attributes:
        roles: a visitor needs one of them; empty if anybody may see the page.
        durable: whether the handler uses a durable client.
        rate: makes the limit of forms by one visitor.
    """

    method: Literal["GET", "POST"]
    path: str
    roles: tuple[Role, ...]
    durable: bool = True
    rate: Callable[[], Rate] | None = None

    def __call__(self, show: Show) -> "Page":
        """The page that a handler shows."""
        return Page(**{item.name: getattr(self, item.name) for item in fields(self)}, show=show)


page = Declaration


@dataclass(frozen=True)
class Page(Declaration):
    """A route of the pages, and the handler that shows it."""

    show: Show = field(kw_only=True)

    @property
    def route(self) -> Route:
        """How its function is registered: under the handler's name."""
        return Route(self.show.__name__, self.path, (self.method,), self.roles, durable=self.durable)


def register_pages(functions: Functions, services: Callable[[], Services], pages: Sequence[Page]) -> None:
    """Register the function of each page."""
    for one in pages:
        functions.http(one.route, _visited(one, services), as_page)


def _visited(declared: Page, services: Callable[[], Services]) -> Handler:
    rate = declared.rate() if declared.rate else None

    async def show(incoming: Incoming) -> func.HttpResponse:
        visit = Visit.of(incoming, services)
        if declared.method == "POST":
            visit = visit.with_form()
        if rate is not None:
            rate.count(visit.caller.actor)
        return await declared.show(visit)

    return edge(show)
