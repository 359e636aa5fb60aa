"""What a piece of code asks Table storage: its calls by kind, the rows that come back, and where the time goes."""

import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import psutil
from azure.core.pipeline.transport import RequestsTransport

_POINT = re.compile(r"/(\w+)\(PartitionKey=")
_WRITTEN = re.compile(r"https?://[^\s(?]*/(\w+)[\s(?]")
_QUERY = re.compile(r"/(\w+)\(\)$")


@dataclass
class Measured:
    """One measured piece.

    Attributes:
        seconds: in all.
        storage: seconds of it until Azurite began to answer; the answer of a transaction is read behind that.
        cpu: seconds that this process computed.
        azurite_cpu: seconds that Azurite computed.
        calls: seconds of each call, by kind and table.
        rows: how many came back.
    """

    seconds: float = 0.0
    storage: float = 0.0
    cpu: float = 0.0
    azurite_cpu: float = 0.0
    calls: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rows: int = 0


class CountingTransport(RequestsTransport):  # type: ignore[misc]  # azure-core names it lazily
    """The SDK's transport; between ``begin`` and ``end`` it notes each call.

    Args:
        azurite: whose computing is counted.
    """

    def __init__(self, azurite: psutil.Process) -> None:
        super().__init__()
        self._azurite = azurite
        self._measured: Measured | None = None
        self._began = (0.0, 0.0, 0.0)

    def send(self, request: Any, **kwargs: Any) -> Any:
        """Send a request and note its time."""
        started = time.perf_counter()
        response = super().send(request, **kwargs)
        seconds = time.perf_counter() - started
        if self._measured is not None:
            kind, rows = _kind(request, response)
            self._measured.storage += seconds
            self._measured.calls[kind].append(seconds)
            self._measured.rows += rows
        return response

    def begin(self) -> Measured:
        """Begin to note; what is found is complete when it has ended."""
        self._measured, self._began = Measured(), self._now()
        return self._measured

    def end(self) -> None:
        """End it."""
        assert self._measured is not None, "the measurement has been started"
        spent = [now - began for now, began in zip(self._now(), self._began, strict=True)]
        self._measured.seconds, self._measured.cpu, self._measured.azurite_cpu = spent
        self._measured = None

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), sum(self._azurite.cpu_times()[:2])


def _kind(request: Any, response: Any) -> tuple[str, int]:
    """The kind of a call with its table, and the rows that it brought."""
    path = request.url.partition("?")[0]
    if found := _POINT.search(path):
        return f"point read {found[1]}", int(response.status_code == 200)
    if found := _QUERY.search(path):
        return f"range query {found[1]}", len(json.loads(response.body())["value"])
    if path.endswith("/$batch"):
        table = _WRITTEN.search(str(request.data))
        return f"transaction {table[1] if table else ''}", 0
    return f"{request.method} {path.rsplit('/', 1)[-1]}", 0
