"""Log lines say what they belong to."""

import logging

from nightshift.domain.platform.correlation import correlated
from nightshift.wiring.correlated_logs import CorrelatedRecords


def _record(message: object, *args: object) -> logging.LogRecord:
    make = CorrelatedRecords(logging.LogRecord)
    return make("nightshift.triggers.alert_queues", logging.INFO, "file.py", 1, message, args, None)


def test_a_line_within_a_call_ends_with_its_id() -> None:
    """In the text, and as an attribute for handlers that keep them."""
    with correlated("run-1"):
        record = _record("alert_queued alert=%s", "a %s b")
    assert record.getMessage() == "alert_queued alert=a %s b correlation=run-1"
    assert record.correlation_id == "run-1"  # type: ignore[attr-defined]


def test_a_line_outside_a_call_is_left_alone() -> None:
    """Nothing is made up."""
    record = _record("started")
    assert record.getMessage() == "started"
    assert not hasattr(record, "correlation_id")


def test_a_message_that_is_no_text_is_reported_as_text() -> None:
    """An exception may be logged as it is."""
    with correlated("run-1"):
        record = _record(ValueError("no"))
    assert record.getMessage() == "no correlation=run-1"
