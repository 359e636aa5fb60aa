"""An OTLP collector on loopback: takes what the exporters send over HTTP, in protobuf, and keeps it."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_KINDS: dict[str, Callable[[], Any]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


@dataclass(frozen=True)
class SeenSpan:
    """A span: ids in hex, attributes as text, whether it is an error, the trace ids it links to."""

    name: str
    trace: str
    span: str
    parent: str
    attributes: dict[str, str]
    error: bool
    links: tuple[str, ...]


@dataclass(frozen=True)
class SeenPoint:
    """One value of a metric; of a histogram its count."""

    name: str
    unit: str
    value: float
    attributes: dict[str, str]


class Collector:
    """What has arrived so far."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.resources: list[dict[str, str]] = []
        self.spans: list[SeenSpan] = []
        self.points: list[SeenPoint] = []
        self.lines: list[str] = []

    def await_spans(self, wanted: Callable[[list[SeenSpan]], bool], seconds: float = 60) -> list[SeenSpan]:
        """The spans, once they are as wanted; after that time as they are."""
        deadline = time.monotonic() + seconds
        while not wanted(list(self.spans)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return list(self.spans)

    def await_points(self, *names: str, seconds: float = 60) -> list[SeenPoint]:
        """The values of these metrics, once each has one."""
        deadline = time.monotonic() + seconds
        while not set(names) <= {point.name for point in list(self.points)} and time.monotonic() < deadline:
            time.sleep(0.1)
        return [point for point in list(self.points) if point.name in names]

    def take(self, path: str, body: bytes) -> None:
        """Take one request."""
        message = _KINDS[path]()
        message.ParseFromString(body)
        if path == "/v1/traces":
            self._take_traces(message)
        elif path == "/v1/metrics":
            self._take_metrics(message)
        else:
            for resource in message.resource_logs:
                for scope in resource.scope_logs:
                    self.lines += [record.body.string_value for record in scope.log_records]

    def _take_traces(self, message: Any) -> None:
        for resource in message.resource_spans:
            self.resources.append(_attributes(resource.resource.attributes))
            for scope in resource.scope_spans:
                self.spans += [
                    SeenSpan(
                        name=item.name,
                        trace=item.trace_id.hex(),
                        span=item.span_id.hex(),
                        parent=item.parent_span_id.hex(),
                        attributes=_attributes(item.attributes),
                        error=item.status.code == item.status.STATUS_CODE_ERROR,
                        links=tuple(link.trace_id.hex() for link in item.links),
                    )
                    for item in scope.spans
                ]

    def _take_metrics(self, message: Any) -> None:
        for resource in message.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    data = getattr(metric, metric.WhichOneof("data"))
                    for point in data.data_points:
                        value = point.count if metric.HasField("histogram") else point.as_int or point.as_double
                        self.points.append(
                            SeenPoint(metric.name, metric.unit, float(value), _attributes(point.attributes))
                        )


def _attributes(pairs: Any) -> dict[str, str]:
    return {pair.key: str(getattr(pair.value, pair.value.WhichOneof("value"))) for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A running collector on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.take(self.path, body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
