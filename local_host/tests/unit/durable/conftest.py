"""Hubs that are driven by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_host.testing.hand_driven import HandDriven

_SDK_WARNINGS = (
    "ignore:azure.functions df_loads was called without expected_type:DeprecationWarning",
    "ignore:Potential duplicate Task completion:UserWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The SDK's own warnings are not ours to fail on."""
    folder = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(folder):
            for warning in _SDK_WARNINGS:
                item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Callable[..., HandDriven]]:
    """Makes hand-driven hubs and closes them afterwards."""
    made: list[HandDriven] = []

    def make(*arguments: Any, **options: Any) -> HandDriven:
        driven = HandDriven(tmp_path / f"hub{len(made)}.db", *arguments, **options)
        made.append(driven)
        return driven

    yield make
    for driven in made:
        driven.close()
