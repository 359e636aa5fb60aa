"""One visit to a page: the visitor, the posted form, and the answer."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from urllib.parse import parse_qs

import azure.durable_functions as df
import azure.functions as func
from pydantic import ValidationError

from nightshift.domain.platform.broken_rules import bad_input
from nightshift.domain.platform.correlation import current
from nightshift.domain.platform.errors import BadInputError, NotFoundError
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.principal import Principal
from nightshift.functions.authorization import Incoming
from nightshift.pages.html import html, path_of
from nightshift.pages.rendering import Frame, View, render
from nightshift.pages.security import HEADERS, FormKey, check_token

_LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 20
_FORM = "application/x-www-form-urlencoded"

Form = TypeVar("Form", bound=Message)


@dataclass(frozen=True)
class Visit:
    """A request by somebody who may make it.

    Attributes:
        fields: of the form that was posted.
    """

    incoming: Incoming
    key: FormKey
    provide: Callable[[], Services]
    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, incoming: Incoming, provide: Callable[[], Services]) -> "Visit":
        """The visit that a request makes."""
        request = incoming.request
        return cls(incoming, FormKey.of(request.headers, request.url), provide)

    def with_form(self) -> "Visit":
        """The visit with the fields of one of our forms.

        Raises:
            ForgedFormError: the form is not of our own page.
            BadInputError: it is no form.
        """
        posted = _fields(self.request)
        check_token(key=self.key, visitor=self.caller.actor, token=posted.get("token", ""))
        return replace(self, fields=posted)

    @property
    def request(self) -> func.HttpRequest:
        """What the browser has sent."""
        return self.incoming.request

    @property
    def caller(self) -> Principal:
        """The visitor."""
        return self.incoming.caller

    @property
    def services(self) -> Services:
        """The app's services."""
        return self.provide()

    @property
    def client(self) -> df.DurableOrchestrationClient:
        """The durable client of a page that is declared with one."""
        return self.incoming.client

    @property
    def frame(self) -> Frame:
        """What is around the page."""
        return Frame(
            visitor=self.caller.name,
            roles=self.caller.roles,
            token=self.key.token(self.caller.actor),
            path=path_of(self.request),
            correlation_id=current().correlation_id,
        )

    def named(self, parameter: str) -> str:
        """A parameter of the path."""
        return str(self.request.route_params[parameter])

    def form(self, kind: type[Form]) -> Form:
        """The posted fields as the message that the API takes, without white space around them.

        Raises:
            BadInputError: a field breaks a rule.
        """
        known = {name: text.strip() for name, text in self.fields.items() if name in kind.model_fields}
        try:
            return kind.model_validate(known)
        except ValidationError as error:
            raise bad_input(error, kind, whole="form") from error

    def page(self, view: View, status: int = 200) -> func.HttpResponse:
        """The page that shows a view; the first one of a browser brings it the key of its forms."""
        answer = html(render(view, self.frame), status)
        if self.key.new:
            answer.headers["Set-Cookie"] = self.key.cookie(self.request.url)
        return answer

    def fragment(self, view: View) -> func.HttpResponse:
        """A part of a page, or 304 if the browser has it already."""
        text = render(view, self.frame)
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
        unchanged = self.request.headers.get("If-None-Match") == tag
        answer = func.HttpResponse(status_code=304) if unchanged else html(text, 200)
        answer.headers.update({**HEADERS, "ETag": tag})
        return answer


def not_found(text: str) -> NotFoundError:
    """What a page names is not there."""
    return NotFoundError("Not found", text)


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
