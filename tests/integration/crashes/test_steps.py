"""Every step of a run and of an improvement round, broken off between any two calls of its ports and called again.

Nothing else follows a step that was killed: Durable calls it again. So its second result, and all that lasts, are those
of an undisturbed call. ``--crash-points`` as in test_points.
"""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from nightshift.wiring.services import LazyServices
from tests.integration.crashes.steps import STEPS, Step, World
from tests.integration.crashes.test_points import chosen, differences
from tests.support.interruptions import Interrupted, KilledError

pytestmark = [pytest.mark.xdist_group("crashes"), pytest.mark.timeout(3600)]


@pytest.mark.parametrize("name", STEPS)
def test_broken_off_anywhere_a_step_is_made_once(
    name: str,
    responding: LazyServices,
    specs: Path,
    mlflow_client: MlflowClient,
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    """Result, ledger, blobs, MLflow's runs, traces and versions, job runs and events."""

    def prepare(number: int) -> Step:
        folder = tmp_path / str(number)
        folder.mkdir()
        return STEPS[name](World(responding, mlflow_client, specs, folder))

    step = prepare(0)
    watched = Interrupted(step.services, last=0, after=False)
    result = step.run(watched)
    undisturbed = step.lasting(result)
    points = chosen(watched.calls, pytestconfig, name)
    print(f"crash points of {name}: {len(points)} of {watched.calls + 1}")  # noqa: T201 - pytest shows it with -rP
    for number, point in enumerate(points, start=1):
        step = prepare(number)
        with pytest.raises(KilledError):
            step.run(Interrupted(step.services, last=max(point, 1), after=bool(point)))
        end = step.lasting(step.run(step.services))
        assert not (found := differences(undisturbed, end)), f"broken off after {point} calls:\n{found}"
