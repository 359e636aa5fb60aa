"""The definition file of the queues."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from local_host.servicebus.definitions import DefinitionError, QueueDefinition, parse_duration, read_definitions


def read(tmp_path: Path, text: str) -> tuple[QueueDefinition, ...]:
    """The queues of a file with this text."""
    (tmp_path / "queues.yml").write_text(text, encoding="utf-8")
    return read_definitions(tmp_path / "queues.yml")


def test_defaults_are_those_of_the_service(tmp_path: Path) -> None:
    """A name is enough."""
    [queue] = read(tmp_path, "queues: [{name: q}]")
    assert queue.lock_duration == timedelta(minutes=1)
    assert queue.max_delivery_count == 10
    assert queue.duplicate_detection_window is None
    assert not queue.dead_lettering_on_expiration


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("PT1M", timedelta(minutes=1)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H3M4.5S", timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        (90, timedelta(seconds=90)),
        (0.25, timedelta(seconds=0.25)),
    ],
)
def test_durations(value: object, expected: timedelta) -> None:
    """ISO 8601, or seconds."""
    assert parse_duration(value) == expected


@pytest.mark.parametrize(
    "value", ["", "P", "PT", "1 minute", "P1Y", "-PT1M", "P99999999999D", float("inf"), True, None, []]
)
def test_what_is_no_duration(value: object) -> None:
    """The error says both forms."""
    with pytest.raises(ValueError, match="ISO 8601 duration"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold one key, queues"),
        ("queues: []", "with a list of at least one queue"),
        ("queues: [{name: q}]\nother: 1", "must hold one key, queues"),
        ("queues: [1]", "queue 0: entry: "),
        ("queues: [{}]", "queue 0: name: Field required"),
        ("queues: [{name: q, lock_duration: soon}]", "queue 'q': lock_duration: must be an ISO 8601 "),
        (
            "queues: [{name: q, lock_duration: PT6M}]",
            "at most 0:05:00 (value: 'PT6M')",
        ),
        ("queues: [{name: q, lock_duration: 0}]", "lock_duration: must be longer than zero"),
        (
            "queues: [{name: q, max_delivery_count: 0}]",
            "max_delivery_count: Input should be greater than or equal to 1",
        ),
        ("queues: [{name: q, max_delivery_count: '5'}]", "max_delivery_count: Input should be a valid integer"),
        ("queues: [{name: q, sessions: true}]", "sessions: Extra inputs are not permitted (value: True)"),
        ("queues: [{name: -q}]", "name: String should match pattern"),
        ("queues: [{name: q}, {name: Q}]", "queue 'Q': name: another queue has it"),
        ("queues: [", "not a YAML file"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    """The error names queue, field, value and rule."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """One line each."""
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, "queues: [{name: a, lock_duration: x}, {name: b, max_delivery_count: 0}]")
    assert len(str(caught.value).splitlines()) == 2


def test_a_missing_file(tmp_path: Path) -> None:
    """Is said to be missing."""
    with pytest.raises(DefinitionError, match="there is no such file"):
        read_definitions(tmp_path / "none.yml")
