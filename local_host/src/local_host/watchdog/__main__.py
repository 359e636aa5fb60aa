"""The watchdog's process: ``python -m local_host.watchdog SOCKET MARK LOG_BYTES``, started by `Watchdog`.

The socket's other end is the owner's alone, so its end is the owner's end, however that came about. Until then the
owner hands over the outputs of its processes, whose lines go to their logs.
"""

from __future__ import annotations

import json
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path

from local_host.watchdog.log_file import Outputs
from local_host.watchdog.mark import end_marked

# The functions host waits five seconds for what runs.
_GRACE_SECONDS = 8.0
_REQUEST_BYTES = 4096


def main(control: socket.socket, mark: str, log_bytes: int) -> None:
    """Writes logs until the owner has ended, then ends every process that has the mark."""
    # They are for the owner, which may take its time to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    outputs = Outputs(log_bytes)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while _answer(selector, control, outputs):
            pass
        selector.unregister(control)
        ending = threading.Thread(target=end_marked, args=(mark,), kwargs={"grace": _GRACE_SECONDS})
        ending.start()
        while ending.is_alive():
            _write(selector, outputs, seconds=0.05)
        while _write(selector, outputs, seconds=0):
            pass
    outputs.close()


def _answer(selector: selectors.BaseSelector, control: socket.socket, outputs: Outputs) -> bool:
    """Waits for outputs or for one request; False if the owner has ended."""
    asked = False
    for key, _ in selector.select():
        if key.fileobj is control:
            asked = True
        else:
            _read(selector, outputs, key.fd)
    if not asked:
        return True
    try:
        request, handed, _, _ = socket.recv_fds(control, _REQUEST_BYTES, 1)
        if not request:
            return False
        for output in handed:
            outputs.add(output, Path(json.loads(request)["log"]))
            selector.register(output, selectors.EVENT_READ)
        if not handed:
            # Everything that was printed before the request is in the logs before its answer.
            while _write(selector, outputs, seconds=0):
                pass
        control.sendall(b".")
    except ConnectionError:
        return False
    return True


def _write(selector: selectors.BaseSelector, outputs: Outputs, *, seconds: float) -> bool:
    """Writes what can be read now, or within the time; False if that was nothing."""
    ready = [key for key, _ in selector.select(seconds) if isinstance(key.fileobj, int)]
    for key in ready:
        _read(selector, outputs, key.fd)
    return bool(ready)


def _read(selector: selectors.BaseSelector, outputs: Outputs, output: int) -> None:
    if not outputs.read(output):
        # Before it is closed: the owner has the pipe open as well, so the system would go on telling its end.
        selector.unregister(output)
        outputs.remove(output)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
