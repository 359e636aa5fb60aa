"""Events that could not be delivered, one JSON file each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from local_host.eventgrid.deliveries import Delivery


class DeadLetters:
    """Writes what Event Grid writes to its dead-letter container: the event and why it was given up."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, delivery: Delivery, *, reason: str, outcome: str) -> Path:
        """Writes the file (again, if it was written before a crash) and returns its path."""
        self._folder.mkdir(parents=True, exist_ok=True)
        document = delivery.event | {
            "deadLetterReason": reason,
            "deliveryAttempts": delivery.attempts + 1,
            "lastDeliveryOutcome": outcome,
            "publishTime": datetime.fromtimestamp(delivery.seen_at, UTC).isoformat(),
            "lastDeliveryAttemptTime": datetime.now(UTC).isoformat(),
        }
        file = self._folder / f"{delivery.event['id']}.json"
        unfinished = file.with_suffix(".tmp")
        unfinished.write_text(json.dumps([document], indent=2), encoding="utf-8")
        return unfinished.replace(file)
