"""Sessions of the development sign-in: a signed cookie, so that a host that is started again still knows them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict
from pathlib import Path

from local_host.functions.principal import NO_ROLES, AppRoles, LocalPrincipal

COOKIE = "AppServiceAuthSession"
"""The name that App Service gives its session cookie."""
_KEY_BYTES = 32


class Sessions:
    """Makes and reads session cookies; `roles` are those of the app.

    The key lies in the host's state folder, readable by its owner only: it protects a host on the loopback address.
    """

    def __init__(self, state: Path, roles: AppRoles = NO_ROLES) -> None:
        self.roles = roles
        self._path = state / "sign-in.key"
        self._key: bytes | None = None

    def issue(self, principal: LocalPrincipal) -> str:
        """The cookie's value for a principal."""
        said = base64.urlsafe_b64encode(json.dumps(asdict(principal)).encode()).decode()
        return f"{said}.{self._signature(said)}"

    def read(self, value: str) -> LocalPrincipal | None:
        """Whose session it is; None if this host has not issued it."""
        said, _, signature = value.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(said).encode()):
            return None
        try:
            document = json.loads(base64.urlsafe_b64decode(said))
        except (binascii.Error, ValueError):
            return None
        return LocalPrincipal(
            str(document["name"]), tuple(role for role in document["roles"] if role in self.roles.all)
        )

    def _signature(self, text: str) -> str:
        return hmac.new(self._secret(), text.encode(), hashlib.sha256).hexdigest()

    def _secret(self) -> bytes:
        if self._key is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                self._key = self._path.read_bytes()
            else:
                self._key = secrets.token_bytes(_KEY_BYTES)
                with os.fdopen(handle, "wb") as file:
                    file.write(self._key)
        return self._key
