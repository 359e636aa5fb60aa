"""The specs that ship with the project."""

from pathlib import Path

import pytest

from nightshift.clients.platform.spec_files import SpecFiles
from nightshift.domain.platform.spec import ModelSpec
from nightshift.training.steps.features import recipe_of

FOLDER = Path(__file__).parents[3] / "model_specs"
SPECS = SpecFiles(FOLDER)


@pytest.fixture(params=SPECS.names())
def spec(request: pytest.FixtureRequest) -> ModelSpec:
    """Each shipped spec."""
    return SPECS.get(request.param)


def test_three_models_ship() -> None:
    """The forecast, the detector, and the canary of the smoke test."""
    assert SPECS.names() == ("anomaly_detector", "canary", "revenue_forecast")


def test_training_accepts_the_spec(spec: ModelSpec) -> None:
    """What the spec lists as features can be made."""
    assert recipe_of(spec).columns == spec.training.features


def test_training_has_a_key(spec: ModelSpec) -> None:
    """Uploads of one run can be put together."""
    assert spec.contract.key == ("timestamp",)


def test_every_upload_can_fill_a_holdout(spec: ModelSpec) -> None:
    """The smallest upload that the contract admits leaves both parts their least size."""
    holdout = spec.evaluation.holdout
    size = max(holdout.min_rows, round(holdout.newest_fraction * spec.contract.min_rows))
    assert spec.contract.min_rows - size >= holdout.min_rows


def test_the_end_of_a_job_is_seen_soon(spec: ModelSpec) -> None:
    """A poll comes within a fifth of the time that the job has taken, and within a minute."""
    assert spec.job.polling.backoff <= 1.2
    assert spec.job.polling.max_seconds <= 60
