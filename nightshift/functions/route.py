"""What is said of an HTTP function before it is registered: its name, route, methods, and who may call it."""

from dataclasses import dataclass
from typing import Protocol

from nightshift.domain.platform.principal import Role


class Rate(Protocol):
    """Counts the calls of each principal."""

    def count(self, principal: str) -> None:
        """Count a call.

        Raises:
            NightshiftError: the principal has made as many as are allowed in a while.
        """


@dataclass(frozen=True)
class Route:
    """A route of the app; there is none without an answer to the question who may call it.

    Attributes:
        name: of the function in Azure.
        path: the route template.
        methods: that it answers to; empty for any.
        roles: of which a caller needs one; empty if anybody may call.
        durable: whether the function has a durable client.
    """

    name: str
    path: str
    methods: tuple[str, ...]
    roles: tuple[Role, ...]
    durable: bool = False

    @property
    def acts(self) -> bool:
        """Whether a call may change something in the caller's name."""
        return bool(self.roles) and self.methods != ("GET",)
