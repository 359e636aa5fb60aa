"""Plays App Service authentication: nobody can bring a principal along, a browser has to sign in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote

from local_host.functions.principal import AppRoles, LocalPrincipal
from local_host.functions.session import COOKIE, Sessions

SIGN_IN = "/.auth/login/aad"
RETURN = "post_login_redirect_uri"
"""The parameter by which App Service is told where to go after the sign-in."""
_OWNED = "x-ms-"
_PRINCIPAL = "x-ms-client-principal"
_SCHEME = "Bearer local:"

STATED = {"WEBSITE_AUTH_ENABLED": "True"}
"""What App Service writes into an app's environment while its authentication is on."""

DEVELOPER = "developer@localhost"
"""Who calls without credentials and not from a browser, with every role: the host listens on loopback only."""


class SignInRefusedError(Exception):
    """The credentials of a request are none that this host knows."""


def authenticated(headers: Iterable[tuple[str, str]], sessions: Sessions) -> list[tuple[str, str]]:
    """The headers as the app gets them: every `X-MS-*` of the client is dropped, the principal, if any, is put in.

    Raises:
        SignInRefusedError: credentials that this host does not know, or a role that there is not.
    """
    kept = [(name, value) for name, value in headers if not name.lower().startswith(_OWNED)]
    principal = caller(kept, sessions)
    return kept if principal is None else [*kept, (_PRINCIPAL, principal.header)]


def caller(headers: Sequence[tuple[str, str]], sessions: Sessions) -> LocalPrincipal | None:
    """Who is calling: by `Authorization`, by the session, or the developer; a browser without a session is nobody.

    Otherwise any page that is open in a browser could act as the developer.

    Raises:
        SignInRefusedError: as `sign_in` says.
    """
    if any(name.lower() == "authorization" for name, _ in headers):
        return sign_in(headers, sessions.roles)
    session = _session(headers)
    if session is not None:
        return sessions.read(session)
    return None if _from_browser(headers) else LocalPrincipal(DEVELOPER, sessions.roles.all)


def sign_in(headers: Iterable[tuple[str, str]], known: AppRoles) -> LocalPrincipal:
    """Who a request's headers say is calling: `Authorization: Bearer local:<name>:<role>,<role>`, or the developer.

    Raises:
        SignInRefusedError: any other Authorization, more than one, no name, or a role that there is not.
    """
    given = [value for name, value in headers if name.lower() == "authorization"]
    if not given:
        return LocalPrincipal(DEVELOPER, known.all)
    name, _, listed = given[0].removeprefix(_SCHEME).rpartition(":")
    roles = tuple(dict.fromkeys(role for role in listed.split(",") if role))
    if len(given) > 1 or not given[0].startswith(_SCHEME) or not name or set(roles) - set(known.all):
        # The credentials are not shown: they may be somebody's real ones, sent to the wrong place.
        rule = f"must be one `{_SCHEME}<name>:<role>,<role>` with roles of {', '.join(known.all) or 'none'}"
        raise SignInRefusedError(f"Authorization: {rule}")
    return LocalPrincipal(name, roles)


def sign_in_address(method: str, path: str, headers: Sequence[tuple[str, str]], sessions: Sessions) -> str | None:
    """Where a browser that opens a page without a session is sent; None for every other request."""
    if method != "GET" or not _opens_page(headers) or caller(headers, sessions) is not None:
        return None
    return f"{SIGN_IN}?{RETURN}={quote(path, safe='/')}"


def _session(headers: Iterable[tuple[str, str]]) -> str | None:
    for name, value in headers:
        if name.lower() == "cookie":
            try:
                morsel = SimpleCookie(value).get(COOKIE)
            except CookieError:
                continue
            if morsel is not None:
                return morsel.value
    return None


def _from_browser(headers: Iterable[tuple[str, str]]) -> bool:
    """Every browser says what it fetches for (Sec-Fetch-*), or at least that it wants a page."""
    return any(
        name.lower() == "origin" or name.lower().startswith("sec-fetch-") or _wants_page(name, value)
        for name, value in headers
    )


def _opens_page(headers: Iterable[tuple[str, str]]) -> bool:
    given = {name.lower(): value for name, value in headers}
    if "sec-fetch-mode" in given:
        return given["sec-fetch-mode"] == "navigate"
    return _wants_page("accept", given.get("accept", ""))


def _wants_page(name: str, value: str) -> bool:
    return name.lower() == "accept" and "text/html" in value
