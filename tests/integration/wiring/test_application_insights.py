"""The way to Application Insights with the real exporters: to an ingestion endpoint on loopback, with TLS.

What is real: azure-monitor-opentelemetry, azure-identity and the wire. What only Azure can prove: that it accepts the
token, and the tables that it makes of the envelopes.
"""

import gzip
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[3]
TRACE = "a" * 32
_PROGRAM = f"""
import json, logging, os
from nightshift.wiring.correlated_logs import correlate_logs
from nightshift.wiring.telemetry import configure_telemetry
correlate_logs()
where = configure_telemetry(os.environ)
from opentelemetry import metrics, trace
from opentelemetry._logs import get_logger_provider
from nightshift.services.platform import app_metrics
from nightshift.services.platform.tracing import step
from nightshift.domain.platform.step import Failure
from nightshift.domain.lifecycle.run import PollRequest
logging.getLogger().setLevel(logging.INFO)
with step("poll_job_status", PollRequest(model="m", run="run-1", run_id=1), "00-{TRACE}-{"b" * 16}-01") as ended:
    logging.getLogger("activities.example").info("job_polled run_id=%s", 1)
    ended(Failure(step="poll_job_status", code="job_failed", message="the job failed"))
app_metrics.count_run("m", "promoted")
app_metrics.record_mitigation("m", "rollback", "done", 3.0)
app_metrics.set_waiting(uploads={{"m": 2}}, dead_letters={{}}, reviews=0, incidents=0)
app_metrics.record_heartbeat()
for provider in (trace.get_tracer_provider(), metrics.get_meter_provider(), get_logger_provider()):
    provider.force_flush()
print(where)
"""


@dataclass
class Ingestion:
    """What the endpoint has taken.

    Attributes:
        envelopes: as the exporters sent them.
        authorizations: header of each request.
        identity_calls: query of each call of the managed identity's endpoint.
    """

    url: str
    bundle: Path
    envelopes: list[dict[str, Any]] = field(default_factory=list)
    authorizations: set[str] = field(default_factory=set)
    identity_calls: list[str] = field(default_factory=list)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Data of all envelopes of a type, such as ``MetricData``, with their tags."""
        return [
            {**item["data"]["baseData"], "tags": item["tags"]}
            for item in self.envelopes
            if item["data"]["baseType"] == kind
        ]

    def metric(self, name: str) -> dict[str, Any]:
        """The one value of a metric, with its properties."""
        found = [item for item in self.of_type("MetricData") if item["metrics"][0]["name"] == name]
        assert len(found) == 1, [item["metrics"][0]["name"] for item in self.of_type("MetricData")]
        return {**found[0]["metrics"][0], "properties": found[0]["properties"]}


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


@contextmanager
def _ingestion(folder: Path) -> Iterator[Ingestion]:
    certificate, secret = _certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.identity_calls.append(self.path)
            self._answer({"access_token": "of-the-identity", "expires_on": "4102444800", "token_type": "Bearer"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            items = json.loads(body)
            seen.envelopes += items
            seen.authorizations.add(self.headers.get("Authorization", ""))
            self._answer({"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})

        def _answer(self, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    seen = Ingestion(f"https://127.0.0.1:{server.server_address[1]}", certificate)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingestion]:
    """What arrives of a program that does one step of a run."""
    folder = tmp_path_factory.mktemp("insights")
    with _ingestion(folder) as ingestion:
        environment = {
            **os.environ,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": (
                f"InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint={ingestion.url}/"
            ),
            "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
            "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
            "AZURE_CLIENT_ID": "the-apps-identity",
            "IDENTITY_ENDPOINT": f"{ingestion.url}/msi/token",
            "IDENTITY_HEADER": "loopback",
            "REQUESTS_CA_BUNDLE": str(ingestion.bundle),
            "OTEL_SERVICE_NAME": "nightshift",
            "TMPDIR": str(folder),
            "NO_PROXY": "127.0.0.1",
        }
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1] == "azure"
        yield ingestion


def test_it_goes_with_the_managed_identitys_token(reported: Ingestion) -> None:
    """The token comes from the identity's own endpoint, for Azure Monitor; no key opens the door."""
    assert reported.authorizations == {"Bearer of-the-identity"}
    assert "client_id=the-apps-identity" in reported.identity_calls[0]
    assert "monitor.azure.com" in reported.identity_calls[0]


def test_a_step_is_a_dependency_of_its_trace(reported: Ingestion) -> None:
    """With the ids that the queries of docs/observability.md look for, and its failure."""
    spans = [item for item in reported.of_type("RemoteDependencyData") if item["name"] == "poll_job_status"]
    assert len(spans) == 1
    assert spans[0]["tags"]["ai.operation.id"] == TRACE
    assert spans[0]["tags"]["ai.operation.parentId"] == "b" * 16
    assert spans[0]["tags"]["ai.cloud.role"] == "nightshift"
    assert spans[0]["success"] is False
    assert spans[0]["properties"]["nightshift.run"] == "run-1"
    assert spans[0]["properties"]["nightshift.correlation_id"] == "run-1"
    assert spans[0]["properties"]["nightshift.outcome"] == "job_failed"


def test_a_log_line_is_in_the_trace_and_says_its_run(reported: Ingestion) -> None:
    """As text, which is what people search."""
    lines = [item for item in reported.of_type("MessageData") if item["message"].startswith("job_polled")]
    assert [item["message"] for item in lines] == ["job_polled run_id=1 correlation=run-1"]
    assert lines[0]["tags"]["ai.operation.id"] == TRACE


def test_metrics_keep_their_names_and_attributes(reported: Ingestion) -> None:
    """A histogram has count and maximum; the others have a value, and their maximum is not to be asked for."""
    runs = reported.metric("nightshift.runs")
    assert (runs["value"], runs["properties"]["model"], runs["properties"]["outcome"]) == (1, "m", "promoted")
    latency = reported.metric("nightshift.mitigation.latency")
    assert (latency["value"], latency["count"], latency["max"]) == (3.0, 1, 3.0)
    depth = reported.metric("nightshift.queue.depth")
    assert (depth["value"], depth["properties"]["model"], depth.get("max")) == (2, "m", None)
    assert reported.metric("nightshift.heartbeat")["value"] == 1
