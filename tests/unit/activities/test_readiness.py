"""Readiness: all checks at once, each for a limited time, remembered for a while, without secrets."""

import threading
from datetime import UTC, datetime

import pytest

from activities.readiness import ReadinessProbe, without_secrets
from domain.errors import ServiceUnavailableError

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class Check:
    """A dependency that answers, fails, or waits until it is let go."""

    def __init__(self, name: str, failure: Exception | None = None, gate: threading.Event | None = None) -> None:
        self.name = name
        self.calls = 0
        self._failure = failure
        self._gate = gate

    def check(self) -> None:
        """Answer."""
        self.calls += 1
        if self._gate is not None:
            self._gate.wait(30)
        if self._failure is not None:
            raise self._failure


def _clock() -> datetime:
    return NOW


async def test_all_well_is_ready() -> None:
    """In the order of the checks, with their times."""
    readiness = await ReadinessProbe().read((Check("a"), Check("b")), _clock)
    assert [(item.name, item.ok, item.reason) for item in readiness.dependencies] == [("a", True, ""), ("b", True, "")]
    assert (readiness.ok, readiness.checked_at) == (True, NOW)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (
            ServiceUnavailableError("Blob storage", "sig=abc123 refused"),
            "Blob storage is not available: sig=*** refused",
        ),
        (RuntimeError("password is hunter2"), "the check failed: RuntimeError; the log has the rest"),
    ],
)
async def test_one_ill_dependency_is_named_with_its_reason(failure: Exception, reason: str) -> None:
    """An unknown error's text stays in the log."""
    readiness = await ReadinessProbe().read((Check("a"), Check("b", failure)), _clock)
    assert not readiness.ok
    assert [(item.ok, item.reason) for item in readiness.dependencies] == [(True, ""), (False, reason)]


async def test_a_dependency_that_hangs_costs_one_thread() -> None:
    """It is given up after its time, and not asked again until it has answered."""
    gate = threading.Event()
    hanging, probe = Check("hangs", gate=gate), ReadinessProbe(limit_seconds=0.05, fresh_seconds=0)
    try:
        first = await probe.read((hanging,), _clock)
        second = await probe.read((hanging,), _clock)
        assert [item.dependencies[0].ok for item in (first, second)] == [False, False]
        assert first.dependencies[0].reason.startswith("no answer within")
        assert hanging.calls == 1
    finally:
        gate.set()
    patient = ReadinessProbe(limit_seconds=30, fresh_seconds=0)
    assert (await patient.read((hanging,), _clock)).ok


async def test_an_answer_is_remembered_for_a_while() -> None:
    """Many that look cost one look."""
    check, probe = Check("a"), ReadinessProbe(fresh_seconds=60)
    assert await probe.read((check,), _clock) == await probe.read((check,), _clock)
    assert check.calls == 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Endpoint=sb://x;SharedAccessKey=abc=;Y=1", "Endpoint=sb://x;SharedAccessKey=***;Y=1"),
        ("Authorization: Bearer eyJ0", "Authorization: Bearer ***"),
        ("https://x/y?sv=1&sig=a%2Bb&se=2", "https://x/y?sv=1&sig=***&se=2"),
        ("two\nlines", "two lines"),
    ],
)
def test_what_looks_like_a_credential_is_left_out(text: str, shown: str) -> None:
    """Reasons are shown on a page."""
    assert without_secrets(text) == shown
