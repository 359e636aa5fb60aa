"""`Set-Cookie` as it leaves Azure: the worker reads the function's header into fields, the host writes them anew."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import Morsel, SimpleCookie
from urllib.parse import quote

# What .NET's Uri.EscapeDataString leaves as it is, beside letters and digits.
_UNRESERVED = "-_.~"
_SAME_SITE = frozenset({"lax", "strict", "none"})


class UnreadableCookieError(ValueError):
    """A `Set-Cookie` whose attribute the worker cannot read."""


def set_cookie_lines(cookies: Iterable[SimpleCookie]) -> list[str]:
    """One header value for each cookie; UnreadableCookieError if the worker could not read `Expires` or `Max-Age`.

    Sources: azure-functions-python-worker (datumdef.parse_to_rpc_http_cookie_list) and azure-functions-host
    (RawScriptResult, which appends to ASP.NET Core's response cookies).
    """
    return [_line(morsel) for cookie in cookies for morsel in cookie.values()]


def _line(morsel: Morsel[str]) -> str:
    parts = [f"{morsel.key}={quote(morsel.value, safe=_UNRESERVED)}"]
    if morsel["expires"]:
        parts.append(f"expires={format_datetime(_moment(morsel['expires']), usegmt=True)}")
    if morsel["max-age"]:
        parts.append(f"max-age={_seconds(morsel['max-age'])}")
    # The worker sends both as texts, empty where the function gave none.
    parts += [f"domain={morsel['domain']}", f"path={morsel['path']}"]
    if morsel["secure"]:
        parts.append("secure")
    if (same_site := str(morsel["samesite"]).lower()) in _SAME_SITE:
        parts.append(f"samesite={same_site}")
    if morsel["httponly"]:
        parts.append("httponly")
    return "; ".join(parts)


def _moment(text: str) -> datetime:
    """The worker reads it with dateutil, and a time without a zone as this machine's."""
    from dateutil.parser import parse  # type: ignore[import-untyped]

    try:
        moment: datetime = parse(text)
        return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise UnreadableCookieError(f"Set-Cookie: Expires is {text!r}: it must be a date") from error


def _seconds(text: str) -> int:
    try:
        return int(float(text))
    except (ValueError, OverflowError) as error:
        raise UnreadableCookieError(f"Set-Cookie: Max-Age is {text!r}: it must be a number of seconds") from error
