"""An environment as Terraform's output tells it."""

from typing import Any

OUTPUT: dict[str, Any] = {
    "name": "dev",
    "app_url": "https://func-nightshift-dev-0000.example.com",
    "audience": "api://00000000-0000-0000-0000-0000000000aa",
    "tenant_id": "00000000-0000-0000-0000-0000000000bb",
    "subscription_id": "00000000-0000-0000-0000-0000000000cc",
    "resource_group": "rg-nightshift-dev",
    "function_app": "func-nightshift-dev-0000",
    "plan": "FC1",
    "python_version": "3.13",
    "app_principal_id": "00000000-0000-0000-0000-0000000000dd",
    "blob_endpoint": "https://stnightshiftdevd0000.blob.example.com/",
    "data_account": "stnightshiftdevd0000",
    "host_account": "stnightshiftdevh0000",
    "releases_endpoint": "https://stnightshiftdevh0000.blob.example.com/releases",
    "service_bus": "sb-nightshift-dev-0000",
    "databricks_url": "https://adb-0.example.com",
    "model_schema": "nightshift_dev.models",
    "wheel": "/Volumes/nightshift_dev/models/wheels/nightshift_training-0.1.0-py3-none-any.whl",
    "containers": {"stnightshiftdevd0000": ["bronze", "silver"], "stnightshiftdevh0000": ["releases"]},
    "queues": ["blob-events", "model-alerts"],
    "roles": [
        {"role": "Storage Blob Data Reader", "scope": "/bronze"},
        {"role": "Storage Blob Data Contributor", "scope": "/silver"},
    ],
}
