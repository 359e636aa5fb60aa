"""Nights for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from nightshift.cli.handover.shift import Shift
from nightshift.domain.champions.alias_change_kind import AliasChangeKind, kind_of_order
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.dead_letters.dead_letter import DeadLetter
from nightshift.domain.platform.view import ModelView, RunSummary
from nightshift.domain.response.incident import Incident, IncidentAction
from nightshift.domain.reviews.review import Review, ReviewDecision
from tests.support.incident_examples import incident
from tests.support.review_examples import make_review

SINCE = datetime(2026, 11, 20, 18, tzinfo=UTC)
UNTIL = datetime(2026, 11, 21, 6, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes into the night."""
    return SINCE + timedelta(minutes=minutes)


def run(number: int, outcome: str | None, reason: str = "", **given: Any) -> RunSummary:
    """A run of ``m`` that began a while into the night."""
    fields: dict[str, Any] = {
        "run": f"lifecycle-m-{number}",
        "model": "m",
        "state": "completed" if outcome else "running",
        "outcome": outcome,
        "reason": reason,
        "step": "" if outcome else "poll_job_status",
        "started_at": at(number),
        "updated_at": at(number + 5),
    }
    return RunSummary(**(fields | given))


def move(
    sequence: int,
    version: str,
    previous: str | None,
    decided_by: str,
    minutes: float,
    kind: AliasChangeKind | None = None,
) -> AliasChange:
    """A change of champion that was made; without a kind it is what an earlier release meant by the key."""
    return AliasChange(
        model="m",
        sequence=sequence,
        version=version,
        previous=previous,
        run="r",
        decided_by=decided_by,
        kind=kind or kind_of_order(decided_by),
        at=at(minutes),
        state="done",
    )


def model(name: str = "m", **given: Any) -> ModelView:
    """A model with champion 2."""
    fields: dict[str, Any] = {
        "model": name,
        "description": "",
        "spec_error": "",
        "champion": "2",
        "champion_since": None,
        "rollback_target": "1",
        "at": None,
        "versions": (),
        "moves": (),
    }
    return ModelView(**(fields | given))


def rolled_back(**given: Any) -> Incident:
    """An incident that was mitigated 42 seconds after its alert."""
    done = IncidentAction(mitigation="rollback", state="done", detail="version 1 is champion again", at=at(61.7))
    fields: dict[str, Any] = {
        "state": "mitigated",
        "model": "m",
        "recorded_at": at(61),
        "updated_at": at(62),
        "actions": (done,),
    }
    return incident(**(fields | given))


def open_review(**given: Any) -> Review:
    """A review that was opened in the night."""
    return make_review(**({"model": "m", "opened_at": at(100)} | given))


def expired_review(**given: Any) -> Review:
    """A review of the evening that nobody decided."""
    decision = ReviewDecision(choice="expire", by="nightshift", comment="", at=at(30))
    fields = {"review_id": "r0", "opened_at": at(-60), "state": "expired", "decision": decision, "settled": True}
    return make_review(**(fields | given))


def dead_letter(**given: Any) -> DeadLetter:
    """A message that cannot be understood."""
    fields: dict[str, Any] = {
        "letter_id": "l1",
        "queue": "model-alerts",
        "message_id": "x",
        "body": "{",
        "encoding": "utf-8",
        "body_digest": "0",
        "reason": "body: is no JSON",
        "broker_reason": "",
        "delivery_count": 5,
        "enqueued_at": at(10),
        "recorded_at": at(11),
    }
    return DeadLetter(**(fields | given))


def shift(**given: Any) -> Shift:
    """A night in which nothing happened, but for what is given."""
    return Shift(since=SINCE, until=UNTIL, **given)


def busy_night() -> Shift:
    """A night with everything in it."""
    return shift(
        runs=(run(200, "failed", "the job failed\nTraceback"), run(20, "promoted", "better on rmse")),
        incidents=(rolled_back(),),
        reviews=(open_review(), expired_review()),
        letters=(dead_letter(),),
        models=(
            model(
                moves=(
                    move(1, "1", None, "r:decision:0", -900),
                    move(2, "2", "1", "r:decision:0", 24),
                    move(3, "1", "2", "rollback:m:2", 61.7),
                )
            ),
            model("calm"),
        ),
    )
