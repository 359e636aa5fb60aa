"""Last night's story: what happened to the models, merged from all records, newest first."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from nightshift.domain.champions.decision import AliasChange, withdrawn
from nightshift.domain.platform.identity import RunId
from nightshift.domain.platform.times import plain_times
from nightshift.domain.platform.view import RunSummary
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.review import Review
from nightshift.pages.views import StoryEntry

# A page to be read at 3 am; `nightshift handover` has all of it.
SHOWN = 60
_LONGEST = 240
_TONES = {"promoted": "good", "failed": "bad", "terminated": "bad"}
_DONE = {"done": "good", "failed": "bad", "refused": "bad"}


def recent_entries(
    since: datetime,
    *,
    runs: Iterable[RunSummary],
    incidents: Iterable[Incident],
    reviews: Iterable[Review],
    moves: Iterable[AliasChange],
) -> tuple[tuple[StoryEntry, ...], int]:
    """The newest entries since a time, newest first, and how many older ones were left out."""
    entries = [*_runs(runs), *_incidents(incidents), *_reviews(reviews), *_moves(moves)]
    recent = sorted((entry for entry in entries if entry.at >= since), key=lambda entry: entry.at, reverse=True)
    return tuple(recent[:SHOWN]), max(len(recent) - SHOWN, 0)


def _runs(runs: Iterable[RunSummary]) -> Iterator[StoryEntry]:
    for run in runs:
        if run.outcome is None:
            step = f", now at {run.step}" if run.step else ""
            yield StoryEntry(run.started_at, run.model, f"a run began{step}", f"/runs/{run.run}")
        else:
            what = f"run {run.outcome}: {run.reason}" if run.reason else f"run {run.outcome}"
            yield StoryEntry(run.updated_at, run.model, _short(what), f"/runs/{run.run}", _TONES.get(run.outcome, ""))


def _incidents(incidents: Iterable[Incident]) -> Iterator[StoryEntry]:
    for incident in incidents:
        path = f"/incidents/{incident.incident_id}"
        for number, entry in enumerate(incident.timeline):
            if not entry.bookkeeping:
                what = f"{incident.title}: {entry.what}" if number == 0 else f"{entry.actor}: {entry.what}"
                tone = "bad" if number == 0 else _DONE.get(entry.key.rpartition("-")[2], "")
                yield StoryEntry(entry.at, incident.model, _short(what), path, tone)
        recent = {entry.key for entry in incident.timeline}
        for action in incident.actions:
            if not action.only_notified and f"{action.mitigation}-{action.state}" not in recent:
                what = f"{action.mitigation} {action.state}: {action.detail}"
                yield StoryEntry(action.at, incident.model, _short(what), path, _DONE.get(action.state, ""))


def _reviews(reviews: Iterable[Review]) -> Iterator[StoryEntry]:
    for review in reviews:
        for event in review.timeline:
            what = f"review of version {review.challenger_version}, {event.actor}: {event.what}"
            yield StoryEntry(event.at, review.model, _short(what), f"/reviews/{review.review_id}")


def _moves(moves: Iterable[AliasChange]) -> Iterator[StoryEntry]:
    known = tuple(moves)
    for move in known:
        if move.state == "done":
            before = f"; before: version {move.previous}" if move.previous else ""
            what = f"version {move.version} became champion{before}"
            if not move.version:
                what = f"the champion alias was removed outside Nightshift{before}"
            taken_back = withdrawn(move, known)
            if taken_back:
                what = f"{what}; withdrawn, because the endpoint did not follow"
            path = f"/runs/{move.run}" if RunId.parse(move.run) else ""
            tone = "good" if move.version and not taken_back else ""
            yield StoryEntry(move.at, move.model, what, path, tone)


def _short(text: str) -> str:
    line = " ".join(plain_times(text).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
