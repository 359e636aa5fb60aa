"""Whether a sweep still looks, and what is kept of a look that broke off."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.health import SweepHealth
from nightshift.domain.watch.sweep import MISSED, SWEEPS, SweepRun, Swept
from nightshift.sweeps.report_sweep import read_sweeps, report_sweep

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)
NAME = "sweep_queues"
LIMIT = SWEEPS[NAME] * MISSED
SECOND = timedelta(seconds=1)


@dataclass
class _Services:
    """A clock and a sweep store."""

    looks: tuple[SweepRun, ...] = ()
    saws: list[tuple[str, int, str, bool]] = field(default_factory=list)
    away: bool = False

    @property
    def sweeps(self) -> "_Services":
        return self

    def last(self) -> tuple[SweepRun, ...]:
        return self.looks

    def saw(self, name: str, *, at: datetime, found: int, problem: str = "", broke_off: bool = False) -> None:
        if self.away:
            raise ServiceUnavailableError("Table storage", "refused")
        self.saws.append((name, found, problem, broke_off))

    def clock(self) -> datetime:
        return NOW


def _health(started: datetime, whole_at: datetime | None) -> SweepHealth:
    looks = (SweepRun(name=NAME, at=NOW, found=1, whole_at=whole_at),)
    found = read_sweeps(_Services(looks), started)  # type: ignore[arg-type]
    return next(item for item in found if item.name == NAME)


@pytest.mark.parametrize(
    ("started", "whole_at", "ok"),
    [
        (NOW - timedelta(days=1), NOW - LIMIT, True),
        (NOW - timedelta(days=1), NOW - LIMIT - SECOND, False),
        (NOW - timedelta(days=1), None, False),
        # Found once the clock has come to where it was set back from, and not later.
        (NOW - timedelta(days=1), NOW + timedelta(hours=1), True),
        (NOW - LIMIT, None, True),
        (NOW - LIMIT, NOW - timedelta(days=1), True),
        (NOW - LIMIT - SECOND, NOW - timedelta(days=1), False),
    ],
    ids=[
        "in time",
        "late",
        "never",
        "the clock was set back",
        "just started",
        "was stopped for a day",
        "does not look since the start",
    ],
)
def test_a_sweep_that_has_missed_three_runs_is_unhealthy(
    started: datetime, whole_at: datetime | None, ok: bool
) -> None:
    """Before the process was started nobody may have been there to look."""
    health = _health(started, whole_at)
    assert (health.ok, bool(health.reason)) == (ok, not ok)


async def test_a_sweep_is_reported() -> None:
    """What it found, and what it could not look at."""
    services = _Services()

    async def sweep() -> Swept:
        return Swept(found=2, problem="m: MLflow is not available")

    await report_sweep(services, NAME, sweep)  # type: ignore[arg-type]
    assert services.saws == [(NAME, 2, "m: MLflow is not available", False)]


@pytest.mark.parametrize("away", [False, True])
async def test_a_sweep_that_broke_off_is_reported_and_raised(away: bool) -> None:
    """The host must see the failure, whether or not it can be written down."""
    services = _Services(away=away)

    async def sweep() -> int:
        raise ServiceUnavailableError("Durable Functions", "it does not answer")

    with pytest.raises(ServiceUnavailableError, match="Durable"):
        await report_sweep(services, NAME, sweep)  # type: ignore[arg-type]
    assert [(name, broke_off) for name, _, _, broke_off in services.saws] == ([] if away else [(NAME, True)])
