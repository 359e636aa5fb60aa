"""Every setting that the app reads in Azure is set by Terraform, and none is set that nobody reads."""

import json
import re

from nightshift.domain.platform.sign_in import VARIABLE
from nightshift.triggers.api.endpoints import api_endpoints
from nightshift.wiring.telemetry import LEFT_OUT
from tests.unit.terraform.hcl import ROOT, TERRAFORM, block, keys, sources

# Development keys and files of the local stack: in Azure the managed identity takes their place.
LOCAL_ONLY = {
    "NIGHTSHIFT_STORAGE_CONNECTION_STRING",
    "NIGHTSHIFT_EVENTGRID_KEY",
    "NIGHTSHIFT_SERVICEBUS",
    "NIGHTSHIFT_NOTIFY_FILE",
    "NIGHTSHIFT_LLM_KEY",
    "DATABRICKS_TOKEN",
}
_SETTING = re.compile(r'"((?:NIGHTSHIFT|DATABRICKS|MLFLOW|AZURE)_[A-Za-z_]+)"')
# The Functions host reads these of a connection by its name.
_CONNECTION = re.compile(r"^(?P<name>\w+?)__(?:fullyQualifiedNamespace|credential|clientId|accountName)$")


def _read_by_settings() -> set[str]:
    files = (ROOT / "nightshift" / "wiring").glob("*settings.py")
    return {name for file in files for name in _SETTING.findall(file.read_text(encoding="utf-8"))}


def _connections() -> set[str]:
    found: set[str] = set()
    for file in (ROOT / "nightshift" / "functions").glob("*.py"):
        found |= set(re.findall(r'connection="(\w+)"', file.read_text(encoding="utf-8")))
    return found


def _set_by_terraform() -> set[str]:
    code = sources(TERRAFORM / "modules" / "function_app")
    names = keys(block(code, "app_settings = {")) + keys(block(code, "notification_secrets = {"))
    return set(names)


def test_every_setting_is_set() -> None:
    """A setting without a value would stop the app at its first call, or change it silently."""
    assert sorted(_read_by_settings() - LOCAL_ONLY - _set_by_terraform()) == []


def test_no_setting_is_orphaned() -> None:
    """A setting that nobody reads misleads who changes it."""
    connections = {
        name for name in _set_by_terraform() if (m := _CONNECTION.match(name)) and m["name"] in _connections()
    }
    assert sorted(_set_by_terraform() - _read_by_settings() - connections) == []


def test_telemetry_goes_to_application_insights_by_identity() -> None:
    """What wiring/telemetry.py reads is set or local, the worker sets OpenTelemetry up, and no key is needed."""
    code = sources(TERRAFORM / "modules" / "function_app")
    host, telemetry = keys(block(code, "host_settings = {")), block(code, "telemetry_settings = {")
    source = (ROOT / "nightshift" / "wiring" / "telemetry.py").read_text(encoding="utf-8")
    read = set(re.findall(r'get\("([A-Z][A-Z_]+)"', source))
    # A collector is for other places than Azure.
    assert read - {*host, *keys(telemetry), *_set_by_terraform()} == {"OTEL_EXPORTER_OTLP_ENDPOINT"}
    assert "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY" in keys(telemetry)
    assert "APPLICATIONINSIGHTS_AUTHENTICATION_STRING" in host
    # Without the variable above it breaks every async call (Azure/azure-functions-python-worker#1881).
    assert "PYTHON_ENABLE_OPENTELEMETRY" not in code
    assert json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["telemetryMode"] == "OpenTelemetry"


def test_the_app_and_the_worker_leave_out_the_same_instrumentations() -> None:
    """Whoever sets OpenTelemetry up, the bill is the same."""
    code = sources(TERRAFORM / "modules" / "function_app")
    left_out = re.search(r'OTEL_PYTHON_DISABLED_INSTRUMENTATIONS\s*=\s*"([\w,]+)"', code)
    assert left_out is not None
    assert left_out[1] == ",".join(LEFT_OUT)


def test_every_connection_of_a_trigger_has_an_identity() -> None:
    """A trigger's connection by identity needs an address, the kind of credential and the client id."""
    connections = _connections()
    assert connections == {"NIGHTSHIFT_SERVICEBUS"}
    wanted = {
        f"{name}__{part}" for name in connections for part in ("fullyQualifiedNamespace", "credential", "clientId")
    }
    assert wanted - _set_by_terraform() == set()


def test_no_local_key_reaches_azure() -> None:
    """The development keys stay on the development machine."""
    assert _set_by_terraform() & LOCAL_ONLY == set()


def test_the_host_keeps_durable_on_storage() -> None:
    """host.json names no other storage provider; Terraform puts the scheduler over it where it is wanted."""
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]
    assert durable.get("storageProvider", {}).get("type", "AzureStorage") == "AzureStorage"


def test_the_health_path_exists() -> None:
    """The health check of a Premium plan calls a route that the app has; Flex Consumption has no health check."""
    code = sources(TERRAFORM / "modules" / "function_app")
    paths = set(re.findall(r'health_?[cC]heck_?[pP]ath\s*=\s*"/api/([\w/]+)"', code))
    assert paths == {"health"}
    assert paths <= {endpoint.path for endpoint in api_endpoints() if not endpoint.roles}


def test_the_front_page_is_ours() -> None:
    """Pages stand at the root: no prefix before routes, and the host's own home page away."""
    extensions = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]
    assert extensions["http"]["routePrefix"] == ""
    settings = block(sources(TERRAFORM / "modules" / "function_app"), "host_settings = {")
    assert re.search(r'AzureWebJobsDisableHomepage\s*=\s*"true"', settings)


def test_no_door_is_open_that_nobody_can_come_through() -> None:
    """Databricks' notifications get past no address rule, so no path and no job tells of them."""
    assert "jobs/finished" not in sources(TERRAFORM / "modules" / "function_app")
    assert "notification_destination" not in sources(TERRAFORM / "modules" / "databricks_content")


def test_the_push_target_exists() -> None:
    """Event Grid pushes to a function of the app."""
    name = re.search(r"functions/(\w+)\"", sources(TERRAFORM))
    assert name is not None
    assert f"def {name[1]}(" in (ROOT / "nightshift" / "triggers" / "blob_events.py").read_text(encoding="utf-8")


def test_only_the_platform_says_that_the_sign_in_is_on() -> None:
    """As an app setting the variable would stand before the platform's word, and open an app without a sign-in."""
    assert VARIABLE not in sources(TERRAFORM / "modules" / "function_app") + sources(TERRAFORM)


def test_what_the_sign_in_decides_is_kept() -> None:
    """Beside the app's own log: a forged or refused sign-in shows there and nowhere else."""
    logs = re.search(r"function-app = \{.*categories = \[(.*?)\]", sources(TERRAFORM))
    assert logs is not None
    assert "AppServiceAuthenticationLogs" in logs[1]
