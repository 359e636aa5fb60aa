"""The check says where two answers differ, and takes out only what differs by nature."""

import base64
import json
from typing import Any

from tests.worker.compare import differences, plain, plain_answer


def _http(status: int, body: bytes, **headers: str) -> dict[str, Any]:
    content = ["bytes", base64.b64encode(body).decode()]
    return {"value": ["http", {"status": str(status), "headers": headers, "body": content, "cookies": []}]}


def _faults(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    return list(differences(plain_answer(expected), plain_answer(actual)))


def test_a_status_a_header_and_a_field_are_compared() -> None:
    """Each difference names its place and both values."""
    one = _http(200, b'{"state": "fired", "count": 1}', retry="1")
    other = _http(202, b'{"state": "resolved", "extra": true, "count": 1}', retry="2")
    assert _faults(one, other) == [
        "body.extra: only in the worker's answer",
        'body.state: local host "fired", worker "resolved"',
        'headers.retry: local host "1", worker "2"',
        'status: local host "200", worker "202"',
    ]


def test_times_and_traces_differ_by_nature() -> None:
    """Nothing else of the text is taken out."""
    trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
    assert plain({"at": "2026-03-01T10:00:00.123Z", "trace": trace}) == {"at": "<time>", "trace": "<trace>"}
    assert plain({"version": "12", "id": "0123456789abcdef"}) == {"version": "12", "id": "0123456789abcdef"}
    assert plain({"lag_seconds": 0.013675}) == plain({"lag_seconds": 0.025644})


def test_an_error_is_no_answer() -> None:
    """One side fails, the other does not."""
    assert _faults({"error": "BadInputError: no"}, {"value": None}) != []
    assert _faults({"error": "BadInputError: no"}, {"error": "BadInputError: no"}) == []


def test_json_as_text_and_as_json_are_the_same() -> None:
    """The extensions take both."""
    answer = json.dumps({"a": 1})
    assert _faults({"value": ["json", answer]}, {"value": ["string", answer]}) == []


def test_a_long_text_is_shown_from_where_it_differs() -> None:
    """A page of thousands of characters."""
    (fault,) = differences("x" * 5_000 + "left", "x" * 5_000 + "right")
    assert "left" in fault
    assert "right" in fault
    assert len(fault) < 400
