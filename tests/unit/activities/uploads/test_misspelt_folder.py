"""A file in a folder of no model: the run's reason names the folder as it was written, and the nearest model."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from activities.uploads.validate_data import validate_data
from nightshift.domain.lifecycle.run import ValidateRequest
from nightshift.domain.platform.errors import UnknownModelError
from nightshift.domain.platform.ports import Services
from nightshift.domain.uploads.upload import Upload


@pytest.mark.parametrize(
    ("name", "folder", "hint"),
    [
        ("Canary/x.csv", "Canary", ", did you mean 'canary'?"),
        ("canary /x.csv", "canary ", ", did you mean 'canary'?"),
        ("canari/x.csv", "canari", ", did you mean 'canary'?"),
        ("sales/x.csv", "sales", "; known models: canary, revenue_forecast"),
        ("x.csv", "unrouted", "; known models: canary, revenue_forecast"),
    ],
)
def test_the_folder_and_the_nearest_model_are_named(name: str, folder: str, hint: str) -> None:
    """Not the harmless name that stands for the folder in ids."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    upload = Upload(url=f"u/{name}", container="bronze", name=name, etag='"1"', size=9, event_time=at, event_id="e")
    services = cast("Services", SimpleNamespace(specs=SimpleNamespace(names=lambda: ("canary", "revenue_forecast"))))
    with pytest.raises(UnknownModelError) as raised:
        validate_data(services, ValidateRequest(model=upload.model, run="r", uploads=(upload,)))
    assert (raised.value.fields["field"], raised.value.fields["value"]) == ("model", folder)
    assert raised.value.message.startswith(f"{name}: ")
    assert ("did you mean" in raised.value.message, hint in raised.value.message) == ("mean" in hint, True)
