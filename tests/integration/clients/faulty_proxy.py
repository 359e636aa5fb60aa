"""A way to a real server on which chosen requests fail."""

import httpx

from tests.support.loopback_server import Answering, LoopbackServer

_HOP = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding", "host", "date", "server"})


class FaultyProxy:
    """Hands requests on to a server; those whose path contains ``where`` get ``status`` instead.

    Attributes:
        url: its address.
        status: 0 hands all on.
    """

    def __init__(self, target: str) -> None:
        self.where = ""
        self.status = 0
        proxy = self
        self._client = client = httpx.Client(base_url=target, trust_env=False, timeout=30)

        class Handler(Answering):
            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                refused = proxy.refusal(self.path, self.headers.get("authorization", ""))
                if refused:
                    return self.answer(refused, b"<h1>the gateway says no</h1>", {"content-type": "text/html"})
                headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
                answer = client.request(self.command, proxy.way(self.path), content=body, headers=headers)
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
                return self.answer(answer.status_code, proxy.back(self.path, answer.content), kept)

            def do_GET(self) -> None:
                self._pass_on()

            def do_POST(self) -> None:
                self._pass_on()

            def do_PUT(self) -> None:
                self._pass_on()

            def do_PATCH(self) -> None:
                self._pass_on()

            def do_DELETE(self) -> None:
                self._pass_on()

        self._server = LoopbackServer(Handler)
        self.url = self._server.url

    def refusal(self, path: str, _authorization: str) -> int:
        """The status of a request that is not handed on; 0 for one that is."""
        return self.status if self.where in path else 0

    def way(self, path: str) -> str:
        """The path at the server."""
        return path

    def back(self, _path: str, content: bytes) -> bytes:
        """What of the server's answer is handed back."""
        return content

    def close(self) -> None:
        """Nobody listens any more."""
        self._server.close()
        self._client.close()
