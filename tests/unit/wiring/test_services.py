"""What the services know of the release that they are part of."""

import json
from pathlib import Path

from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.unit.wiring.test_settings import AZURE

ROOT = Path(__file__).resolve().parents[3]


def test_the_version_of_orchestrations_is_that_of_host_json() -> None:
    """The host reads the same file, and starts orchestrations of that version."""
    said = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]["defaultVersion"]
    assert f"{LazyServices(read_settings(AZURE, Path('/app'))).orchestration_version}.0" == said
