"""What keeps strangers out of a page: its headers, and the proof that a form was sent by its own page."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from urllib.parse import urlsplit

from nightshift.domain.platform.errors import NotAllowedError

# Scripts, styles and pictures of the app itself and no others; nothing inline; no page around ours. `same-origin`,
# because without any referrer a browser would send the origin `null` with our own forms.
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cache-Control": "no-store",
    }
)
_BYTES = 32
_PURPOSE = b"nightshift form"


class ForgedFormError(NotAllowedError):
    """A form whose token is missing, too old, or somebody else's."""


@dataclass(frozen=True)
class FormKey:
    """A random value of one browser, in a cookie that no script and no other site can use.

    Forms carry a token that is derived from it and from who has signed in: the server keeps nothing, and no key is
    shared between instances (ADR 14).
    """

    value: str
    new: bool

    @classmethod
    def of(cls, headers: Mapping[str, str], url: str) -> "FormKey":
        """The key that the browser sent, or a new one."""
        cookie = next((value for name, value in headers.items() if name.lower() == "cookie"), "")
        try:
            morsel = SimpleCookie(cookie).get(_cookie_name(url))
        except CookieError:
            morsel = None
        known = morsel is not None and len(morsel.value) >= _BYTES and morsel.value.isascii()
        return cls(morsel.value, new=False) if morsel and known else cls(secrets.token_urlsafe(_BYTES), new=True)

    def token(self, visitor: str) -> str:
        """What a form of this visitor must carry."""
        return hmac.new(self.value.encode(), _PURPOSE + visitor.encode(), hashlib.sha256).hexdigest()

    def cookie(self, url: str) -> str:
        """The header Set-Cookie."""
        # Not Strict: every link in a message would make a new key and spoil the forms of other tabs.
        secure = "; Secure" if _secure(url) else ""
        return f"{_cookie_name(url)}={self.value}; Path=/; HttpOnly; SameSite=Lax{secure}"


def check_token(*, key: FormKey, visitor: str, token: str) -> None:
    """Hold a posted form against the page that it should come from; its origin is checked before.

    Raises:
        ForgedFormError: its token is not of this browser and this visitor.
    """
    if key.new or not hmac.compare_digest(token.encode(), key.token(visitor).encode()):
        raise ForgedFormError("the form's token is missing or of another sign-in: open the page again; nothing changed")


def _secure(url: str) -> bool:
    return urlsplit(url).scheme == "https"


def _cookie_name(url: str) -> str:
    """With the prefix, browsers take the cookie from this very host only; it asks for https."""
    return "__Host-nightshift-form" if _secure(url) else "nightshift-form"
