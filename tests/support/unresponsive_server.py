"""Servers that do not answer: one says nothing, one sends a byte now and then, one takes no connection."""

import socket
import threading
from typing import Literal

Kind = Literal["silent", "trickling", "full"]
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n"
_HEAD += b"Content-Range: bytes 0-999999/1000000\r\n\r\n"


class UnresponsiveServer:
    """Listens on a free port until it is closed.

    Attributes:
        port: on 127.0.0.1.
        connections: how many it has taken.
    """

    def __init__(self, kind: Kind) -> None:
        self.connections = 0
        self._kind = kind
        self._over = threading.Event()
        self._taken: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0 if kind == "full" else 100)
        self.port: int = self._listener.getsockname()[1]
        if kind == "full":
            # Whoever connects now waits for a place in the queue, as for a host that does not answer at all.
            for _ in range(2):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", self.port))
                self._taken.append(filler)
        else:
            threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        """Nobody listens any more, and every connection ends."""
        self._over.set()
        # Closing alone does not wake the thread that takes connections.
        if self._kind != "full":
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for taken in self._taken:
            taken.close()

    def _take(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._taken.append(connection)
            if self._kind == "trickling":
                threading.Thread(target=self._trickle, args=(connection,), daemon=True).start()

    def _trickle(self, connection: socket.socket) -> None:
        try:
            # A client of Service Bus begins with its protocol's name; to others the head comes whole.
            connection.sendall(b"AMQP" if connection.recv(4) == b"AMQP" else _HEAD)
            while not self._over.wait(0.02):
                connection.sendall(b" ")
        except OSError:
            return
