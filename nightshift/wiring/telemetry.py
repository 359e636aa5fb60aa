"""Where spans, metrics and log lines go: Application Insights, any OTLP collector, or nowhere."""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from nightshift.domain.platform.errors import BadInputError

logger = logging.getLogger(__name__)

# The transport's own lines about each export would be exported in turn.
_TRANSPORTS = ("azure.core", "azure.monitor", "opentelemetry", "urllib3", "requests")
# By the gigabyte, every read of a table is too much; the calls of Databricks and MLflow go through requests.
LEFT_OUT = ("azure_sdk", "django", "fastapi", "flask", "psycopg2", "urllib", "urllib3")


@dataclass(frozen=True)
class TelemetrySettings:
    """Where telemetry goes; nowhere if neither is set.

    Attributes:
        connection_string: of Application Insights; an address and no secret, since it takes the managed identity only.
        otlp_endpoint: of a collector, http or https; the exporters read it and every other OTEL_ variable themselves.
        client_id: of the user-assigned managed identity.
    """

    connection_string: str
    otlp_endpoint: str
    client_id: str | None
    environment: str

    @property
    def off(self) -> bool:
        """Whether telemetry goes nowhere."""
        return not (self.connection_string or self.otlp_endpoint)


def read_telemetry_settings(environ: Mapping[str, str]) -> TelemetrySettings:
    """Read the settings of telemetry.

    Raises:
        BadInputError: the address of the collector is none.
    """
    endpoint = environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    if endpoint and urlsplit(endpoint).scheme not in {"http", "https"}:
        rule = "must begin with http:// or https:// (the protocol is http/protobuf)"
        raise BadInputError(field="OTEL_EXPORTER_OTLP_ENDPOINT", value=endpoint, rule=rule, where="app settings")
    return TelemetrySettings(
        connection_string=environ.get("APPLICATIONINSIGHTS_CONNECTION_STRING", ""),
        otlp_endpoint=endpoint,
        client_id=environ.get("AZURE_CLIENT_ID"),
        environment=environ.get("NIGHTSHIFT_ENVIRONMENT", "local"),
    )


def configure_telemetry(environ: Mapping[str, str]) -> str:
    """Set up OpenTelemetry as the environment says; return where it goes: ``azure``, ``otlp``, ``worker`` or ``off``.

    With PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY the Functions worker has set it up before it imports the app; a
    second exporter would send everything twice. Off, nothing of the SDK is imported.
    """
    settings = read_telemetry_settings(environ)
    if settings.off:
        return "off"
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    for name in _TRANSPORTS:
        logging.getLogger(name).setLevel(logging.WARNING)
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return "worker"
    if settings.connection_string:
        _to_application_insights(settings)
        return "azure"
    _to_collector(settings)
    return "otlp"


def _to_application_insights(settings: TelemetrySettings) -> None:
    from azure.identity import ManagedIdentityCredential
    from azure.monitor.opentelemetry import configure_azure_monitor

    configure_azure_monitor(
        connection_string=settings.connection_string,
        credential=ManagedIdentityCredential(client_id=settings.client_id),
        instrumentation_options={name: {"enabled": False} for name in LEFT_OUT},
        enable_live_metrics=False,
        enable_performance_counters=False,
    )


def _to_collector(settings: TelemetrySettings) -> None:
    from opentelemetry import metrics, trace
    from opentelemetry._logs import set_logger_provider
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.logging.handler import LoggingHandler
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # MLflow's client would send its own traces there instead of to MLflow.
    os.environ.setdefault("MLFLOW_ENABLE_OTLP_EXPORTER", "false")
    name = os.environ.get("OTEL_SERVICE_NAME") or "nightshift"
    resource = Resource.create({"service.name": name, "deployment.environment.name": settings.environment})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)
    metrics.set_meter_provider(
        MeterProvider(resource=resource, metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())])
    )
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    set_logger_provider(logs)
    logging.getLogger().addHandler(LoggingHandler(level=logging.INFO, logger_provider=logs))
