"""Where telemetry goes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nightshift.domain.platform.errors import BadInputError
from nightshift.wiring.telemetry import configure_telemetry, read_telemetry_settings

ROOT = Path(__file__).resolve().parents[3]
CONNECTION = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9/"


def _run(program: str) -> object:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_it_is_off_by_default() -> None:
    """Nothing is set up, and nothing of the SDK is imported with the app."""
    assert configure_telemetry({}) == "off"
    heavy = "('opentelemetry.sdk', 'opentelemetry.exporter', 'azure.monitor', 'opentelemetry.instrumentation')"
    assert _run(f"import json, sys, function_app\nprint(json.dumps([n for n in {heavy} if n in sys.modules]))") == []


def test_a_collector_needs_an_address() -> None:
    """The setting is named, with its value and the rule."""
    with pytest.raises(BadInputError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT = 'collector:4317': must begin with http"):
        read_telemetry_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"})


def test_application_insights_takes_the_managed_identity() -> None:
    """The distro is set up with the identity's credential, and not with a key."""
    assert _run(f"""
import json
import azure.monitor.opentelemetry as distro
given = {{}}
distro.configure_azure_monitor = lambda **kwargs: given.update(kwargs)
from nightshift.wiring.telemetry import configure_telemetry
where = configure_telemetry({{"APPLICATIONINSIGHTS_CONNECTION_STRING": {CONNECTION!r}, "AZURE_CLIENT_ID": "app"}})
print(json.dumps([where, given["connection_string"], type(given["credential"]).__name__]))
""") == ["azure", CONNECTION, "ManagedIdentityCredential"]


def test_what_the_worker_has_set_up_is_kept() -> None:
    """A second exporter would send everything twice."""
    assert _run(f"""
import json
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
provider = TracerProvider()
trace.set_tracer_provider(provider)
from nightshift.wiring.telemetry import configure_telemetry
where = configure_telemetry({{"APPLICATIONINSIGHTS_CONNECTION_STRING": {CONNECTION!r}}})
print(json.dumps([where, trace.get_tracer_provider() is provider]))
""") == ["worker", True]
