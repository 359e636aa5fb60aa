"""One visit to a page: who looks, what was posted, and how the answer goes out."""

import hashlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import azure.functions as func

from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import BadInputError, NightshiftError, NotSignedInError
from nightshift.domain.platform.principal import Principal, Role, read_principal
from nightshift.domain.platform.problem_status import status_of
from nightshift.domain.platform.sign_in import SignInNotEnforcedError
from nightshift.pages.rendering import Frame, View, render
from nightshift.pages.security import HEADERS, FormKey, check_form
from nightshift.pages.views import MessagePage

logger = logging.getLogger(__name__)

_LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"
# azure-functions appends the charset of text: with one here there would be two.
_HTML = "text/html"
_TITLES = {
    400: "That does not work",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    409: "Somebody was faster",
    413: "Too large",
    429: "Too many decisions",
}
Answer = Callable[..., Awaitable[func.HttpResponse]]


@dataclass(frozen=True)
class Visit:
    """A request by somebody who may make it."""

    principal: Principal
    key: FormKey
    request: func.HttpRequest

    @classmethod
    def of(cls, request: func.HttpRequest, *roles: Role) -> "Visit":
        """A visit by somebody who has one of the roles.

        Raises:
            SignInNotEnforcedError: no sign-in stands before the app.
            NotSignedInError, NotAllowedError: nobody has signed in, or without any of the roles.
        """
        principal = read_principal(request.headers).require(*roles)
        return cls(principal, FormKey.of(request.headers, request.url), request)

    @classmethod
    def posting(cls, request: func.HttpRequest, *roles: Role) -> "tuple[Visit, dict[str, str]]":
        """A visit that posts one of our forms, and its fields.

        Raises:
            NotSignedInError, NotAllowedError, ForgedFormError: it may not.
            BadInputError: it is no form.
        """
        visit = cls.of(request, *roles)
        fields = _fields(request)
        visitor, token = visit.principal.actor, fields.get("token", "")
        check_form(request.headers, request.url, key=visit.key, visitor=visitor, token=token)
        return visit, fields

    @property
    def frame(self) -> Frame:
        """What is around the page."""
        return Frame(
            visitor=self.principal.name,
            roles=self.principal.roles,
            token=self.key.token(self.principal.actor),
            path=_path(self.request),
            correlation_id=current().correlation_id,
        )

    def page(self, view: View, status: int = 200) -> func.HttpResponse:
        """The page that shows a view; the first one of a browser brings it the key of its forms."""
        answer = _html(render(view, self.frame), status)
        if self.key.new:
            answer.headers["Set-Cookie"] = self.key.cookie(self.request.url)
        return answer

    def fragment(self, view: View) -> func.HttpResponse:
        """A part of a page, or 304 if the browser has it already."""
        text = render(view, self.frame)
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        unchanged = self.request.headers.get("If-None-Match") == tag
        answer = func.HttpResponse(status_code=304) if unchanged else _html(text, 200)
        answer.headers.update({**HEADERS, "ETag": tag})
        return answer


def explained_page(handler: Answer) -> Answer:
    """Turn every failure into a page with the right status that says what is wrong and what to do."""

    @wraps(handler)
    async def handle(*args: object, **kwargs: object) -> func.HttpResponse:
        request = next(value for value in (*args, *kwargs.values()) if isinstance(value, func.HttpRequest))
        try:
            return await handler(*args, **kwargs)
        except NotSignedInError:
            text = "This page is for people who have signed in."
            return _message(request, 401, MessagePage(title=_TITLES[401], text=text, sign_in=True))
        except NightshiftError as error:
            return failed(request, status_of(error), error.message)
        except Exception:
            # The edge: the visitor gets an id to ask about, and the log has the rest.
            logger.exception("page_failed path=%s", _path(request))
            return failed(request, 500, "The page could not be made. The log lines with the id below say why.")

    return handle


def failed(request: func.HttpRequest, status: int, text: str) -> func.HttpResponse:
    """A page that says what is wrong."""
    return _message(request, status, MessagePage(title=_TITLES.get(status, HTTPStatus(status).phrase), text=text))


def see_other(path: str) -> func.HttpResponse:
    """Where to look after something was done; a reload then does nothing twice. Only for paths of our own."""
    return func.HttpResponse(status_code=303, headers={**HEADERS, "Location": path})


def _message(request: func.HttpRequest, status: int, page: MessagePage) -> func.HttpResponse:
    try:
        principal = read_principal(request.headers)
    except (NotSignedInError, SignInNotEnforcedError):
        principal = Principal(name="", roles=frozenset())
    frame = Frame(
        visitor=principal.name,
        roles=principal.roles,
        path=_path(request),
        correlation_id=current().correlation_id,
    )
    return _html(render(page, frame), status)


def _html(text: str, status: int) -> func.HttpResponse:
    return func.HttpResponse(text.encode(), status_code=status, headers=dict(HEADERS), mimetype=_HTML)


def _path(request: func.HttpRequest) -> str:
    """The page; that of a form if one was posted, since nothing is to be seen where forms go."""
    path = urlsplit(request.url).path or "/"
    return path.rpartition("/")[0] or "/" if request.method == "POST" else path


def _fields(request: func.HttpRequest) -> dict[str, str]:
    kind, body = request.headers.get("Content-Type", "").partition(";")[0].strip().lower(), request.get_body()
    if kind != _FORM or len(body) > _LARGEST_FORM:
        rule = f"must be a form ({_FORM}) of at most {_LARGEST_FORM} bytes"
        raise BadInputError(field="body", value=f"{kind}, {len(body)} bytes", rule=rule)
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadInputError(field="body", value="...", rule=f"cannot be read as a form: {error}") from error
    return {name: values[-1] for name, values in found.items()}
