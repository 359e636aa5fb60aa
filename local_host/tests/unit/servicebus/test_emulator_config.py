"""The definition file as Microsoft's emulator reads it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from local_host.servicebus.definitions import QueueDefinition, parse_duration
from local_host.servicebus.emulator_config import emulator_config, main


def test_a_queue_that_the_emulator_allows() -> None:
    """Every property comes as it is."""
    queue = QueueDefinition(
        name="q",
        lock_duration=timedelta(minutes=1),
        max_delivery_count=5,
        default_message_ttl=timedelta(minutes=30),
        duplicate_detection_window=timedelta(seconds=20),
        dead_lettering_on_expiration=True,
    )
    document, changes = emulator_config([queue])
    [namespace] = document["UserConfig"]["Namespaces"]
    assert changes == []
    assert namespace["Name"] == "sbemulatorns"
    assert namespace["Queues"] == [
        {
            "Name": "q",
            "Properties": {
                "DeadLetteringOnMessageExpiration": True,
                "DefaultMessageTimeToLive": "PT30M",
                "DuplicateDetectionHistoryTimeWindow": "PT20S",
                "ForwardDeadLetteredMessagesTo": "",
                "ForwardTo": "",
                "LockDuration": "PT1M",
                "MaxDeliveryCount": 5,
                "RequiresDuplicateDetection": True,
                "RequiresSession": False,
            },
        }
    ]


def test_limits_of_the_emulator_are_told() -> None:
    """An hour to live and five seconds of lock; without a window there is no duplicate detection."""
    document, changes = emulator_config([QueueDefinition(name="q", lock_duration=timedelta(seconds=1))])
    properties = document["UserConfig"]["Namespaces"][0]["Queues"][0]["Properties"]
    assert (properties["DefaultMessageTimeToLive"], properties["LockDuration"]) == ("PT1H", "PT5S")
    assert properties["RequiresDuplicateDetection"] is False
    assert [change.partition(":")[0] for change in changes] == ["queue 'q'"] * 2
    assert "lock_duration: 0:00:05 instead of 0:00:01, the limit of the emulator" in changes[1]


@pytest.mark.parametrize("seconds", [0.001, 1.5, 20, 90, 3600, 3661.25, 604_800])
def test_lengths_are_kept(seconds: float) -> None:
    """In ISO 8601, which our own reader reads back."""
    window = timedelta(seconds=seconds)
    document, _ = emulator_config([QueueDefinition(name="q", duplicate_detection_window=window)])
    text = document["UserConfig"]["Namespaces"][0]["Queues"][0]["Properties"]["DuplicateDetectionHistoryTimeWindow"]
    assert parse_duration(text) == window


def test_the_command_prints_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The document on stdout, what was changed on stderr."""
    file = tmp_path / "queues.yml"
    file.write_text("queues:\n  - {name: long, default_message_ttl: P1D}\n  - {name: short}\n", encoding="utf-8")
    assert main(["--queues", str(file)]) == 0
    printed = capsys.readouterr()
    queues = json.loads(printed.out)["UserConfig"]["Namespaces"][0]["Queues"]
    assert [queue["Name"] for queue in queues] == ["long", "short"]
    assert "default_message_ttl: 1:00:00 instead of 1 day, 0:00:00" in printed.err


def test_the_command_refuses_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With code 2 and the reason."""
    assert main(["--queues", str(tmp_path / "none.yml")]) == 2
    assert "there is no such file" in capsys.readouterr().err
