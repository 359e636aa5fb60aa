"""Every activity, broken off between any two calls of its ports, called again and swept: the end is the same.

``pytest --crash-points=all`` tries every point; by default some of each activity, evenly, from
``--crash-seed``. ``--crash-points=0 -rP`` only counts them.
"""

import contextlib
import difflib
import inspect
import json
import random
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from nightshift.domain.platform.errors import ConflictError
from nightshift.wiring.services import LazyServices
from tests.integration.crashes.scenarios import SCENARIOS, Scenario
from tests.integration.crashes.scene import Scene
from tests.support.interruptions import Interrupted, KilledError
from tests.support.pagers import Pager

pytestmark = [pytest.mark.xdist_group("crashes"), pytest.mark.timeout(3600)]

# The documented difference: killed between sending and writing that down, the message is sent a second time.
_SENDING = {"notifier.send", "notifications.change"}


class Stage:
    """Makes scenes, one for each point."""

    def __init__(self, services: LazyServices, specs: Path, client: MlflowClient, folder: Path, pager: Pager) -> None:
        self._given = services, specs, client, folder, pager

    async def end(self, scenario: Scenario, point: int | None) -> tuple[dict[str, Any], list[str]]:
        """What lasts at the end, and the calls that were made; broken off after so many calls unless None."""
        scene = Scene(*self._given)
        prepared: Any = scenario.prepare(scene)
        activity = await prepared if inspect.isawaitable(prepared) else prepared
        watched = Interrupted(scene.services, last=max(point or 0, 1) if point is not None else 0, after=bool(point))
        try:
            await scene.run(activity, watched)
        except KilledError:
            known = (ConflictError,) if scenario.refused else ()
            with contextlib.suppress(*known):
                await scene.run(activity)
        await scene.sweep()
        return scene.lasting(), watched.made


@pytest.fixture
def stage(responding: LazyServices, specs: Path, mlflow_client: MlflowClient, tmp_path: Path, pager: Pager) -> Stage:
    """A stage."""
    return Stage(responding, specs, mlflow_client, tmp_path, pager)


@pytest.mark.parametrize("name", SCENARIOS)
async def test_broken_off_anywhere_the_end_is_the_same(stage: Stage, name: str, pytestconfig: pytest.Config) -> None:
    """Ledger, champions, alias, tags, endpoint, compute, incidents, reviews, queue, dead letters, and what people are
    notified.

    A message may reach people twice, if the process is killed between sending it and writing that down.
    """
    scenario = SCENARIOS[name]
    undisturbed, calls = await stage.end(scenario, None)
    assert calls, "the activity touches something"
    points = chosen(len(calls), pytestconfig, name)
    print(f"crash points of {name}: {len(points)} of {len(calls) + 1}")  # noqa: T201 - pytest shows it with -rP
    for point in points:
        end, _ = await stage.end(scenario, point)
        where = f"broken off after {point} calls ({calls[point - 1] if point else 'before the first'})"
        if point and _SENDING & set(calls[point - 1 : point + 1]):
            _once(end)
            _once(undisturbed)
        assert not (found := differences(undisturbed, end)), f"{where}:\n{found}"


def differences(undisturbed: Any, end: Any) -> str:
    """What is not the same, as a diff; empty if nothing is."""
    wanted, found = (json.dumps(what, indent=1, sort_keys=True).splitlines() for what in (undisturbed, end))
    return "\n".join(difflib.unified_diff(wanted, found, "undisturbed", "broken off", lineterm="", n=4))


def _once(end: dict[str, Any]) -> None:
    end["told"] = [it for number, it in enumerate(end["told"]) if it not in end["told"][:number]]


def chosen(calls: int, config: pytest.Config, name: str) -> list[int]:
    """Points from 0, before the first call, to the one behind the last."""
    wanted = config.getoption("--crash-points")
    if wanted == "all" or int(wanted) > calls:
        return list(range(calls + 1))
    if wanted == "0":
        return []
    step = (calls + 1) / int(wanted)
    offset = random.Random(f"{config.getoption('--crash-seed')}-{name}").uniform(0, step)
    return [int(offset + number * step) for number in range(int(wanted))]
