"""Logs of limited size."""

from __future__ import annotations

import os
from pathlib import Path

from local_host.watchdog.log_file import LogFile, Outputs, rotate_log


def test_logs_move_up_and_the_oldest_is_dropped(tmp_path: Path) -> None:
    """Three earlier logs are kept."""
    log = tmp_path / "mlflow.log"
    for number in range(6):
        log.write_text(str(number))
        rotate_log(log)
    kept = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert kept == {"mlflow.log.1": "5", "mlflow.log.2": "4", "mlflow.log.3": "3"}


def test_rotating_nothing_does_nothing(tmp_path: Path) -> None:
    """The first start has no log yet."""
    rotate_log(tmp_path / "mlflow.log")
    assert list(tmp_path.iterdir()) == []


def test_a_log_stays_below_its_size_and_no_line_is_lost_or_cut(tmp_path: Path) -> None:
    """Whatever the pieces in which the lines come; three older files are kept."""
    log, most = tmp_path / "app.log", 1000
    read, write = os.pipe()
    outputs = Outputs(most)
    outputs.add(read, log)
    lines = [f"line {number} {'x' * (number % 40)}" for number in range(120)]
    text = "".join(line + "\n" for line in lines).encode()
    for start in range(0, len(text), 37):
        os.write(write, text[start : start + 37])
        assert outputs.read(read) is True
    files = [log.with_name(name) for name in ("app.log.3", "app.log.2", "app.log.1", "app.log")]
    assert sorted(files) == sorted(tmp_path.iterdir())
    assert all(file.stat().st_size <= most for file in files)
    kept = [line for file in files for line in file.read_text().splitlines()]
    assert kept == lines[-len(kept) :]
    assert all(file.read_text().endswith("\n") for file in files)
    os.close(write)
    outputs.close()


def test_more_than_a_log_at_once_is_spread_over_several(tmp_path: Path) -> None:
    """A burst is cut between lines."""
    log = LogFile(tmp_path / "app.log", 110)
    log.write(b"".join(b"%d %s\n" % (number, b"y" * 30) for number in range(8)))
    log.close()
    kept = [file.read_text().splitlines() for file in sorted(tmp_path.iterdir(), reverse=True)]
    assert kept == [[f"{number} {'y' * 30}" for number in pair] for pair in ((0, 1, 2), (3, 4, 5), (6, 7))]


def test_processes_that_follow_each_other_share_a_log(tmp_path: Path) -> None:
    """The last words of the first, without a line end, do not run into the next one's."""
    log = tmp_path / "app.log"
    (first, first_end), (second, second_end) = os.pipe(), os.pipe()
    outputs = Outputs()
    outputs.add(first, log)
    outputs.add(second, log)
    os.write(first_end, b"whole\nlast words")
    os.write(second_end, b"begun")
    assert outputs.read(first) is True
    assert outputs.read(second) is True
    os.close(first_end)
    assert outputs.read(first) is False
    outputs.remove(first)
    os.write(second_end, b" and ended\n")
    assert outputs.read(second) is True
    assert log.read_text() == "whole\nlast words\nbegun and ended\n"
    os.close(second_end)
    outputs.close()


def test_what_cannot_be_written_is_counted(tmp_path: Path) -> None:
    """As on a full disk: the process goes on, and the log says afterwards how many lines are missing."""
    path = tmp_path / "later" / "app.log"
    log = LogFile(path)
    log.write(b"one\ntwo\n")
    log.write(b"three\n")
    path.parent.mkdir()
    log.write(b"four\n")
    log.close()
    assert path.read_text() == "log_lines_dropped count=3\nfour\n"
