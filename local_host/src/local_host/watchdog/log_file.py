"""Logs of limited size: the outputs of processes, line by line."""

from __future__ import annotations

import os
from pathlib import Path

LOG_BYTES = 10 * 1024**2
LOGS_KEPT = 3
_READ_BYTES = 64 * 1024
# A line that is longer than this is cut.
_LINE_BYTES = 1024**2


def rotate_log(log: Path, *, keep: int = LOGS_KEPT) -> None:
    """Moves name.log to name.log.1 and so on; the oldest is dropped."""
    if not log.exists():
        return
    for number in range(keep - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    log.replace(log.with_name(f"{log.name}.1"))


class LogFile:
    """A log that is rotated before it exceeds `most_bytes`. A line is in one file, whole.

    While nothing can be written, such as on a full disk, lines are dropped; once it can, a line says how many.
    """

    def __init__(self, path: Path, most_bytes: int = LOG_BYTES) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._file: int | None = None
        self._size = 0
        self._dropped = 0
        self._cut = False

    def write(self, lines: bytes) -> None:
        """Appends whole lines."""
        for piece in _pieces(lines, self._most_bytes):
            notice = f"log_lines_dropped count={self._dropped}\n".encode() if self._dropped else b""
            try:
                # What was written last may have been cut.
                self._append((b"\n" + notice if self._cut else notice) + piece)
            except OSError:
                self._dropped += piece.count(b"\n")
            else:
                self._dropped = 0

    def close(self) -> None:
        """Closes the file; a later write opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, lines: bytes) -> None:
        if self._file is not None and self._size and self._size + len(lines) > self._most_bytes:
            self.close()
            rotate_log(self._path)
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._size = os.fstat(self._file).st_size
        while lines:
            written = os.write(self._file, lines)
            self._size += written
            lines = lines[written:]
            self._cut = bool(lines)


class Outputs:
    """The read ends of pipes, each with the log for its lines; processes that follow each other may share a log."""

    def __init__(self, most_bytes: int = LOG_BYTES) -> None:
        self._most_bytes = most_bytes
        self._logs: dict[Path, LogFile] = {}
        self._outputs: dict[int, tuple[LogFile, bytearray]] = {}

    def add(self, output: int, log: Path) -> None:
        """Takes a pipe over, until `remove`."""
        os.set_blocking(output, False)
        self._outputs[output] = (self._logs.setdefault(log, LogFile(log, self._most_bytes)), bytearray())

    def read(self, output: int) -> bool:
        """Writes what there is to read, up to the last line end; False if the pipe has ended."""
        log, unfinished = self._outputs[output]
        try:
            data = os.read(output, _READ_BYTES)
        except BlockingIOError:
            return True
        if not data:
            return False
        unfinished += data
        end = unfinished.rfind(b"\n") + 1
        if end == 0 and len(unfinished) > _LINE_BYTES:
            unfinished += b"\n"
            end = len(unfinished)
        if end:
            log.write(bytes(unfinished[:end]))
            del unfinished[:end]
        return True

    def remove(self, output: int) -> None:
        """Writes what is left of a pipe, an unfinished line, and closes the pipe."""
        log, unfinished = self._outputs.pop(output)
        if unfinished:
            log.write(bytes(unfinished) + b"\n")
        os.close(output)

    def close(self) -> None:
        """Removes what is left, and closes the logs."""
        for output in list(self._outputs):
            self.remove(output)
        for log in self._logs.values():
            log.close()


def _pieces(lines: bytes, most_bytes: int) -> list[bytes]:
    """Whole lines in pieces that fit into a log, so that only a line that is too long itself exceeds it."""
    if len(lines) <= most_bytes:
        return [lines]
    pieces = [b""]
    for line in lines.splitlines(keepends=True):
        if pieces[-1] and len(pieces[-1]) + len(line) > most_bytes:
            pieces.append(b"")
        pieces[-1] += line
    return pieces
