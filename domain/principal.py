"""Who calls: the principal that App Service authentication has put into a request, and what it may do."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from domain.errors import NightshiftError

Role = Literal["Reader", "Reviewer", "Operator", "AlertWriter"]
# Who may read; a role that may act may also read.
READERS: tuple[Role, ...] = ("Reader", "Reviewer", "Operator")
# Who may acknowledge and resolve incidents and order improvements.
ACTORS: tuple[Role, ...] = ("Reviewer", "Operator")
HEADER = "X-MS-CLIENT-PRINCIPAL"
# A person's address before a person's name before an application's id.
_NAME_CLAIMS = ("preferred_username", "name", "appid", "azp", "oid", "sub")
_LONGEST_NAME = 256


class NotSignedInError(NightshiftError):
    """Nobody has signed in, or what says so cannot be read."""

    code = "not_signed_in"


class NotAllowedError(NightshiftError):
    """The principal lacks the role."""

    code = "not_allowed"


@dataclass(frozen=True)
class Principal:
    """Who calls: a name for people and records, and the app roles."""

    name: str
    roles: frozenset[str]

    def has(self, *roles: Role) -> bool:
        """Whether it has at least one of the roles."""
        return bool(self.roles & set(roles))

    def require(self, *roles: Role) -> "Principal":
        """Itself, if it has at least one of the roles.

        Raises:
            NotAllowedError: it has none of them.
        """
        if not self.has(*roles):
            has = ", ".join(sorted(self.roles)) or "none"
            raise NotAllowedError(f"{self.name} has the roles {has}: this needs {' or '.join(roles)}")
        return self


def read_principal(headers: Mapping[str, str]) -> Principal:
    """Read the principal: base64 of JSON with ``claims``, each ``{typ, val}``.

    Roles are the claims of type ``roles``, and of the type that ``role_typ`` names. The header may be trusted only
    behind App Service authentication, which drops what a client sends under its name.
    Source: learn.microsoft.com/azure/app-service/configure-authentication-user-identities.

    Raises:
        NotSignedInError: the header is missing or cannot be read.
    """
    text = next((value for name, value in headers.items() if name.lower() == HEADER.lower()), "")
    if not text:
        raise NotSignedInError(f"header {HEADER}: missing; sign in first")
    try:
        document = json.loads(base64.b64decode(text, validate=True).decode("utf-8"))
        claims = [(_text(claim["typ"]), _text(claim["val"])) for claim in document["claims"]]
        role_types = {"roles", _text(document.get("role_typ") or "roles")}
        name_types = (*_NAME_CLAIMS[:1], _text(document.get("name_typ") or "name"), *_NAME_CLAIMS[1:])
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotSignedInError(f"header {HEADER}: cannot be read ({type(error).__name__})") from error
    names = [value for kind in name_types for claim, value in claims if claim == kind and value]
    name = names[0] if names else "unknown"
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise NotSignedInError(f"header {HEADER}: its name must be printable and of at most {_LONGEST_NAME} characters")
    return Principal(name=name, roles=frozenset(value for kind, value in claims if kind in role_types))


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = "must be text"
        raise TypeError(msg)
    return value
