"""Record what each sweep has found, and judge whether every sweep still runs."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.health import SweepHealth
from nightshift.domain.platform.ports import Services
from nightshift.domain.watch.sweep import MISSED, SWEEPS, SweepRun, Swept

logger = logging.getLogger(__name__)


async def report_sweep(services: Services, name: str, sweep: Callable[[], Awaitable[Swept | int]]) -> None:
    """Run a sweep and record the run: what it found, or why it broke off.

    Raises:
        Exception: what the sweep has raised.
    """
    try:
        swept = await sweep()
    except Exception as error:
        problem = f"broke off: {type(error).__name__}: {error}"
        try:
            await asyncio.to_thread(_saw, services, name, Swept(found=0, problem=problem), broke_off=True)
        except NightshiftError:
            # Where the sweep's own failure is that of the storage, its health says so.
            logger.exception("sweep_not_reported sweep=%s", name)
        raise
    if isinstance(swept, int):
        swept = Swept(found=swept)
    await asyncio.to_thread(_saw, services, name, swept)
    if swept.found or swept.problem:
        logger.warning("sweep_found sweep=%s found=%d problem=%r", name, swept.found, swept.problem)


def _saw(services: Services, name: str, swept: Swept, *, broke_off: bool = False) -> None:
    services.sweeps.saw(name, at=services.clock(), found=swept.found, problem=swept.problem, broke_off=broke_off)


def read_sweeps(services: Services, started: datetime) -> tuple[SweepHealth, ...]:
    """The last run of every sweep; a sweep that has not completed for three of its intervals is unhealthy.

    Args:
        started: when this process was started: before that, no process may have been there to run it.
    """
    runs = {last.name: last for last in services.sweeps.last()}
    return tuple(_judged(name, runs.get(name), started, services.clock()) for name in SWEEPS)


def _judged(name: str, last: SweepRun | None, started: datetime, now: datetime) -> SweepHealth:
    limit = SWEEPS[name] * MISSED
    whole_at = last.whole_at if last else None
    ok = now - max(whole_at or started, started) <= limit
    return SweepHealth(
        name=name,
        ok=ok,
        looked_at=whole_at,
        found=last.found if last else 0,
        problem=last.problem if last else "",
        reason="" if ok else f"it has not come to its end for more than {limit.total_seconds() / 60:g} minutes",
    )
