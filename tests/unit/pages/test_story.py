"""The night's story."""

from datetime import timedelta

from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.response.incident import IncidentAction, TimelineEntry
from nightshift.domain.reviews.review import ReviewEvent
from nightshift.pages.story import SHOWN, recent_entries
from tests.support.incident_examples import incident
from tests.support.review_examples import make_review
from tests.unit.pages.examples import NOW, run_summary

FIRED = TimelineEntry(key="fired-a", at=NOW, actor="monitor", what="it fired")


def test_everything_in_its_order() -> None:
    """Runs, incidents, what was done, reviews and champions, newest first; no bookkeeping, nothing older."""

    def at(minutes: float) -> timedelta:
        return timedelta(minutes=minutes)

    opened = ReviewEvent(key="opened", at=NOW + at(4), actor="nightshift", what="flagged")
    told, left_out = recent_entries(
        NOW,
        runs=[
            run_summary(updated_at=NOW + at(1), reason="no labels"),
            run_summary(outcome=None, state="running", step="poll_job_status", started_at=NOW + at(6)),
            run_summary(updated_at=NOW - at(1)),
        ],
        incidents=[
            incident(
                timeline=(
                    TimelineEntry(key="a", at=NOW + at(2), actor="monitor", what="critical degradation"),
                    TimelineEntry(key="plan-1-playbook-", at=NOW + at(2), actor="nightshift", what="act by rule"),
                    TimelineEntry(key="page-done", at=NOW + at(2), actor="nightshift", what="page done: sent"),
                    TimelineEntry(key="page-failed", at=NOW + at(2.5), actor="nightshift", what="page failed: no"),
                ),
                actions=(
                    IncidentAction(mitigation="rollback", state="done", detail="version 1 is back", at=NOW + at(3)),
                    IncidentAction(mitigation="notify", state="done", detail="sent", at=NOW + at(3)),
                    IncidentAction(mitigation="page", state="failed", detail="no", at=NOW + at(2.5)),
                ),
            )
        ],
        reviews=[make_review(timeline=(opened,))],
        moves=[
            AliasChange(
                model="m", sequence=2, version="2", previous="1", run="lifecycle-m-1", decided_by="d", at=NOW + at(5),
                kind="promotion",
                state="done",
            ),
            AliasChange(
                model="m", sequence=3, version="3", previous="2", run="r", decided_by="d", at=NOW + at(5),
                kind="promotion",
            ),
            AliasChange(
                model="m", sequence=4, version="4", previous="2", run="improvement-m-1", decided_by="d",
                at=NOW + at(4.5),
                kind="promotion",
                state="done",
            ),
        ],
    )  # fmt: skip
    assert [(entry.what, entry.path, entry.tone) for entry in told] == [
        ("a run began, now at poll_job_status", "/runs/lifecycle-m-1", ""),
        ("version 2 became champion; before: version 1", "/runs/lifecycle-m-1", "good"),
        ("version 4 became champion; before: version 2", "/runs/improvement-m-1", "good"),
        ("review of version 2, nightshift: flagged", "/reviews/r1", ""),
        ("rollback done: version 1 is back", "/incidents/i1", "good"),
        ("nightshift: page failed: no", "/incidents/i1", "bad"),
        ("error tripled: critical degradation", "/incidents/i1", "bad"),
        ("run failed: no labels", "/runs/lifecycle-m-1", "bad"),
    ]
    assert left_out == 0


def test_a_long_night_is_cut() -> None:
    """The newest stay, and the page says how many are missing."""
    runs = [run_summary(updated_at=NOW + timedelta(seconds=number)) for number in range(SHOWN + 7)]
    told, left_out = recent_entries(NOW, runs=runs, incidents=[], reviews=[], moves=[])
    assert (len(told), left_out, told[0].at) == (SHOWN, 7, runs[-1].updated_at)


def test_what_was_done_and_undone_are_both_told() -> None:
    """An action says only how it stands; the timeline keeps that it was done before."""
    done = TimelineEntry(key="rollback-done", at=NOW, actor="nightshift", what="rollback done: version 1 is back")
    undone = IncidentAction(mitigation="rollback", state="undone", detail="taken back by ann", at=NOW)
    told, _ = recent_entries(
        NOW, runs=[], incidents=[incident(timeline=(FIRED, done), actions=(undone,))], reviews=[], moves=[]
    )
    assert {(entry.what, entry.tone) for entry in told} == {
        ("error tripled: it fired", "bad"),
        ("nightshift: rollback done: version 1 is back", "good"),
        ("rollback undone: taken back by ann", ""),
    }
