"""The states of a delivery: what the receiver of a message did with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local_host.servicebus.amqp.conditions import AmqpError, describe_error
from local_host.servicebus.amqp.errors import DecodeError
from local_host.servicebus.amqp.values import Described, ULong


@dataclass(frozen=True, slots=True)
class Accepted:
    """It was processed."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It cannot be processed. `error` is None in the answer to a rejection that was asked for."""

    condition: str = ""
    description: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    error: AmqpError | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """It was not looked at."""


@dataclass(frozen=True, slots=True)
class Modified:
    """It was not processed, and is different now."""

    delivery_failed: bool = False
    undeliverable_here: bool = False
    annotations: dict[str, Any] = field(default_factory=dict)


Outcome = Accepted | Rejected | Released | Modified

_ACCEPTED, _REJECTED, _RELEASED, _MODIFIED = ULong(0x24), ULong(0x25), ULong(0x26), ULong(0x27)
_ACCEPTED_STATE, _RELEASED_STATE = Described(_ACCEPTED, []), Described(_RELEASED, [])


def encode_outcome(outcome: Outcome) -> Described:
    """The outcome as a value."""
    match outcome:
        case Accepted():
            return _ACCEPTED_STATE
        case Released():
            return _RELEASED_STATE
        case Rejected(error=error):
            return Described(_REJECTED, [] if error is None else [error.to_wire()])
        case Modified():
            return Described(_MODIFIED, [outcome.delivery_failed, outcome.undeliverable_here, None])


def decode_outcome(state: Any) -> Outcome | None:
    """The outcome that a state is; None if the delivery is still under way. DecodeError if it is no state."""
    if state is None:
        return None
    if not isinstance(state, Described) or not isinstance(state.value, list):
        raise DecodeError(f"{state!r} is no delivery state")
    fields = state.value
    if state.descriptor == _ACCEPTED:
        return Accepted()
    if state.descriptor == _RELEASED:
        return Released()
    if state.descriptor == _REJECTED:
        return Rejected(*describe_error(fields[0] if fields else None))
    if state.descriptor == _MODIFIED:
        failed, elsewhere, annotations = (*fields[:3], None, None, None)[:3]
        kept = {str(key): value for key, value in annotations.items()} if isinstance(annotations, dict) else {}
        return Modified(bool(failed), bool(elsewhere), kept)
    return None
