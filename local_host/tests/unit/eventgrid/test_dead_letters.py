"""Events that were given up."""

from __future__ import annotations

import json
from pathlib import Path

from local_host.eventgrid.dead_letters import DeadLetters
from local_host.eventgrid.deliveries import Delivery


def test_the_file_holds_the_event_and_why(tmp_path: Path) -> None:
    """Event Grid's dead-letter document, in an array."""
    delivery = Delivery(sequence=3, event={"id": "e1", "subject": "/s"}, attempts=2, seen_at=0.0)
    file = DeadLetters(tmp_path / "dead_letters").write(delivery, reason="TimeToLiveExceeded", outcome="HTTP 500: no")
    (document,) = json.loads(file.read_text())
    assert file == tmp_path / "dead_letters" / "e1.json"
    assert document.pop("lastDeliveryAttemptTime") > "2026"
    assert document == {
        "id": "e1",
        "subject": "/s",
        "deadLetterReason": "TimeToLiveExceeded",
        "deliveryAttempts": 3,
        "lastDeliveryOutcome": "HTTP 500: no",
        "publishTime": "1970-01-01T00:00:00+00:00",
    }
