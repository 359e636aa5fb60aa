"""A mail server of a test's own: takes what it is sent and keeps it."""

import email
import email.policy
import socketserver
from email.message import EmailMessage
from threading import Thread


class _Session(socketserver.StreamRequestHandler):
    """One connection: the few commands of RFC 5321 that a client needs to hand over a mail."""

    def handle(self) -> None:
        """Answer until QUIT."""
        self._say("220 sink")
        while line := self.rfile.readline():
            verb = line.split(maxsplit=1)[0].upper() if line.strip() else b""
            if verb == b"DATA":
                self._say("354 go on")
                self.server.mails.append(self._content())  # type: ignore[attr-defined]
            elif verb == b"RCPT":
                self.server.recipients.append(line.strip().decode())  # type: ignore[attr-defined]
            self._say("221 bye" if verb == b"QUIT" else "250 ok")
            if verb == b"QUIT":
                return

    def _content(self) -> EmailMessage:
        lines = iter(self.rfile.readline, b".\r\n")
        raw = b"".join(line[1:] if line.startswith(b"..") else line for line in lines)
        return email.message_from_bytes(raw, policy=email.policy.default)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class SmtpSink:
    """Listens on a free port until it is closed.

    Attributes:
        mails: what came, parsed.
        recipients: the RCPT commands.
        port: on the loopback address.
    """

    def __init__(self) -> None:
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session)
        self._server.daemon_threads = True
        self.mails: list[EmailMessage] = []
        self.recipients: list[str] = []
        self._server.mails = self.mails  # type: ignore[attr-defined]
        self._server.recipients = self.recipients  # type: ignore[attr-defined]
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
