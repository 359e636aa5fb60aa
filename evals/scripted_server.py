"""A scripted server with the chat completions API on loopback: it says what the script says, and refuses like Azure."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from evals.service_rules import first_violation

_DRIP_SECONDS = 0.05
# Whoever tries again need not wait.
_AT_ONCE: Mapping[str, str] = {"Retry-After-Ms": "1"}


@dataclass(frozen=True)
class Reply:
    """One scripted answer.

    Attributes:
        body: a whole HTTP body in place of a completion.
        headers: of the answer, beside its own.
        drips: what comes a byte at a time, and never ends.
        cut: close the connection after half the body.
        seconds: of work before the answer.
        silent: accept the request and answer nothing until the server stops.
    """

    text: str = ""
    finish: Literal["stop", "length", "content_filter"] = "stop"
    refusal: str | None = None
    status: int = 200
    code: str = ""
    body: str | bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: bool = True
    drips: Literal["", "head", "body", "chunks"] = ""
    cut: bool = False
    seconds: float = 0.0
    silent: bool = False


Script = Callable[[dict[str, Any]], Reply]


@dataclass
class ScriptedServer:
    """The running server: its address, and what it was asked."""

    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)


def in_turn(replies: Sequence[Reply]) -> Script:
    """Answer with one reply after the other, the last one for ever."""
    waiting = iter(replies)
    last = replies[-1]
    return lambda _: next(waiting, last)


@contextmanager
def scripted_server(script: Script) -> Iterator[ScriptedServer]:
    """Serve on a free port of loopback."""
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer a chat completion."""
            asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.requests.append(asked)
            violation = first_violation(asked)
            reply = Reply(status=400, body=json.dumps({"error": violation})) if violation else script(asked)
            try:
                self.answer(asked, reply)
            except OSError:
                # The other side has gone, as it may.
                self.close_connection = True

        def answer(self, asked: dict[str, Any], reply: Reply) -> None:
            """Send what the script says, as it says."""
            if reply.silent or stopping.wait(reply.seconds):
                stopping.wait()
                self.close_connection = True
                return
            if reply.drips:
                self.drip(reply.drips)
                return
            body = _body(asked, reply) if reply.body is None else reply.body
            data = body if isinstance(body, bytes) else body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(data)))
            for name, value in {**_AT_ONCE, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if reply.cut else data)
            self.close_connection = reply.cut

        def drip(self, part: str) -> None:
            """A byte now and then, until the server stops or the other side is gone."""
            self.close_connection = True
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            length = b"Transfer-Encoding: chunked\r\n\r\n" if part == "chunks" else b"Content-Length: 100000\r\n\r\n"
            self.wfile.write(head if part == "head" else head + length)
            while not stopping.wait(_DRIP_SECONDS):
                self.wfile.write({"head": b"X-A: b\r\n", "body": b" ", "chunks": b"1\r\n \r\n"}[part])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = ScriptedServer(base_url=f"http://127.0.0.1:{server.server_port}/openai/v1/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _body(asked: dict[str, Any], reply: Reply) -> str:
    if reply.status >= 400:
        return json.dumps({"error": {"message": f"scripted {reply.status}", "type": "error", "code": reply.code}})
    message = {"role": "assistant", "content": None if reply.refusal else reply.text, "refusal": reply.refusal}
    prompt_tokens = sum(len(turn["content"]) for turn in asked["messages"]) // 4
    answer_tokens = max(len(reply.text) // 4, 1)
    answer = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": asked["model"],
        "choices": [{"index": 0, "finish_reason": reply.finish, "logprobs": None, "message": message}],
    }
    if reply.usage:
        answer["usage"] = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
        }
    return json.dumps(answer)
