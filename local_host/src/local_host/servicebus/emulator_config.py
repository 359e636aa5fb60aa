"""`python -m local_host.servicebus.emulator_config --queues FILE`: the Config.json of Microsoft's emulator container.

It prints the queues of the definition file in the form that the emulator reads at its start. What the emulator does not
allow is brought down to its limit, and each such change is told on stderr.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from local_host.servicebus.definitions import DefinitionError, QueueDefinition, read_definitions

# The emulator has one namespace, whose name cannot be chosen.
_NAMESPACE = "sbemulatorns"
# Usage quotas of https://learn.microsoft.com/azure/service-bus-messaging/overview-emulator, and its shortest lock.
LONGEST_TTL = timedelta(hours=1)
SHORTEST_LOCK = timedelta(seconds=5)
# What the service itself remembers if nothing is said; without duplicate detection it has no effect.
_DEFAULT_WINDOW = timedelta(minutes=10)


def emulator_config(definitions: Sequence[QueueDefinition]) -> tuple[dict[str, Any], list[str]]:
    """The document, and what had to be changed for the emulator: a line for each queue and field."""
    changes: list[str] = []

    def fitted(queue: str, field: str, value: timedelta, *, within: tuple[timedelta, timedelta]) -> str:
        allowed = min(max(value, within[0]), within[1])
        if allowed != value:
            changes.append(f"queue {queue!r}: {field}: {allowed} instead of {value}, the limit of the emulator")
        return _iso(allowed)

    queues = [
        {
            "Name": queue.name,
            "Properties": {
                "DeadLetteringOnMessageExpiration": queue.dead_lettering_on_expiration,
                "DefaultMessageTimeToLive": fitted(
                    queue.name,
                    "default_message_ttl",
                    queue.default_message_ttl,
                    within=(timedelta(seconds=1), LONGEST_TTL),
                ),
                "DuplicateDetectionHistoryTimeWindow": _iso(queue.duplicate_detection_window or _DEFAULT_WINDOW),
                "ForwardDeadLetteredMessagesTo": "",
                "ForwardTo": "",
                "LockDuration": fitted(
                    queue.name, "lock_duration", queue.lock_duration, within=(SHORTEST_LOCK, timedelta.max)
                ),
                "MaxDeliveryCount": queue.max_delivery_count,
                "RequiresDuplicateDetection": queue.duplicate_detection_window is not None,
                "RequiresSession": False,
            },
        }
        for queue in definitions
    ]
    namespaces = [{"Name": _NAMESPACE, "Queues": queues, "Topics": []}]
    return {"UserConfig": {"Namespaces": namespaces, "Logging": {"Type": "Console"}}}, changes


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the document; returns the exit code, 2 if the definition file cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m local_host.servicebus.emulator_config", description="Config.json for Microsoft's emulator."
    )
    parser.add_argument("--queues", type=Path, required=True, help="the definition file of the queues")
    options = parser.parse_args(arguments)
    try:
        document, changes = emulator_config(read_definitions(options.queues))
    except DefinitionError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - for the person at the terminal
        return 2
    print(json.dumps(document, indent=2))  # noqa: T201 - the document is what was asked for
    for change in changes:
        print(change, file=sys.stderr)  # noqa: T201
    return 0


def _iso(length: timedelta) -> str:
    """The length in ISO 8601, longer than zero, to the millisecond."""
    milliseconds = max(1, length // timedelta(milliseconds=1))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{rest / 1000:g}S" if rest else ""]
    return "PT" + "".join(parts)


if __name__ == "__main__":
    sys.exit(main())
