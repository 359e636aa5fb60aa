"""What can go wrong in the engine.

DurableError
 ├─ InstanceNotFoundError (LookupError)       no instance has this id
 ├─ InstanceExistsError (ValueError)          an unfinished instance already has this id
 ├─ InstanceStateError (ValueError)           the instance's status does not allow the operation
 ├─ InvalidRequestError (ValueError)          an argument breaks a rule; names field, value and rule
 ├─ FunctionNotFoundError (LookupError)       no such orchestrator or activity
 ├─ NotSupportedError (NotImplementedError)   Durable Functions has it, and this engine has not
 ├─ NonDeterminismError (RuntimeError)        a replay does not repeat what history recorded
 └─ EngineStoppedError (RuntimeError)         the engine is not running
"""

from __future__ import annotations

from collections.abc import Iterable


class DurableError(Exception):
    """Anything that the engine refuses or reports."""


class InstanceNotFoundError(DurableError, LookupError):
    """No instance has this id."""

    def __init__(self, instance_id: str) -> None:
        super().__init__(f"No instance with ID '{instance_id}' found.")
        self.instance_id = instance_id


class InstanceExistsError(DurableError, ValueError):
    """An unfinished instance already has this id, and the settings do not allow to replace it."""

    def __init__(self, instance_id: str, status: str) -> None:
        super().__init__(f"An Orchestration instance '{instance_id}' with the status {status} already exists.")
        self.instance_id = instance_id
        self.status = status


class InstanceStateError(DurableError, ValueError):
    """The instance's status does not allow the operation."""

    def __init__(self, instance_id: str, status: str, operation: str, allowed: str) -> None:
        super().__init__(f"Cannot {operation} instance '{instance_id}' with status {status}: it must be {allowed}.")
        self.instance_id = instance_id
        self.status = status


class InvalidRequestError(DurableError, ValueError):
    """An argument breaks a rule; names the field, the value and the rule."""

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(f"{field} is {value!r}: {rule}")
        self.field = field


class FunctionNotFoundError(DurableError, LookupError):
    """No function of this kind has this name; the message lists those that exist."""

    def __init__(self, name: str, kind: str, known: Iterable[str]) -> None:
        listing = ", ".join(f"'{known_name}'" for known_name in sorted(known)) or "none"
        super().__init__(
            f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
            f"Additional info: The following are the known {kind} functions: {listing}."
        )
        self.name = name


class NotSupportedError(DurableError, NotImplementedError):
    """Durable Functions has it, and this engine has not."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The local host does not support {what}.")


class NonDeterminismError(DurableError, RuntimeError):
    """A replay does not repeat what history recorded; the message says what differs."""

    def __init__(self, orchestrator: str, difference: str) -> None:
        super().__init__(
            f"Non-deterministic orchestrator '{orchestrator}': {difference}. Was its code changed while this "
            "instance was running, or does it use the clock, random values or I/O directly?"
        )


class EngineStoppedError(DurableError, RuntimeError):
    """The engine is not running: not started, stopped, or ended by an error that the message names."""
