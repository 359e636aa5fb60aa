"""Two activities at once: one runs as a whole right before a write of the other; both are called again, then swept.

``pytest --crash-points=all`` tries every write; by default some of each pair, evenly, from ``--crash-seed``.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from activities.response.mitigations.notify_on_call import notify_on_call
from activities.response.mitigations.pause_compute import pause_compute, resume_compute
from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.platform.errors import NightshiftError, ServiceRefusedError
from nightshift.domain.reviews.review import Choice
from nightshift.services.response.record_alert import record_alert
from nightshift.services.reviews.decide_review import decide_review
from nightshift.sweeps.orders import watch_model
from nightshift.sweeps.owed import deliver_owed
from nightshift.wiring.services import LazyServices
from tests.integration.crashes.scene import Activity, Scene
from tests.integration.crashes.test_points import chosen
from tests.support.deciding import PROMOTE, Deciding
from tests.support.failing_ports import without_alias
from tests.support.incident_examples import alert
from tests.support.interruptions import Preempted
from tests.support.pagers import Pager
from tests.support.reviewing import flag

pytestmark = [pytest.mark.xdist_group("crashes"), pytest.mark.timeout(3600)]

# Both activities, and what is wrong at the end beyond what is wrong for every pair.
Pair = tuple[Activity, Activity, Callable[[], bool]]
_REFUSED = ServiceRefusedError("MLflow", "403", "the identity may not set aliases")


def _rollback(scene: Scene, name: str, bad: str) -> Activity:
    incident = scene.case.alert(name, model_version=bad, rule=name, value=None, severity="critical")
    order = scene.case.request(incident, "rollback")
    return lambda services: roll_back(services, order)


def _promotion(scene: Scene, number: int, version: str) -> Activity:
    deciding = Deciding(scene.services, scene.mlflow, scene.model)
    order = deciding.request(PROMOTE, number, challenger_version=version, champion_version="3")
    return lambda services: deciding.act(order, services)


def _orders(scene: Scene, kind: str) -> int:
    return len([entry for entry in scene.case.entries() if entry.kind == kind])


def _rollbacks(scene: Scene) -> Pair:
    scene.champions()
    first, second = _rollback(scene, "a1", "3"), _rollback(scene, "a2", "3")
    return first, second, lambda: (scene.case.reigns, _orders(scene, "mitigation")) == (["1", "2", "3", "2"], 1)


def _promotions(scene: Scene) -> Pair:
    scene.champions()
    first, second = _promotion(scene, 1, "2"), _promotion(scene, 2, "1")
    return first, second, lambda: len(scene.case.reigns) == 4


def _promotion_twice(scene: Scene) -> Pair:
    scene.champions()
    activity = _promotion(scene, 1, "2")
    return activity, activity, lambda: scene.case.reigns == ["1", "2", "3", "2"]


def _rollback_and_promotion(scene: Scene) -> Pair:
    scene.champions()
    first, second = _rollback(scene, "a1", "3"), _promotion(scene, 1, "1")
    return first, second, lambda: len(scene.case.reigns) == 4


def _promotion_and_rollback(scene: Scene) -> Pair:
    first, second, right = _rollback_and_promotion(scene)
    return second, first, right


def _undo_and_rollback(scene: Scene) -> Pair:
    scene.champions()
    incident = scene.case.alert("a1")
    roll_back(scene.services, scene.case.request(incident, "rollback"))
    order = scene.case.undo_request(incident)
    undo: Activity = lambda services: undo_mitigations(services, order)  # noqa: E731
    return undo, _rollback(scene, "a2", "2"), lambda: scene.case.reigns[4:] in (["3"], ["1"])


def _rollback_and_undo(scene: Scene) -> Pair:
    first, second, right = _undo_and_rollback(scene)
    return second, first, right


def _decisions(first: Choice, second: Choice) -> Callable[[Scene], Pair]:
    def prepare(scene: Scene) -> Pair:
        review = flag(scene.case, scene.mlflow, scene.folder)

        def decide(choice: Choice, by: str) -> Activity:
            return lambda services: decide_review(services, review, choice=choice, by=by, comment="because")

        def right() -> bool:
            (kept,) = scene.services.reviews.all(scene.model)
            return _orders(scene, "review") == 1 and kept.decision is not None and kept.decision.by in {"ann", "bob"}

        return decide(first, "ann"), decide(second, "bob"), right

    return prepare


def _alerts(scene: Scene) -> Pair:
    body = alert(alert_id=f"{scene.model}-r", model=scene.model, fired_at=scene.services.clock()).model_dump_json()
    activity: Activity = lambda services: record_alert(services, body.encode())  # noqa: E731
    return activity, activity, lambda: [it.occurrences for it in scene.services.incidents.all()] == [1]


def _sweep_and_rollback(scene: Scene) -> Pair:
    scene.champions()
    order = scene.case.request(scene.case.alert(), "rollback")
    with pytest.raises(ServiceRefusedError):
        roll_back(without_alias(scene.services, _REFUSED), order)
    sweep: Activity = lambda services: watch_model(scene.client, services, scene.model)  # noqa: E731
    return sweep, lambda services: roll_back(services, order), lambda: scene.case.reigns == ["1", "2", "3", "2"]


def _rollback_and_sweep(scene: Scene) -> Pair:
    first, second, right = _sweep_and_rollback(scene)
    return second, first, right


def _deliveries(scene: Scene) -> Pair:
    scene.pager.away = True
    for name in ("p1", "p2"):
        incident = scene.case.alert(name, category="pipeline", metric="", value=None, baseline=None, rule=name)
        notify_on_call(scene.services, scene.case.request(incident, "page"))
    scene.pager.away = False
    scene.passed = timedelta(minutes=3)
    return deliver_owed, deliver_owed, lambda: len({it["message"] for it in scene.pager.taken}) >= 2


def _leases(scene: Scene) -> Pair:
    orders = []
    for name in ("b1", "b2"):
        incident = scene.case.alert(name, category="budget", metric="spend", value=None, severity="critical", rule=name)
        orders.append(scene.case.request(incident, "pause_compute"))
    pause_compute(scene.services, orders[0])
    resume: Activity = lambda services: resume_compute(services, orders[0])  # noqa: E731
    return lambda services: pause_compute(services, orders[1]), resume, lambda: True


def _resume_and_pause(scene: Scene) -> Pair:
    first, second, right = _leases(scene)
    return second, first, right


PAIRS: dict[str, Callable[[Scene], Pair]] = {
    "promote, promote another": _promotions,
    "promote, promote the same": _promotion_twice,
    "approve, approve": _decisions("approve", "approve"),
    "approve, reject": _decisions("approve", "reject"),
    "roll back, roll back": _rollbacks,
    "roll back, promote": _rollback_and_promotion,
    "promote, roll back": _promotion_and_rollback,
    "undo, roll back": _undo_and_rollback,
    "roll back, undo": _rollback_and_undo,
    "the same alert twice": _alerts,
    "sweep orders, roll back": _sweep_and_rollback,
    "roll back, sweep orders": _rollback_and_sweep,
    "deliver owed, deliver owed": _deliveries,
    "pause, resume": _leases,
    "resume, pause": _resume_and_pause,
}


@pytest.mark.parametrize("name", PAIRS)
async def test_two_at_once_have_one_effect(
    responding: LazyServices,
    specs: Path,
    mlflow_client: MlflowClient,
    tmp_path: Path,
    pager: Pager,
    name: str,
    pytestconfig: pytest.Config,
) -> None:
    """Alias, alias history and sweeps agree, the ledger verifies, nothing is owed, and the effect was made once."""

    async def run(before: int) -> int:
        scene = Scene(responding, specs, mlflow_client, tmp_path, pager)
        first, second, right = PAIRS[name](scene)
        ended = await _interleaved(scene, first, second, before)
        await scene.sweep()
        assert right(), (before, scene.lasting())
        _consistent(scene, before)
        return ended

    writes = await run(0)
    points = [point + 1 for point in chosen(writes - 1, pytestconfig, name)]
    print(f"pre-emptions of {name}: {len(points)} of {writes}")  # noqa: T201 - pytest shows it with -rP
    for point in points:
        await run(point)


async def _interleaved(scene: Scene, first: Activity, second: Activity, before: int) -> int:
    """Run the first, the second in between, and then both again, as whoever ordered them; return the first's writes."""

    def other() -> None:
        thread = threading.Thread(target=asyncio.run, args=(_tried(scene, second),))
        thread.start()
        thread.join()

    watched = Preempted(scene.services, before=before, other=other)
    await _tried(scene, first, watched)
    await _tried(scene, second)
    await _tried(scene, first)
    return watched.writes


async def _tried(scene: Scene, activity: Activity, services: object = None) -> None:
    # The other was faster: that is an answer.
    with contextlib.suppress(NightshiftError):
        await scene.run(activity, services)


def _consistent(scene: Scene, before: int) -> None:
    moves = scene.services.champions.moves(scene.model)
    assert {move.state for move in moves} <= {"done", "void"}, (before, moves)
    assert scene.case.champion == (scene.case.reigns[-1] if moves else None), before
    assert scene.services.ledger.verify(scene.model) is None, before
    assert scene.services.sweeps.mark(scene.model).open == (), before
    assert scene.services.notifications.owed() == (), before
    assert scene.compute.running() == ["a", "b"], before
