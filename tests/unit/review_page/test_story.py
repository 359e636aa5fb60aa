"""The night's story."""

from datetime import timedelta

from domain.decision import ChampionMove
from domain.incident import IncidentAction, TimelineEntry
from domain.review import ReviewEvent
from review_page.story import SHOWN, tell
from tests.incident_examples import incident
from tests.review_examples import make_review
from tests.unit.review_page.examples import NOW, run_summary


def test_everything_in_its_order() -> None:
    """Runs, incidents, what was done, reviews and champions in one line of time; what is older is left out."""

    def at(minutes: int) -> timedelta:
        return timedelta(minutes=minutes)

    opened = ReviewEvent(key="opened", at=NOW + at(4), actor="nightshift", what="flagged")
    told, left_out = tell(
        NOW,
        runs=[
            run_summary(updated_at=NOW + at(1), reason="no labels"),
            run_summary(outcome=None, state="running", step="poll_job_status", started_at=NOW + at(6)),
            run_summary(updated_at=NOW - at(1)),
        ],
        incidents=[
            incident(
                timeline=(TimelineEntry(key="a", at=NOW + at(2), actor="monitor", what="critical degradation"),),
                actions=(
                    IncidentAction(mitigation="rollback", state="done", detail="version 1 is back", at=NOW + at(3)),
                ),
            )
        ],
        reviews=[make_review(timeline=(opened,))],
        moves=[
            ChampionMove(
                model="m", sequence=2, version="2", previous="1", run="lifecycle-m-1", decided_by="d", at=NOW + at(5),
                state="done",
            ),
            ChampionMove(model="m", sequence=3, version="3", previous="2", run="r", decided_by="d", at=NOW + at(5)),
        ],
    )  # fmt: skip
    assert [(entry.what, entry.path, entry.tone) for entry in told] == [
        ("run failed: no labels", "/runs/lifecycle-m-1", "bad"),
        ("error tripled: critical degradation", "/incidents/i1", "bad"),
        ("rollback done: version 1 is back", "/incidents/i1", "good"),
        ("review of version 2, nightshift: flagged", "/reviews/r1", ""),
        ("version 2 became champion; before: version 1", "/runs/lifecycle-m-1", "good"),
        ("a run began, now at poll_job_status", "/runs/lifecycle-m-1", ""),
    ]
    assert left_out == 0


def test_a_long_night_is_cut() -> None:
    """The newest stay, and the page says how many are missing."""
    runs = [run_summary(updated_at=NOW + timedelta(seconds=number)) for number in range(SHOWN + 7)]
    told, left_out = tell(NOW, runs=runs, incidents=[], reviews=[], moves=[])
    assert (len(told), left_out, told[-1].at) == (SHOWN, 7, runs[-1].updated_at)
