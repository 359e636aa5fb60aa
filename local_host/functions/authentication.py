"""Plays App Service authentication: nobody can bring a principal along, everybody gets one."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass

ROLES = ("Reader", "Reviewer", "Operator", "AlertWriter")
_OWNED = "x-ms-"
_PRINCIPAL = "x-ms-client-principal"
_SCHEME = "Bearer local:"


@dataclass(frozen=True)
class LocalPrincipal:
    """Who calls: a name and app roles."""

    name: str
    roles: tuple[str, ...]

    @property
    def header(self) -> str:
        """The value of `X-MS-CLIENT-PRINCIPAL`, as App Service writes it."""
        claims = [{"typ": "preferred_username", "val": self.name}]
        claims += [{"typ": "roles", "val": role} for role in self.roles]
        document = {"auth_typ": "aad", "name_typ": "preferred_username", "role_typ": "roles", "claims": claims}
        return base64.b64encode(json.dumps(document).encode()).decode()


DEVELOPER = LocalPrincipal("developer@localhost", ROLES)
"""Who calls without credentials: the host listens on the loopback address only."""


class SignInRefusedError(Exception):
    """The credentials of a request are none that this host knows."""


def authenticated(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers as the app gets them: every `X-MS-*` of the client is dropped, the principal is put in.

    Raises:
        SignInRefusedError: credentials that this host does not know, or a role that there is not.
    """
    kept = [(name, value) for name, value in headers if not name.lower().startswith(_OWNED)]
    return [*kept, (_PRINCIPAL, sign_in(kept).header)]


def sign_in(headers: Iterable[tuple[str, str]]) -> LocalPrincipal:
    """Who a request's headers say is calling: `Authorization: Bearer local:<name>:<role>,<role>`, or the developer.

    Raises:
        SignInRefusedError: any other Authorization, more than one, no name, or a role that there is not.
    """
    given = [value for name, value in headers if name.lower() == "authorization"]
    if not given:
        return DEVELOPER
    name, _, listed = given[0].removeprefix(_SCHEME).rpartition(":")
    roles = tuple(dict.fromkeys(role for role in listed.split(",") if role))
    if len(given) > 1 or not given[0].startswith(_SCHEME) or not name or set(roles) - set(ROLES):
        # The credentials are not shown: they may be somebody's real ones, sent to the wrong place.
        rule = f"must be one `{_SCHEME}<name>:<role>,<role>` with roles of {', '.join(ROLES)}"
        raise SignInRefusedError(f"Authorization: {rule}")
    return LocalPrincipal(name, roles)
