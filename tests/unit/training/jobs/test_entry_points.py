"""The entry points that job definitions name."""

import importlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
ENTRY_POINTS: dict[str, str] = tomllib.loads((ROOT / "training/pyproject.toml").read_text())["project"]["entry-points"][
    "nightshift_training"
]


def test_all_tasks_have_an_entry_point() -> None:
    """The wheel offers train, score and validate."""
    assert sorted(ENTRY_POINTS) == ["score", "train", "validate"]


@pytest.mark.parametrize("target", ENTRY_POINTS.values())
def test_an_entry_point_is_a_main(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each can be imported and asks for its parameters."""
    module, function = target.split(":")
    with pytest.raises(SystemExit):
        getattr(importlib.import_module(module), function)([])
    assert "required" in capsys.readouterr().err
