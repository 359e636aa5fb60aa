"""A durable engine behind a real HTTP server, and the official client of it."""

from pathlib import Path

import pytest

from local_host.testing.durable_server import host, serve

__all__ = ["host", "serve"]

_SDK_WARNINGS = (
    "ignore:azure.functions df_loads was called without expected_type:DeprecationWarning",
    "ignore:Potential duplicate Task completion:UserWarning",
    # The SDK passes aiohttp an option that it no longer needs.
    "ignore:enable_cleanup_closed ignored:DeprecationWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDK's own warnings are not ours to fail on."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            for warning in _SDK_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))
