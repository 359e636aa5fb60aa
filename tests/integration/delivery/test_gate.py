"""The gate names what is missing before a package is deployed. The Azure CLI is a stand-in: a tenant is not at hand."""

import json
from typing import Any

import pytest

from nightshift.delivery.environment import Environment
from nightshift.delivery.gate import examine
from tests.integration.delivery.conftest import AzureCli
from tests.unit.delivery.environments import OUTPUT

_ENVIRONMENT = Environment.parse("dev", json.dumps(OUTPUT), "here")
_SOUND: dict[str, Any] = {
    "storage container-rm list --storage-account stnightshiftdevd0000": ["bronze", "silver", "more"],
    "storage container-rm list --storage-account stnightshiftdevh0000": ["releases"],
    "servicebus queue list --namespace-name sb-nightshift-dev-0000": ["blob-events", "model-alerts"],
    "role assignment list --scope /bronze": ["Storage Blob Data Reader"],
    "role assignment list --scope /silver": ["Storage Blob Data Contributor"],
    "rest --resource": ["nightshift_dev.models"],
    "rest --method get --url /subscriptions/": {
        "properties": {
            "platform": {"enabled": True},
            "globalValidation": {"requireAuthentication": True, "excludedPaths": ["/api/health"]},
        }
    },
}


def _faults(azure_cli: AzureCli, **changed: Any) -> dict[str, str]:
    azure_cli.answer(_SOUND | changed)
    return {check.part: check.fault for check in examine(_ENVIRONMENT) if check.fault}


def test_a_whole_environment_passes(azure_cli: AzureCli) -> None:
    """Each container, queue, role and the registry is asked for, in its subscription."""
    assert _faults(azure_cli) == {}
    assert len(azure_cli.calls()) == 7
    management = [call for call in azure_cli.calls() if call[0] != "rest"]
    assert all(_ENVIRONMENT.subscription_id in call for call in management)
    registry = next(call for call in azure_cli.calls() if call[:2] == ["rest", "--resource"])
    assert f"{_ENVIRONMENT.databricks_url}/api/2.1/unity-catalog/schemas/nightshift_dev.models" in registry


def test_what_is_missing_is_named(azure_cli: AzureCli) -> None:
    """A queue and a role, each by its name; the rest goes on to be checked."""
    changed = {
        "servicebus queue list --namespace-name sb-nightshift-dev-0000": ["blob-events"],
        "role assignment list --scope /silver": [],
    }
    assert _faults(azure_cli, **changed) == {
        "queues of sb-nightshift-dev-0000": "missing: model-alerts",
        "the app's roles on silver": "missing: Storage Blob Data Contributor",
    }


@pytest.mark.parametrize(
    ("properties", "missing"),
    [
        ({"platform": {"enabled": False}, "globalValidation": {"requireAuthentication": True}}, "platform.enabled"),
        ({"platform": {"enabled": True}, "globalValidation": {}}, "globalValidation.requireAuthentication"),
        (None, "globalValidation.requireAuthentication, platform.enabled"),
    ],
)
def test_a_sign_in_that_is_off_shuts_the_gate(azure_cli: AzureCli, properties: object, missing: str) -> None:
    """An apply that stopped half-way leaves an app without one."""
    answer = {"rest --method get --url /subscriptions/": {"properties": properties}}
    assert _faults(azure_cli, **answer) == {"sign-in of func-nightshift-dev-0000": f"missing: {missing}"}
    (asked,) = (call[-3] for call in azure_cli.calls() if call[:2] == ["rest", "--method"])
    assert asked.endswith("/sites/func-nightshift-dev-0000/config/authsettingsV2?api-version=2024-04-01")


@pytest.mark.parametrize("answer", [{"text": "<html>Sign in</html>"}, None, {"not": "a list"}])
def test_what_is_no_answer_shuts_the_gate(azure_cli: AzureCli, answer: Any) -> None:
    """A proxy's page, nothing, or another thing than was asked for is said, and the rest is still asked."""
    faults = _faults(azure_cli, **{"servicebus queue list --namespace-name sb-nightshift-dev-0000": answer})
    assert list(faults) == ["queues of sb-nightshift-dev-0000"]
    assert "`az servicebus queue` answered" in faults["queues of sb-nightshift-dev-0000"]


def test_what_cannot_be_asked_shuts_the_gate(azure_cli: AzureCli) -> None:
    """A registry that does not answer, in its own words."""
    faults = _faults(azure_cli, **{"rest --resource": {"error": "Forbidden"}})
    assert list(faults) == ["registry nightshift_dev.models"]
    assert "Forbidden" in faults["registry nightshift_dev.models"]
