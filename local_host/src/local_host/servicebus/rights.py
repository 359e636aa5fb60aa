"""Who may send to and receive from which queue: by the table of Azure roles, which also assigns the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qs

import yaml

from local_host.servicebus.amqp.conditions import AmqpError
from local_host.servicebus.definitions import DefinitionError, QueueDefinition

Right = Literal["Send", "Listen"]
Grants = Mapping[str, frozenset[tuple[str, Right]]]

# A person with this machine's own key: it looks into every queue, as the emulators' key does. No part of an app has it.
OWNER = "RootManageSharedAccessKey"
_PREFIX = "Azure Service Bus Data "
_ROLES: Mapping[str, tuple[Right, ...]] = MappingProxyType(
    {"Sender": ("Send",), "Receiver": ("Listen",), "Owner": ("Send", "Listen")}
)


@dataclass
class Claims:
    """What one connection may do. Its identity is the name of the key that its token was signed with.

    Without a table (``grants`` None) everybody may do everything.
    """

    grants: Grants | None = None
    identity: str = field(default="", init=False)

    def sign_in(self, token: str) -> None:
        """Take the token that the client has put; one without the name of a key gives no right."""
        self.identity = parse_qs(token.removeprefix("SharedAccessSignature ")).get("skn", [""])[0]

    def require(self, queue: str, right: Right) -> None:
        """AmqpError, in the service's words, unless the identity has the right on the queue."""
        if self.grants is None or self.identity == OWNER:
            return
        if (queue.casefold(), right) not in self.grants.get(self.identity, frozenset()):
            text = f"Unauthorized access. '{right}' claim(s) are required to perform this operation"
            raise AmqpError("amqp:unauthorized-access", f"{text}. Resource: {queue!r}, identity: {self.identity!r}")


def read_grants(file: Path, queues: Sequence[QueueDefinition]) -> Grants:
    """The rights by identity, from the rows ``azure`` of a table of roles.

    A row has ``who``, ``role`` (Azure Service Bus Data Sender, Receiver or Owner; other roles are passed over) and
    ``scope``: ``queues`` is every queue, ``some_name_queue`` the queue ``some-name``, ``thing_queues`` those whose
    names end in ``-things``.

    Raises:
        DefinitionError: the file cannot be read, or a scope of a Service Bus role names no queue.
    """
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{file}: cannot be read: {' '.join(str(error).split())}") from error
    rows = document.get("azure") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise DefinitionError(f"{file}: must hold a list, azure, of role assignments")
    grants: dict[str, set[tuple[str, Right]]] = {}
    for row in rows:
        role = str(row.get("role", ""))
        if not role.startswith(_PREFIX):
            continue
        rights = _ROLES.get(role.removeprefix(_PREFIX), ())
        for who in _each(row.get("who")):
            for scope in _each(row.get("scope")):
                for queue in _queues_of(scope, queues, file):
                    grants.setdefault(who, set()).update((queue.casefold(), right) for right in rights)
    return {who: frozenset(found) for who, found in grants.items()}


def _each(value: Any) -> Iterable[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _queues_of(scope: str, queues: Sequence[QueueDefinition], file: Path) -> list[str]:
    names = [queue.name for queue in queues]
    if scope == "queues":
        return names
    if scope.endswith("_queue"):
        found = [name for name in names if name == scope.removesuffix("_queue").replace("_", "-")]
    else:
        ending = "-" + scope.removesuffix("_queues").replace("_", "-") + "s"
        found = [name for name in names if name.endswith(ending)] if scope.endswith("_queues") else []
    if not found:
        raise DefinitionError(f"{file}: scope {scope!r}: names no queue; these are {', '.join(names)}")
    return found
