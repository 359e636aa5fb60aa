"""What is in flight, for a terminal."""

from datetime import UTC, datetime

from rich.console import Console

from nightshift.cli.run_report import in_flight_table
from nightshift.domain.platform.view import InFlight

AT = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


def _shown(*found: InFlight) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(in_flight_table(list(found)))
    return capture.get()


def test_each_kind_and_version_has_a_line() -> None:
    """With what they do; one that has not begun has no version and does nothing."""
    lines = _shown(
        InFlight(orchestrator="response", version=None, count=1, oldest=AT, steps={"": 1}),
        InFlight(orchestrator="review", version=2, count=3, oldest=AT, steps={"await_decision": 2, "act_on_review": 1}),
    ).splitlines()
    assert [line.split()[:3] for line in lines[-2:]] == [["response", "-", "1"], ["review", "2", "3"]]
    assert "not begun: 1" in lines[-2]
    assert "act_on_review: 1, await_decision: 2" in lines[-1]


def test_nothing_in_flight_is_said() -> None:
    """Not an empty table."""
    assert _shown() == "nothing is in flight\n"
