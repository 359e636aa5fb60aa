"""Restart policy and the end of a log."""

from __future__ import annotations

from pathlib import Path

from local_host.stack.component import RestartPolicy, last_lines


def test_restart_delays_double_up_to_the_longest() -> None:
    """From half a second to ten."""
    assert [RestartPolicy().delay(exits) for exits in (1, 2, 3, 6, 50)] == [0.5, 1.0, 2.0, 10.0, 10.0]


def test_last_lines_of_a_log(tmp_path: Path) -> None:
    """Of a long one, of a short one and of none."""
    log = tmp_path / "mlflow.log"
    assert last_lines(log, 2) == []
    log.write_text("a\n")
    assert last_lines(log, 2) == ["a"]
    log.write_text("".join(f"line {number}\n" for number in range(20000)))
    assert last_lines(log, 2) == ["line 19998", "line 19999"]
