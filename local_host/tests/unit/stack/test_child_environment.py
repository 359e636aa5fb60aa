"""What the stack's processes inherit."""

from __future__ import annotations

from local_host.stack.child_environment import child_environment


def test_settings_of_real_services_do_not_leak_in() -> None:
    """The user's workspace, account, tracking server and Application Insights stay out; the rest stays."""
    user = {
        "PATH": "/bin",
        "APP_DATA": "/data",
        "DATABRICKS_HOST": "https://real",
        "DATABRICKS_CONFIG_PROFILE": "prod",
        "MLFLOW_TRACKING_URI": "https://real",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=real",
        "ARM_CLIENT_ID": "x",
        "AZURE_CLIENT_ID": "x",
        "AZURITE_DB": "mysql://",
        "LOCAL_HOST_STACK_ID": "another stack's",
        "OTHER_BUS": "Endpoint=sb://elsewhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": "/elsewhere",
    }
    assert child_environment(user, {"DATABRICKS_HOST": "http://127.0.0.1:6"}, ["OTHER_BUS"]) == {
        "PATH": "/bin",
        "APP_DATA": "/data",
        "DATABRICKS_HOST": "http://127.0.0.1:6",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def test_loopback_never_goes_by_a_proxy() -> None:
    """What the user has excluded stays excluded."""
    environment = child_environment({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "intranet"}, {})
    assert environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert environment["HTTPS_PROXY"] == "http://proxy"
