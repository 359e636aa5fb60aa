"""Build the handover report: first what needs a person, then what happened to each model."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from nightshift.cli.handover.report import (
    ActionItem,
    DeadLetterLine,
    Handover,
    IncidentLine,
    ModelReport,
    MoveLine,
    ReviewLine,
    RunLine,
)
from nightshift.cli.handover.shift import Shift
from nightshift.domain.champions.alias_change_kind import AliasChangeKind
from nightshift.domain.champions.decision import AliasChange, withdrawn
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.times import plain_times
from nightshift.domain.platform.view import ModelView, RunSummary
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.mitigations import CHANGING
from nightshift.domain.reviews.review import Review

# A run that comes to one of these has come to a decision.
_DECIDED = frozenset({"promoted", "rejected", "flagged"})
_SEVERITIES = {"critical": 0, "warning": 1}


def build_report(shift: Shift, app: str) -> Handover:
    """The report of a shift; ``app`` is the address of the app."""
    views = {view.model: view for view in shift.models}
    named = {run.model for run in shift.runs}
    named |= {incident.model for incident in shift.incidents} | {review.model for review in shift.reviews}
    names = [*sorted(views), *sorted(named - set(views))]
    return Handover(
        since=shift.since,
        until=shift.until,
        app=app,
        needs=tuple(_action_items(shift)),
        models=tuple(_model(shift, name, views.get(name)) for name in names),
        letters=tuple(
            DeadLetterLine(
                letter_id=dead_letters[0].letter_id,
                queue=dead_letters[0].queue,
                reason=dead_letters[0].reason,
                state=dead_letters[0].state,
                recorded_at=dead_letters[0].recorded_at,
                count=len(dead_letters),
            )
            for dead_letters in _alike(
                dead_letter for dead_letter in shift.letters if dead_letter.recorded_at >= shift.since
            )
        ),
    )


def _action_items(shift: Shift) -> Iterator[ActionItem]:
    """Reviews come first, the next one to expire in front; then incidents, by severity and age."""
    if not shift.ready:
        yield ActionItem(what="Something that Nightshift depends on does not answer.", command="nightshift doctor")
    for review in sorted((item for item in shift.reviews if item.state == "open"), key=lambda item: item.due_at):
        what = f"Review of version {review.challenger_version} of {review.model}: {review.reason}"
        command = f"nightshift review {review.review_id}"
        yield ActionItem(what=what, command=command, page=f"/reviews/{review.review_id}", due_at=review.due_at)
    for incident in sorted(shift.incidents, key=_urgency):
        if incident.state == "open" or (incident.state == "acknowledged" and incident.severity == "critical"):
            what = f"{incident.severity} incident of {incident.model}, {incident.state}: {incident.title}"
            command = f"nightshift show {incident.incident_id}"
            yield ActionItem(
                what=what[:1].upper() + what[1:], command=command, page=f"/incidents/{incident.incident_id}"
            )
    for run in shift.runs:
        if run.outcome == "failed" and not _superseded(run, shift.runs):
            what = f"Run of {run.model} failed: {_first_line(run.reason)}"
            yield ActionItem(what=what, command=f"nightshift show {run.run}", page=f"/runs/{run.run}")
    for dead_letters in _alike(dead_letter for dead_letter in shift.letters if dead_letter.state == "waiting"):
        newest, count = dead_letters[0], len(dead_letters)
        subject = "A message" if count == 1 else f"{count} messages"
        what = f"{subject} on {newest.queue} could not be handled: {_first_line(newest.reason)}"
        several = f"nightshift dlq list --filter queue={newest.queue}"
        yield ActionItem(what=what, command=f"nightshift dlq show {newest.letter_id}" if count == 1 else several)
    for view in shift.models:
        if view.alias_problem:
            yield ActionItem(what=f"{view.model}: {view.alias_problem}", command="nightshift models")
        if view.trouble:
            yield ActionItem(what=f"{view.model}: {view.trouble}", command=f"nightshift models {view.model}")
        if view.spec_error:
            yield ActionItem(
                what=f"The spec of {view.model} cannot be used: {view.spec_error}", command="nightshift models"
            )


def _superseded(run: RunSummary, runs: Iterable[RunSummary]) -> bool:
    """Whether a later run of the same model has come to a decision, so that nobody has to look at this one."""
    return any(
        other.model == run.model and other.outcome in _DECIDED and other.started_at > run.started_at for other in runs
    )


def _alike(dead_letters: Iterable[DeadLetter]) -> list[list[DeadLetter]]:
    """Dead-lettered messages grouped by queue, cause and state, in the order of the first of each group."""
    groups: dict[tuple[str, str, str], list[DeadLetter]] = {}
    for dead_letter in dead_letters:
        groups.setdefault(dead_letter.same, []).append(dead_letter)
    return list(groups.values())


def _urgency(incident: Incident) -> tuple[int, float]:
    """The most severe first; of these the newest."""
    return _SEVERITIES.get(incident.severity, 2), -incident.recorded_at.timestamp()


def _model(shift: Shift, name: str, view: ModelView | None) -> ModelReport:
    moves = () if view is None else view.moves
    in_shift = [move for move in moves if move.state == "done" and shift.since <= move.at < shift.until]
    return ModelReport(
        model=name,
        champion=view.champion if view else None,
        rollback_target=view.rollback_target if view else None,
        spec_error=view.spec_error if view else "",
        checked=view is None or not view.trouble,
        runs=tuple(_run(run) for run in shift.runs if run.model == name),
        moves=tuple(
            MoveLine(at=move.at, version=move.version, previous=move.previous, how=_how(move, moves))
            for move in reversed(in_shift)
        ),
        incidents=tuple(
            _incident(item)
            for item in sorted(shift.incidents, key=_urgency)
            if item.model == name and item.updated_at >= shift.since
        ),
        reviews=tuple(
            _review(item)
            for item in sorted(shift.reviews, key=lambda item: item.opened_at, reverse=True)
            if item.model == name and _happened(item, shift.since)
        ),
    )


def _run(run: RunSummary) -> RunLine:
    return RunLine(
        run=run.run,
        outcome=run.outcome or f"{run.state}: {run.step}".removesuffix(": "),
        reason=_first_line(run.reason),
        started_at=run.started_at,
        ended_at=run.updated_at if run.outcome else None,
    )


_HOW: dict[AliasChangeKind, str] = {
    "outside": "made champion outside Nightshift",
    "rollback": "champion again by a rollback",
    "undo": "champion again: a mitigation was undone",
    "withdrawal": "champion again: a promotion was withdrawn, because the endpoint did not follow",
    "review": "promoted after a review",
    "promotion": "promoted",
}


def _how(move: AliasChange, moves: Sequence[AliasChange]) -> str:
    if not move.version:
        return "the champion alias was removed outside Nightshift"
    return f"{_HOW[move.kind]}, then withdrawn" if withdrawn(move, moves) else _HOW[move.kind]


def _incident(incident: Incident) -> IncidentLine:
    cures = [item for item in incident.actions if item.mitigation in CHANGING and item.state in {"done", "undone"}]
    first = min((item.at for item in cures), default=None)
    return IncidentLine(
        incident_id=incident.incident_id,
        title=incident.title,
        category=incident.category,
        severity=incident.severity,
        state=incident.state,
        reported=incident.occurrences,
        recorded_at=incident.recorded_at,
        done=tuple(
            plain_times(f"{item.mitigation} {item.state}: {item.detail}")
            for item in incident.actions
            if not item.only_notified
        ),
        mitigated_after=duration(first - incident.recorded_at) if first else "",
    )


def _happened(review: Review, since: datetime) -> bool:
    moments = [review.opened_at, review.settled_at, review.decision.at if review.decision else None]
    return any(moment is not None and moment >= since for moment in moments)


def _review(review: Review) -> ReviewLine:
    sentence = review.reason if review.decision is None else review.verdict()
    return ReviewLine(review_id=review.review_id, opened_at=review.opened_at, state=review.state, sentence=sentence)


def duration(span: timedelta) -> str:
    """A time span for people: its two largest units."""
    seconds = max(round(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
