"""Errors as AMQP carries them: a condition, a description and details."""

from __future__ import annotations

from typing import Any

from local_host.servicebus.amqp.values import Described, Symbol, ULong

_ERROR = ULong(0x1D)


class AmqpError(Exception):
    """Something the other side is told. `condition` is of AMQP ("amqp:...") or Service Bus ("com.microsoft:...")."""

    def __init__(self, condition: str, description: str) -> None:
        super().__init__(f"{condition}: {description}")
        self.condition = condition
        self.description = description

    def to_wire(self) -> Described:
        """The error as a value. It has details always: clients fail on an error without."""
        info = {Symbol("description"): self.description}
        return Described(_ERROR, [Symbol(self.condition), self.description, info])


def describe_error(value: Any) -> tuple[str, str, dict[str, Any]]:
    """Condition, description and details of an error that came; empty where they are missing."""
    fields = value.value if isinstance(value, Described) and isinstance(value.value, list) else []
    condition, description, info = (*fields[:3], None, None, None)[:3]
    details = {str(key): item for key, item in info.items()} if isinstance(info, dict) else {}
    return str(condition or ""), str(description or ""), details
