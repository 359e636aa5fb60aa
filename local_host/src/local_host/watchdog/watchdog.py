"""The owner's side of a watchdog."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local_host.watchdog.log_file import LOG_BYTES
from local_host.watchdog.mark import VARIABLE, Mark

# A folder from which `-m local_host.watchdog` finds this very package, and nothing of the caller's.
_IMPORT_ROOT = Path(__file__).resolve().parents[2]
# A new interpreter on a loaded machine needs some seconds.
_ANSWER_SECONDS = 30.0
# It gives a process that ignores SIGTERM eight seconds.
_END_SECONDS = 60.0


class Watchdog:
    """A process beside this one that ends every process with the mark as soon as this one has ended, even by SIGKILL.

    `environment` has the mark, which a child hands on to its own children. `output` is a pipe whose lines the watchdog
    writes to a log, also while this process is stopped, and until the children have ended. `require` starts the
    watchdog, again if it was ended; `close` makes it end what is left, and waits for it.

    Not for children that are forked without exec: they have neither the mark nor an end of the pipes closed.
    """

    def __init__(self, *, log_bytes: int = LOG_BYTES) -> None:
        self._mark = str(Mark.of_this_process())
        self._log_bytes = log_bytes
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        # Kept open here, too: a process whose pipe nobody could read would fail at its next line.
        self._outputs: dict[Path, int] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What a child must have in its environment to end with this process."""
        return {VARIABLE: self._mark}

    def require(self) -> None:
        """Starts the watchdog if it does not run, or does not answer; OSError if that is not possible."""
        if not self._asked({}):
            self._start()

    @contextlib.contextmanager
    def output(self, log: Path) -> Iterator[int]:
        """The write end of a pipe whose lines are written to the log, for the start of a child."""
        read, write = os.pipe()
        try:
            if (earlier := self._outputs.pop(log, None)) is not None:
                os.close(earlier)
            self._outputs[log] = read
            if not self._asked({"log": str(log)}, read):
                self._start()
            yield write
        finally:
            os.close(write)

    def flush(self) -> None:
        """Returns when everything that was printed before is in the logs."""
        self._asked({})

    def close(self) -> None:
        """Ends every process that has the mark. Calling it again does nothing."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        for output in self._outputs.values():
            os.close(output)
        self._outputs.clear()

    def _start(self) -> None:
        if self._process is not None:
            # It has ended, or it hangs; its end of the socket is closed before ours, so it ends nobody.
            self._process.kill()
            self._process.wait()
        if self._control is not None:
            self._control.close()
        self._control, other = socket.socketpair()
        with other:
            self._control.settimeout(_ANSWER_SECONDS)
            command = [sys.executable, "-m", "local_host.watchdog", str(other.fileno()), self._mark]
            # Without a mark: it must outlive this process, and whatever this process itself must end with.
            environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
            self._process = subprocess.Popen(
                [*command, str(self._log_bytes)],
                cwd=_IMPORT_ROOT,
                env=environment,
                pass_fds=[other.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        for log, output in self._outputs.items():
            if not self._asked({"log": str(log)}, output):
                raise OSError("the watchdog does not answer")
        if not self._asked({}):
            raise OSError("the watchdog does not answer")

    def _asked(self, request: dict[str, str], *outputs: int) -> bool:
        """True if the watchdog has done what it was asked for."""
        if self._control is None:
            return False
        try:
            socket.send_fds(self._control, [json.dumps(request).encode()], outputs)
            return bool(self._control.recv(1))
        except OSError:
            return False


@contextlib.contextmanager
def children_ended() -> Iterator[None]:
    """For a test run or a benchmark: what is started within the block, by whatever code, ends with it.

    The mark is put into this process's own environment, which children inherit. At the end of the block, and if this
    process is killed before, the watchdog ends what still lives.
    """
    watchdog = Watchdog()
    watchdog.require()
    before = os.environ.get(VARIABLE)
    os.environ.update(watchdog.environment)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before
        watchdog.close()
