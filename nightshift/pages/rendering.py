"""Turn a view into HTML: templates with autoescape, nothing read, nothing asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Protocol

from nightshift.pages import texts
from nightshift.pages.static_files import address

if TYPE_CHECKING:
    from jinja2 import Environment


class View(Protocol):
    """What one page shows; its template is a file of ``templates``."""

    template: ClassVar[str]


@dataclass(frozen=True)
class Frame:
    """What is around every page.

    Attributes:
        visitor: name of the visitor; empty if nobody has signed in.
        roles: of the visitor.
        token: for forms; empty where there is none.
        path: of the page, to come back to after the sign-in.
        correlation_id: the id to search the logs for.
    """

    visitor: str = ""
    roles: frozenset[str] = frozenset()
    token: str = ""
    path: str = "/"
    correlation_id: str = ""


def render(view: View, frame: Frame) -> str:
    """The page, or the part of one, that shows a view."""
    return _templates().get_template(view.template).render(view=view, frame=frame)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("nightshift.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= _FILTERS
    made.globals["static"] = address
    return made


_FILTERS: dict[str, Callable[..., object]] = {
    "moment": texts.moment,
    "clock": texts.clock,
    "number": texts.number,
    "lasted": texts.lasted,
    "shown": texts.shown,
    "web": texts.web_address,
    "why_waiting": texts.why_waiting,
    "with_links": texts.with_links,
}
