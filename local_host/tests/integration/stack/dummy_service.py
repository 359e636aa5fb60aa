"""A component for tests: `python dummy_service.py PORT [MODE]`.

MODE: serve (default); fail (print and end with code 3); silent (never listen); once (end after one answer); stubborn
(ignore SIGTERM); child (a child process listens, this one only waits); task (start a process in a session of its own);
talk (print a line for each request, and its number); spin (answer once, then only use the processor).
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Handler(BaseHTTPRequestHandler):
    talks = False
    number = 0

    def do_GET(self) -> None:
        if self.talks:
            _Handler.number += 1
            print(f"request {_Handler.number} {'x' * 60}", flush=True)  # noqa: T201 - it goes to the component's log
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        return


def main(port: int, mode: str) -> int:
    """Behaves as told."""
    print(f"dummy_started mode={mode}", flush=True)  # noqa: T201 - it goes to the component's log
    if mode == "fail":
        return 3
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode == "task":
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    if mode == "child":
        with subprocess.Popen([sys.executable, __file__, str(port)]):
            time.sleep(600)
    _Handler.talks = mode == "talk"
    if mode == "silent":
        time.sleep(600)
    with HTTPServer(("127.0.0.1", port), _Handler) as server:
        if mode == "once":
            server.handle_request()
            return 4
        if mode == "spin":
            server.handle_request()
            while True:
                pass
        server.serve_forever(poll_interval=0.02)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "serve"))
