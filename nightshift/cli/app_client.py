"""HTTP to a running app: the local stack, or one in Azure."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx
from pydantic import ValidationError

from nightshift.cli.stack_door import require_local_stack
from nightshift.delivery.environment import Environment, EnvironmentFolder
from nightshift.delivery.sign_in import SignIn
from nightshift.domain.platform.broken_rules import broken_rules
from nightshift.domain.platform.errors import BadInputError, NightshiftError
from nightshift.domain.platform.message import Message

if TYPE_CHECKING:
    from local_host.stack.endpoints import Endpoints


_LAST_PORT = 65_535


class AppUnreachableError(NightshiftError):
    """No app answers at the address."""

    code = "app_unreachable"


class AppRefusedError(NightshiftError):
    """The app answers with a problem document."""

    code = "app_refused"


class NotTheAppError(NightshiftError):
    """What answers is not the app, or an app of which this release can read nothing: a sign-in page, a proxy."""

    code = "not_the_app"


Read = TypeVar("Read", bound=Message)


@dataclass(frozen=True)
class Answer(Generic[Read]):
    """A document of the app.

    Attributes:
        document: as the app sent it, for scripts.
        value: as this release reads it.
    """

    document: dict[str, Any]
    value: Read


@dataclass(frozen=True)
class AppAddress:
    """Where an app is.

    Attributes:
        sign_in: puts a token into each request; None for the local stack, which asks for none.
    """

    url: str
    sign_in: SignIn | None = None


def chosen_environment() -> Environment | None:
    """The deployed environment of ``nightshift --env``, which NIGHTSHIFT_ENV carries; None if none is named.

    Raises:
        UnknownEnvironmentError: it is not known here.
    """
    name = os.environ.get("NIGHTSHIFT_ENV")
    return EnvironmentFolder.default().get(name) if name else None


def app_url(state: Path) -> AppAddress:
    """Where the app is: the environment of ``--env``, else NIGHTSHIFT_URL, else the local stack of the state folder.

    Raises:
        AppUnreachableError: none of them says.
        BadInputError: NIGHTSHIFT_URL is no address of an app.
        NoCheckoutError: none of the first two says, and there is no local stack on this machine.
        UnknownEnvironmentError: ``--env`` names one that is not known here.
    """
    environment = chosen_environment()
    if environment is not None:
        return address_of(environment)
    named = os.environ.get("NIGHTSHIFT_URL", "").rstrip("/")
    return AppAddress(_http_address("NIGHTSHIFT_URL", named) if named else local_endpoints(state).app_url)


def _http_address(setting: str, url: str) -> str:
    try:
        parsed = httpx.URL(url)
        known = parsed.scheme in {"http", "https"} and bool(parsed.host) and (parsed.port or 0) <= _LAST_PORT
        usable = known and not re.search(r"\s", url)
    except (httpx.InvalidURL, UnicodeError):
        usable = False
    if not usable:
        raise BadInputError(field=setting, value=url, rule="must be the app's address, such as https://HOST")
    return url


def address_of(environment: Environment) -> AppAddress:
    """Where the app of an environment is, and how to sign in."""
    return AppAddress(environment.app_url, SignIn(environment.audience, environment.tenant_id))


def local_endpoints(state: Path) -> "Endpoints":
    """The addresses of the local stack, as ``nightshift up`` wrote them.

    Raises:
        AppUnreachableError: no stack was ever started there.
        NoCheckoutError: there is no local stack on this machine.
    """
    require_local_stack("no app is named: --env NAME speaks to a deployed environment; the local stack")
    from nightshift.cli.local_stack import endpoints_of

    endpoints = endpoints_of(state)
    if endpoints is None:
        raise AppUnreachableError(
            f"no local stack has been started in {state}: start one with `nightshift up`, "
            "or name a deployed environment with --env"
        )
    return endpoints


_CHECK = (
    "is the address the app's, or does a sign-in page or a proxy answer in its place? "
    "`nightshift doctor` asks each part, `nightshift --env ENVIRONMENT` signs in"
)


def _not_the_app(response: httpx.Response, why: str) -> NotTheAppError:
    """Says what answered, and what a person should look at."""
    kind = response.headers.get("content-type") or "no content type"
    said = f"HTTP {response.status_code} ({kind}) from {response.url} is no answer of the app, {why}"
    return NotTheAppError(f"{said}: {_CHECK}", status=response.status_code)


class AppClient:
    """Speaks the app's HTTP API."""

    def __init__(self, address: AppAddress | str, transport: httpx.BaseTransport | None = None) -> None:
        found = address if isinstance(address, AppAddress) else AppAddress(address)
        self._http = httpx.Client(base_url=f"{found.url}/api", timeout=30, auth=found.sign_in, transport=transport)

    def get(self, path: str, **params: str | int | None) -> Any:
        """GET a JSON document; parameters that are None are left out.

        Raises:
            AppUnreachableError: no answer.
            AppRefusedError: the app says why not.
            NotTheAppError: the answer is no JSON.
        """
        return self._document(self._got(path, params))

    def read(self, path: str, shape: type[Read], **params: str | int | None) -> Answer[Read]:
        """GET a document of this shape; parameters that are None are left out.

        Raises:
            AppUnreachableError: no answer.
            AppRefusedError: the app says why not.
            NotTheAppError: the answer has not this shape.
        """
        return self._read(self._got(path, params), shape)

    def post(self, path: str, document: object) -> Any:
        """POST a JSON document and return the answer's.

        Raises:
            AppUnreachableError: no answer.
            AppRefusedError: the app says why not.
            NotTheAppError: the answer is no JSON.
        """
        return self._document(self._answer("POST", path, json=document))

    def send(self, path: str, document: object, shape: type[Read]) -> Answer[Read]:
        """POST a JSON document and return the answer, which has this shape.

        Raises:
            AppUnreachableError: no answer.
            AppRefusedError: the app says why not.
            NotTheAppError: the answer has not this shape.
        """
        return self._read(self._answer("POST", path, json=document), shape)

    def _got(self, path: str, params: dict[str, str | int | None]) -> httpx.Response:
        return self._answer("GET", path, params={name: value for name, value in params.items() if value is not None})

    def _read(self, response: httpx.Response, shape: type[Read]) -> Answer[Read]:
        document = self._document(response)
        try:
            return Answer(document, shape.from_json(document))
        except ValidationError as error:
            first, *_ = broken_rules(error, shape, whole="the document")
            raise _not_the_app(response, f"{first.field}: {first.rule}") from error

    @staticmethod
    def _document(response: httpx.Response) -> Any:
        try:
            return response.json()
        except (ValueError, RecursionError) as error:
            raise _not_the_app(response, f"it is no JSON: {error}") from error

    def _answer(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **given)
        except UnicodeEncodeError as error:
            rule = "is no text: it cannot be written in UTF-8"
            raise BadInputError(field="an argument", value=error.object[:80], rule=rule) from error
        except httpx.DecodingError as error:
            raise NotTheAppError(f"{self._http.base_url}{path} cannot be decoded ({error}): {_CHECK}") from error
        except httpx.TransportError as error:
            raise AppUnreachableError(
                f"{self._http.base_url} does not answer ({error}): `nightshift doctor` says which part is unhealthy"
            ) from error
        if response.is_success:
            return response
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            problem = self._document(response)
            if not isinstance(problem, dict) or not {"title", "detail"} <= set(problem):
                raise _not_the_app(response, "a problem document has a title and a detail")
            raise AppRefusedError(f"{problem['title']}: {problem['detail']}", status=response.status_code)
        message = f"HTTP {response.status_code} from {response.url}"
        if response.status_code in {302, 401}:
            message += ": the app asks for a sign-in; `nightshift --env ENVIRONMENT` does that"
        if response.status_code in {502, 503, 504}:
            raise AppUnreachableError(f"{message}: the host is there, but the app is not (yet)")
        raise AppRefusedError(message, status=response.status_code)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def __enter__(self) -> "AppClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
