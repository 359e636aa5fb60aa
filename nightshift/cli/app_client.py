"""HTTP to a running app: the local stack, or one in Azure."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from nightshift.cli.stack_door import require_local_stack
from nightshift.delivery.environment import Environment, EnvironmentFolder
from nightshift.delivery.sign_in import SignIn
from nightshift.domain.platform.errors import NightshiftError

if TYPE_CHECKING:
    from local_host.stack.endpoints import Endpoints


class AppUnreachableError(NightshiftError):
    """No app answers at the address."""

    code = "app_unreachable"


class AppRefusedError(NightshiftError):
    """The app answers with a problem document."""

    code = "app_refused"


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
        NoCheckoutError: none of the first two says, and there is no local stack on this machine.
        UnknownEnvironmentError: ``--env`` names one that is not known here.
    """
    environment = chosen_environment()
    if environment is not None:
        return address_of(environment)
    return AppAddress(os.environ.get("NIGHTSHIFT_URL", "").rstrip("/") or local_endpoints(state).app_url)


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
        """
        asked = {name: value for name, value in params.items() if value is not None}
        return self._answer("GET", path, params=asked)

    def post(self, path: str, document: object) -> Any:
        """POST a JSON document and return the answer's.

        Raises:
            AppUnreachableError: no answer.
            AppRefusedError: the app says why not.
        """
        return self._answer("POST", path, json=document)

    def _answer(self, method: str, path: str, **given: Any) -> Any:
        try:
            response = self._http.request(method, path, **given)
        except httpx.TransportError as error:
            raise AppUnreachableError(
                f"{self._http.base_url} does not answer ({error}): `nightshift doctor` says which part is unhealthy"
            ) from error
        if response.is_success:
            return response.json()
        if response.headers.get("content-type", "").startswith("application/problem+json"):
            problem = response.json()
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
