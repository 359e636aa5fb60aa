"""Who calls, as App Service authentication tells the app."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class AppRoles:
    """The app roles that there are: those of people, and those that only machines have."""

    people: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every role."""
        return (*self.people, *self.machines)


NO_ROLES = AppRoles()


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
