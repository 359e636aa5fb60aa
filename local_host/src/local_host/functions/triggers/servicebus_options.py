"""host.json's extensions.serviceBus, as far as queues use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from local_host.functions.errors import HostJsonError
from local_host.functions.time_span import parse_time_span

_SECTION = "extensions.serviceBus"
# They concern sessions and batches only, which functions cannot ask for here.
_WITHOUT_EFFECT = frozenset(
    {
        "maxConcurrentSessions",
        "maxConcurrentCallsPerSession",
        "maxMessageBatchSize",
        "minMessageBatchSize",
        "maxBatchWaitTime",
        "sessionIdleTimeout",
    }
)


@dataclass(frozen=True)
class RetryOptions:
    """How the pump comes back to a broker that it has lost: waits in seconds; it never gives up receiving."""

    mode: Literal["exponential", "fixed"] = "exponential"
    delay: float = 0.8
    max_delay: float = 60.0
    max_retries: int = 3

    def wait(self, attempt: int) -> float:
        """Seconds before the attempt after this many failed ones (1 or more)."""
        grown = self.delay if self.mode == "fixed" else self.delay * 2.0 ** min(attempt - 1, 20)
        return min(grown, self.max_delay)


@dataclass(frozen=True)
class ServiceBusOptions:
    """What each pump follows. `max_lock_renewal` in seconds; 0 turns renewal off."""

    prefetch_count: int = 0
    max_concurrent_calls: int = 16
    auto_complete: bool = True
    max_lock_renewal: float = 300.0
    retry: RetryOptions = RetryOptions()


def read_service_bus_options(document: Mapping[str, Any]) -> ServiceBusOptions:
    """The options of a host.json; HostJsonError names the key, the value and the rule."""
    extensions = document.get("extensions", {})
    section = _object(_SECTION, extensions.get("serviceBus", {}) if isinstance(extensions, dict) else extensions)
    known: dict[str, Callable[[str, Any], Any]] = {
        "prefetchCount": lambda key, value: _whole(key, value, 0, 5000),
        "maxConcurrentCalls": lambda key, value: _whole(key, value, 1, 1000),
        "autoCompleteMessages": _flag,
        "maxAutoLockRenewalDuration": _seconds,
        "clientRetryOptions": _retry,
        "transportType": lambda key, value: _must_be(key, value, "amqpTcp"),
        "enableCrossEntityTransactions": lambda key, value: _must_be(key, value, False),
    }
    found = _read(_SECTION, section, known, _WITHOUT_EFFECT)
    defaults = ServiceBusOptions()
    return ServiceBusOptions(
        prefetch_count=found.get("prefetchCount", defaults.prefetch_count),
        max_concurrent_calls=found.get("maxConcurrentCalls", defaults.max_concurrent_calls),
        auto_complete=found.get("autoCompleteMessages", defaults.auto_complete),
        max_lock_renewal=found.get("maxAutoLockRenewalDuration", defaults.max_lock_renewal),
        retry=found.get("clientRetryOptions", defaults.retry),
    )


def _retry(key: str, value: Any) -> RetryOptions:
    known: dict[str, Callable[[str, Any], Any]] = {
        "mode": _mode,
        "delay": _seconds,
        "maxDelay": _seconds,
        "maxRetries": lambda key, value: _whole(key, value, 0, 100),
    }
    # The real one bounds a single attempt; here each attempt has the SDK's own bounds.
    found = _read(key, _object(key, value), known, frozenset({"tryTimeout"}))
    defaults = RetryOptions()
    return RetryOptions(
        mode=found.get("mode", defaults.mode),
        delay=found.get("delay", defaults.delay),
        max_delay=found.get("maxDelay", defaults.max_delay),
        max_retries=found.get("maxRetries", defaults.max_retries),
    )


def _read(
    path: str,
    section: Mapping[str, Any],
    known: Mapping[str, Callable[[str, Any], Any]],
    without_effect: frozenset[str],
) -> dict[str, Any]:
    found = {}
    for name, value in section.items():
        if name in without_effect:
            continue
        if name not in known:
            raise HostJsonError(f"{path}.{name}", value, f"is not known; known are {', '.join(sorted(known))}")
        found[name] = known[name](f"{path}.{name}", value)
    return found


def _object(key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise HostJsonError(key, value, "must be a JSON object")
    return value


def _whole(key: str, value: Any, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise HostJsonError(key, value, f"must be a whole number from {low} to {high}")
    return value


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise HostJsonError(key, value, "must be true or false")
    return value


def _seconds(key: str, value: Any) -> float:
    if not isinstance(value, str):
        raise HostJsonError(key, value, 'must be a text such as "00:05:00"')
    try:
        return parse_time_span(value) / timedelta(seconds=1)
    except ValueError as error:
        raise HostJsonError(key, value, str(error)) from error


def _mode(key: str, value: Any) -> str:
    if not isinstance(value, str) or value.lower() not in {"exponential", "fixed"}:
        raise HostJsonError(key, value, 'must be "exponential" or "fixed"')
    return value.lower()


def _must_be(key: str, value: Any, only: object) -> object:
    same = value.lower() == only.lower() if isinstance(value, str) and isinstance(only, str) else value is only
    if not same:
        raise HostJsonError(key, value, f"the local host supports only {only!r}")
    return value
