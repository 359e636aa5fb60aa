"""What a visitor sees of a failure: a page with the right status that says what is wrong and what to do."""

import logging
from collections.abc import Mapping
from functools import wraps
from http import HTTPStatus
from types import MappingProxyType

import azure.functions as func

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import NightshiftError, NotSignedInError
from nightshift.domain.platform.problem_status import status_of
from nightshift.functions.authorization import Handler, Incoming, caller_of
from nightshift.pages.html import html, path_of
from nightshift.pages.rendering import Frame, render
from nightshift.pages.views import MessagePage

logger = logging.getLogger(__name__)

_TITLES: Mapping[int, str] = MappingProxyType(
    {
        400: "That does not work",
        401: "Not signed in",
        403: "Not allowed",
        404: "Not found",
        409: "Somebody was faster",
        413: "Too large",
        429: "Too many decisions",
    }
)


def as_page(request: func.HttpRequest, error: NightshiftError) -> func.HttpResponse:
    """A named failure as a page, with the status that the failure has everywhere."""
    if isinstance(error, NotSignedInError):
        text = "This page is for people who have signed in."
        return _message(request, 401, MessagePage(title=_TITLES[401], text=text, sign_in=True))
    shown = failed(request, status_of(error), error.message)
    if error.retry_after is not None:
        shown.headers["Retry-After"] = str(error.retry_after)
    return shown


def failed(request: func.HttpRequest, status: int, text: str) -> func.HttpResponse:
    """A page that says what is wrong."""
    return _message(request, status, MessagePage(title=_TITLES.get(status, HTTPStatus(status).phrase), text=text))


def edge(handler: Handler) -> Handler:
    """Turn a failure that nobody has named into a page."""

    @wraps(handler)
    async def show(incoming: Incoming) -> func.HttpResponse:
        try:
            return await handler(incoming)
        except NightshiftError:
            raise
        except Exception:
            # The edge: the visitor gets an id to ask about, and the log has the rest.
            logger.exception("page_failed path=%s", path_of(incoming.request))
            text = "The page could not be made. The log lines with the id below say why."
            return failed(incoming.request, 500, text)

    return show


def _message(request: func.HttpRequest, status: int, page: MessagePage) -> func.HttpResponse:
    caller = caller_of(request)
    frame = Frame(
        visitor=caller.name,
        roles=caller.roles,
        path=path_of(request),
        correlation_id=current().correlation_id,
    )
    return html(render(page, frame), status)
