"""Who calls: the principal that App Service authentication has put into a request, and what it may do."""

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nightshift.domain.platform.errors import NotAllowedError, NotSignedInError
from nightshift.domain.platform.sign_in import SignInNotEnforcedError, is_enforced

Role = Literal["Reader", "Reviewer", "Operator", "AlertWriter"]
# Who may read; a role that may act may also read.
READERS: tuple[Role, ...] = ("Reader", "Reviewer", "Operator")
# Who may acknowledge and resolve incidents and order improvements.
ACTORS: tuple[Role, ...] = ("Reviewer", "Operator")
# Those who may decide a review.
REVIEWERS: tuple[Role, ...] = ("Reviewer",)
# Those who may take back what was done about an incident, and redrive or discard dead letters.
OPERATORS: tuple[Role, ...] = ("Operator",)
HEADER = "X-MS-CLIENT-PRINCIPAL"
# A person's address before a person's name before an application's id.
_NAME_CLAIMS = ("preferred_username", "name", "appid", "azp", "oid", "sub")
_APPLICATION_CLAIMS = ("appid", "azp")
# Entra's ids of the caller and of its directory, under their short and their older names.
_ID_CLAIMS = ("oid", "http://schemas.microsoft.com/identity/claims/objectidentifier")
_TENANT_CLAIMS = ("tid", "http://schemas.microsoft.com/identity/claims/tenantid")
_LONGEST_NAME = 256
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ACTOR = re.compile(rf"(?P<name>.*) \((?P<ids>{_GUID}(?:@{_GUID})?)\)", re.IGNORECASE)


@dataclass(frozen=True)
class Principal:
    """Who calls: a name for people, the ids that are Entra's alone to give, and the app roles.

    Attributes:
        object_id, tenant_id: empty where the sign-in names none, as the local host's.
        application: whether it is an application's own token: Entra names no person in it.
    """

    name: str
    roles: frozenset[str]
    object_id: str = ""
    tenant_id: str = ""
    application: bool = False

    @property
    def actor(self) -> str:
        """Whom records name: a name can be changed, or be written like another's, the id behind it cannot."""
        ids = "@".join(filter(None, (self.object_id, self.tenant_id)))
        return f"{self.name} ({ids})" if ids else self.name

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


# Who calls where nobody has to sign in.
NOBODY = Principal(name="", roles=frozenset())


def read_principal(headers: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Principal:
    """Read the principal: base64 of JSON with ``claims``, each ``{typ, val}``.

    Roles are the claims of type ``roles``, and of the type that ``role_typ`` names. The header is believed only
    behind App Service authentication, which drops what a client sends under its name.
    Source: learn.microsoft.com/azure/app-service/configure-authentication-user-identities.

    Args:
        environ: what the platform says of its sign-in.

    Raises:
        SignInNotEnforcedError: no sign-in stands before the app.
        NotSignedInError: the header is missing or cannot be read.
    """
    if not is_enforced(environ):
        raise SignInNotEnforcedError
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
    name = _first(claims, name_types) or "unknown"
    ids = _first(claims, _ID_CLAIMS), _first(claims, _TENANT_CLAIMS)
    if any(len(text) > _LONGEST_NAME or not text.isprintable() for text in (name, *ids)):
        rule = f"its name and ids must be printable and of at most {_LONGEST_NAME} characters"
        raise NotSignedInError(f"header {HEADER}: {rule}")
    roles = frozenset(value for kind, value in claims if kind in role_types)
    application = bool(_first(claims, _APPLICATION_CLAIMS)) and not _first(claims, name_types[:3])
    return Principal(name=name, roles=roles, object_id=ids[0], tenant_id=ids[1], application=application)


def same_person(one: str, other: str) -> bool:
    """Whether two actors may be one person: by the id where both have one, and by the name in any case.

    Records from before ids, and what an uploader says of itself, have names only.
    """
    (name, ids), (other_name, other_ids) = _parts(one), _parts(other)
    return name == other_name or (ids != "" and ids == other_ids)


def _parts(actor: str) -> tuple[str, str]:
    found = _ACTOR.fullmatch(actor.casefold())
    return (found["name"], found["ids"]) if found else (actor.casefold(), "")


def _first(claims: list[tuple[str, str]], kinds: tuple[str, ...]) -> str:
    """The value of the first kind that a claim has; empty if none has any."""
    return next((value for kind in kinds for claim, value in claims if claim == kind and value), "")


def _text(value: object) -> str:
    if not isinstance(value, str):
        msg = "must be text"
        raise TypeError(msg)
    return value
