"""List runs from Durable's own records: newest first, a page at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import aiohttp
import azure.durable_functions as df
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from nightshift.domain.platform.identity import RUN_PREFIX
from nightshift.domain.platform.paging import Page, Position, page_of
from nightshift.domain.platform.view import RunState, RunSummary
from nightshift.services.lifecycle.run_views import run_summary
from nightshift.services.platform.instances import list_instances, open_session

# Runs are searched in windows of this many days, because Durable sorts by instance id and has no newest first.
_WINDOWS = (1, 7, 30, 180, None)
PAGE = 500
# Durable keeps times to the tenth of a microsecond; ours end before that.
_ROUNDING = timedelta(seconds=1)


@dataclass(frozen=True)
class RunFilter:
    """Which runs: None means any. ``since`` is inclusive, ``until`` is not; both are about the start."""

    model: str | None = None
    outcome: str | None = None
    state: RunState | None = None
    since: datetime | None = None
    until: datetime | None = None

    def takes(self, run: RunSummary) -> bool:
        """Whether a run is meant."""
        return (
            self.model in {None, run.model}
            and self.outcome in {None, run.outcome}
            and self.state in {None, run.state}
            and (self.since is None or run.started_at >= self.since)
            and (self.until is None or run.started_at < self.until)
        )


async def newest_runs(
    client: df.DurableOrchestrationClient,
    wanted: RunFilter,
    *,
    after: Position | None,
    limit: int,
    page_size: int = PAGE,
) -> Page[RunSummary]:
    """The newest lifecycle runs behind a position.

    Args:
        page_size: how many Durable is asked for at once.

    Raises:
        ServiceUnavailableError: Durable does not answer.
    """
    end = min((moment for moment in (wanted.until, after.at if after else None) if moment), default=None)
    found = Page[RunSummary]((), None)
    async with open_session() as session:
        for days in _WINDOWS:
            begin = _earlier(end or datetime.now(UTC), days)
            first = max((moment for moment in (begin, wanted.since) if moment), default=None)
            statuses = await _statuses(session, client, first, _later(end), page_size)
            runs = (run for run in map(run_summary, statuses) if wanted.takes(run))
            found = page_of(runs, position_of, after=after, limit=limit)
            if found.next is not None or first is None or first == wanted.since:
                break
    return found


def position_of(run: RunSummary) -> Position:
    """The place of a run in the list of runs."""
    return Position(at=run.started_at, identity=run.run)


async def _statuses(
    session: aiohttp.ClientSession,
    client: df.DurableOrchestrationClient,
    first: datetime | None,
    last: datetime | None,
    page_size: int,
) -> list[DurableOrchestrationStatus]:
    """Every instance of the window."""
    asked = {"instanceIdPrefix": RUN_PREFIX}
    for name, moment in (("createdTimeFrom", first), ("createdTimeTo", last)):
        if moment is not None:
            asked[name] = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return await list_instances(session, client, asked, page_size)


def _earlier(moment: datetime, days: int | None) -> datetime | None:
    """None is the beginning of all time, which a cursor may come near."""
    try:
        return None if days is None else moment - timedelta(days=days)
    except OverflowError:
        return None


def _later(moment: datetime | None) -> datetime | None:
    try:
        return None if moment is None else moment + _ROUNDING
    except OverflowError:
        return None
