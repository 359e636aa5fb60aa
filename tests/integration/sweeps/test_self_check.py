"""The app pages about itself: unknown failures, restarts and sweeps; on real storage and a notification file."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_host.stack.stack import Stack
from nightshift.domain.watch.fault import MOST_TRIES, Fault, ProcessStart
from nightshift.sweeps.self_check import MOST_STARTS_AN_HOUR, watch_self
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.interruptions import Interrupted, KilledError
from tests.unit.wiring.fresh_process import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[3]


class _Later(LazyServices):
    """Services of some time later."""

    later = timedelta()

    @property
    def clock(self):  # type: ignore[no-untyped-def]
        """The time, moved."""
        return lambda: datetime.now(UTC).replace(hour=1) + self.later


@pytest.fixture
def services(tmp_path: Path) -> object:
    """On an Azurite of this test's own: what the app writes down about itself is of the whole app."""
    with Stack(ROOT, tmp_path / "state", components=("azurite",)) as endpoints:
        environment = ENVIRONMENT | {
            "NIGHTSHIFT_STORAGE_CONNECTION_STRING": endpoints.storage_connection_string,
            "NIGHTSHIFT_NOTIFY_FILE": str(tmp_path / "told.jsonl"),
        }
        yield _Later(read_settings(environment, ROOT))


def _pages(tmp_path: Path) -> list[str]:
    file = tmp_path / "told.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line)["title"] for line in lines]


def test_a_step_that_was_given_up_is_paged_once(services: _Later, tmp_path: Path) -> None:
    """Not at its first tries, and not again at each sweep; a fault hours later is reported again."""
    fault = Fault(step="retrain", model="m", run="r", call="c", message="TypeError: x", at=services.clock())
    services.faults.count(fault)
    assert (watch_self(services), _pages(tmp_path)) == (0, [])
    for _ in range(MOST_TRIES - 1):
        services.faults.count(fault)
    for _ in range(3):
        assert watch_self(services) == 1
    page = ["A step of the app fails for an unknown reason: retrain"]
    assert _pages(tmp_path) == page
    services.later = timedelta(hours=8)
    for _ in range(MOST_TRIES):
        services.faults.count(fault.model_copy(update={"at": services.clock()}))
    watch_self(services)
    assert _pages(tmp_path) == page * 2


def test_a_host_that_is_started_again_and_again_is_paged(services: _Later, tmp_path: Path) -> None:
    """Many machines that start once are a scale-out; what is kept of starts is bounded."""
    for number in range(3 * MOST_STARTS_AN_HOUR):
        services.faults.began(ProcessStart(instance=f"machine-{number}", at=services.clock()))
    assert watch_self(services) == 0
    for _ in range(MOST_STARTS_AN_HOUR):
        services.faults.began(ProcessStart(instance="machine-0", at=services.clock()))
    assert watch_self(services) == 1
    assert _pages(tmp_path) == ["The app is started again and again"]
    for _ in range(50):
        services.faults.began(ProcessStart(instance="machine-1", at=services.clock()))
    assert len(services.faults.starts()) == 50


def test_a_sweep_that_does_not_look_is_paged(services: _Later, tmp_path: Path) -> None:
    """By name, with its problem."""
    assert watch_self(services, [("sweep_orders", "it has not come to its end for more than 3 minutes")]) == 1
    assert _pages(tmp_path) == ["A sweep of the app does not do its work: sweep_orders"]


def test_killed_anywhere_the_next_sweep_pages_once(services: _Later, tmp_path: Path) -> None:
    """Between any two calls of its ports; each point has a fault of its own, days after the one before."""

    def given_up(number: int) -> str:
        services.later = timedelta(days=2 * number)
        step = f"step-{number}"
        for _ in range(MOST_TRIES):
            services.faults.count(
                Fault(step=step, model="m", run="r", call=step, message="TypeError: x", at=services.clock())
            )
        return f"A step of the app fails for an unknown reason: {step}"

    pages = [given_up(0)]
    undisturbed = Interrupted(services, last=0, after=False)
    assert watch_self(undisturbed) == 1
    for point in range(undisturbed.calls + 1):
        pages.append(given_up(point + 1))
        with pytest.raises(KilledError):
            watch_self(Interrupted(services, last=max(point, 1), after=bool(point)))
        assert watch_self(services) == 1
        assert _pages(tmp_path) == pages
