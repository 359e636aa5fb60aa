"""A small webhook that accepts a subscription and keeps what it gets."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class RecordingSubscriber:
    """Answers with the statuses in `answers`, in turn, and then with 200. It can be stopped and started again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/runtime/webhooks/eventgrid?functionName=on_blob_created"
        self.answers: list[int] = []
        self.validations = 0
        self.events: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of the accepted events, in the order of their arrival."""
        return [event["id"] for event in self.events]

    @property
    def names(self) -> list[str]:
        """The blobs' names, by the events' subjects."""
        return [event["subject"].partition("/blobs/")[2] for event in self.events]

    def start(self) -> None:
        """Listens."""
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, answer = recorder.take(dict(self.headers.items()), body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        """Nobody listens any more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def take(self, headers: dict[str, str], body: list[dict[str, Any]]) -> tuple[int, object]:
        """Keeps one request and says what to answer."""
        (event,) = body
        if headers["aeg-event-type"] == "SubscriptionValidation":
            self.validations += 1
            return 200, {"validationResponse": event["data"]["validationCode"]}
        status = self.answers.pop(0) if self.answers else 200
        self.headers.append(headers)
        if status == 200:
            self.events.append(event)
        return status, {}
