"""What the handover reports of a shift."""

from datetime import timedelta

import pytest

from nightshift.cli.handover.build_report import build_report, duration
from nightshift.cli.handover.render import render
from nightshift.domain.champions.alias_change_kind import AliasChangeKind
from nightshift.domain.response.incident import IncidentAction
from tests.unit.cli.handover.shifts import (
    SINCE,
    at,
    busy_night,
    dead_letter,
    model,
    move,
    open_review,
    rolled_back,
    run,
    shift,
)

APP = "http://app"


def test_a_night_in_which_nothing_happened_is_empty() -> None:
    """Models that are only there are no news."""
    report = build_report(shift(models=(model(), model("other"))), APP)
    assert (report.empty, report.needs, report.eventful, report.quiet) == (True, (), (), ("m", "other"))


def test_what_decides_itself_first_is_named_first() -> None:
    """Then what waits for ever: incidents, failed runs, dead letters."""
    assert [need.command for need in build_report(busy_night(), APP).needs] == [
        "nightshift review r1",
        "nightshift show lifecycle-m-200",
        "nightshift dlq show l1",
    ]
    sooner = open_review(review_id="r2", opened_at=at(50))
    needs = build_report(shift(reviews=(open_review(), sooner)), APP).needs
    assert [(need.command, need.due_at) for need in needs] == [
        ("nightshift review r2", at(90)),
        ("nightshift review r1", at(140)),
    ]


def test_an_ill_platform_and_a_broken_spec_need_somebody() -> None:
    """Whatever happened, these are first and last."""
    report = build_report(shift(ready=False, models=(model(spec_error="spec.yaml: kind = 'x'"),)), APP)
    assert [need.command for need in report.needs] == ["nightshift doctor", "nightshift models"]


@pytest.mark.parametrize(
    ("state", "needed"), [("open", True), ("acknowledged", True), ("mitigated", False), ("resolved", False)]
)
def test_a_critical_incident_needs_somebody_until_it_is_mitigated(state: str, needed: bool) -> None:
    """One that somebody looks after is named still: the shift may have changed."""
    assert bool(build_report(shift(incidents=(rolled_back(state=state),)), APP).needs) == needed


def test_an_old_open_incident_is_needed_and_no_news() -> None:
    """It waits, but it did not happen in this night."""
    old = rolled_back(state="open", recorded_at=at(-900), updated_at=at(-900))
    report = build_report(shift(incidents=(old,)), APP)
    assert (len(report.needs), report.eventful) == (1, ())


def test_a_model_has_its_runs_moves_incidents_and_reviews() -> None:
    """Newest first, with outcomes, times to mitigate, and who decided."""
    told = build_report(busy_night(), APP).eventful[0]
    assert [(item.run, item.outcome, item.reason) for item in told.runs] == [
        ("lifecycle-m-200", "failed", "the job failed"),
        ("lifecycle-m-20", "promoted", "better on rmse"),
    ]
    assert [(item.version, item.previous, item.how) for item in told.moves] == [
        ("1", "2", "champion again by a rollback"),
        ("2", "1", "promoted"),
    ]
    assert [(item.state, item.mitigated_after) for item in told.incidents] == [("mitigated", "42 s")]
    assert [(item.review_id, item.state) for item in told.reviews] == [("r1", "open"), ("r0", "expired")]


WITHDRAWN = "champion again: a promotion was withdrawn, because the endpoint did not follow"


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("promotion", "promoted"),
        ("review", "promoted after a review"),
        ("withdrawal", WITHDRAWN),
        ("undo", "champion again: a mitigation was undone"),
        ("rollback", "champion again by a rollback"),
        ("outside", "made champion outside Nightshift"),
    ],
)
def test_a_change_of_champion_says_what_made_it(kind: AliasChangeKind, how: str) -> None:
    """By its kind, however the key of its order is spelt."""
    report = build_report(shift(models=(model(moves=(move(1, "2", "1", "any key", 5, kind),)),)), APP)
    assert [item.how for item in report.models[0].moves] == [how]


@pytest.mark.parametrize(
    ("promoted_by", "withdrawn_by"),
    [
        ("lifecycle-m-1:decision:0", "lifecycle-m-1:withdrawal"),
        ("improvement-m-1:decision:2", "lifecycle-m-1:withdrawal"),
        ("review:r1:decision", "review:r1:decision:undo"),
    ],
)
def test_a_promotion_that_was_withdrawn_is_not_told_as_one(promoted_by: str, withdrawn_by: str) -> None:
    """The endpoint did not follow: neither the promotion nor what took it back is a success of the night."""
    moves = (move(1, "2", "1", promoted_by, 5), move(2, "1", "2", withdrawn_by, 6), move(3, "3", "1", promoted_by, 7))
    later, back, first = build_report(shift(models=(model(moves=moves),)), APP).models[0].moves
    assert first.how.endswith(", then withdrawn")
    assert back.how == WITHDRAWN
    assert not later.how.endswith("withdrawn")


def test_an_alias_that_is_gone_needs_somebody() -> None:
    """And its removal, once it is on record, is no version."""
    view = model(alias_problem="the champion alias is gone", moves=(move(1, "", "2", "outside", 5),))
    report = build_report(shift(models=(view,)), APP)
    assert "m: the champion alias is gone" in [need.what for need in report.needs]
    assert report.models[0].moves[0].how == "the champion alias was removed outside Nightshift"
    assert "version  " not in render(report, "markdown")


def test_what_belongs_to_no_model_is_reported_too() -> None:
    """Incidents of the platform, runs of files whose model has no spec."""
    report = build_report(
        shift(incidents=(rolled_back(model="platform"),), runs=(run(1, "halted", model="nobody"),)), APP
    )
    assert [item.model for item in report.eventful] == ["nobody", "platform"]


def test_a_run_that_goes_on_says_where_it_is() -> None:
    """No end, and its step instead of an outcome."""
    told = build_report(shift(runs=(run(1, None),)), APP).eventful[0].runs[0]
    assert (told.outcome, told.ended_at) == ("running: poll_job_status", None)


def test_an_old_dead_letter_that_waits_is_needed_and_no_news() -> None:
    """Letters of the night are listed; older ones only while they wait."""
    old = dead_letter(letter_id="l0", recorded_at=SINCE - timedelta(days=3))
    report = build_report(shift(letters=(dead_letter(state="redriven"), old)), APP)
    assert [item.letter_id for item in report.letters] == ["l1"]
    assert [need.command for need in report.needs] == ["nightshift dlq show l0"]


def test_dead_letters_of_one_cause_are_one_line() -> None:
    """However many one broken producer has made; another cause has its own."""
    dead_letters = tuple(dead_letter(letter_id=f"l{number}", cause="body: must be JSON") for number in range(447))
    other = dead_letter(letter_id="other", cause="model: no spec has this name")
    report = build_report(shift(letters=(*dead_letters, other)), APP)
    assert [(item.letter_id, item.count) for item in report.letters] == [("l0", 447), ("other", 1)]
    assert [need.command for need in report.needs] == [
        "nightshift dlq list --filter queue=model-alerts",
        "nightshift dlq show other",
    ]
    assert report.needs[0].what.startswith("447 messages on model-alerts could not be handled")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min"), (-1, "0 s")],
)
def test_a_duration_has_two_units(seconds: float, text: str) -> None:
    """What a person reads at a glance."""
    assert duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize("outcome", ["promoted", "rejected", "flagged", "halted", None])
def test_a_failed_run_that_a_later_one_has_made_good_needs_nobody(outcome: str | None) -> None:
    """A later run of the model has come to a decision; one that halted, goes on or is another model's has not."""
    failed = run(60, "failed", "the job failed")
    other = run(120, "promoted", model="other")
    needs = [need.command for need in build_report(shift(runs=(run(120, outcome), other, failed)), APP).needs]
    assert (f"nightshift show {failed.run}" in needs) == (outcome in {"halted", None})
    before = build_report(shift(runs=(failed, run(30, outcome))), APP).needs
    assert f"nightshift show {failed.run}" in [need.command for need in before]


def test_the_most_severe_is_needed_first() -> None:
    """Of the same severity the newest."""
    warning = rolled_back(incident_id="i1", state="open", severity="warning", recorded_at=at(30))
    older = rolled_back(incident_id="i2", state="open", severity="critical", recorded_at=at(10))
    newer = rolled_back(incident_id="i3", state="open", severity="critical", recorded_at=at(20))
    report = build_report(shift(incidents=(warning, older, newer)), APP)
    assert [need.command for need in report.needs] == [f"nightshift show {name}" for name in ("i3", "i2", "i1")]
    assert [item.incident_id for item in report.models[0].incidents] == ["i3", "i2", "i1"]


def test_that_people_were_told_is_no_news() -> None:
    """What was changed is, and what failed in the notification."""
    told = IncidentAction(mitigation="notify", state="done", detail="on-call was sent a notice", at=at(1))
    failed = IncidentAction(mitigation="page", state="failed", detail="the pager refused", at=at(2))
    paused = IncidentAction(
        mitigation="pause_compute", state="done", detail="lease until 2026-11-29T21:31:14.979871+00:00", at=at(3)
    )
    report = build_report(shift(incidents=(rolled_back(actions=(told, failed, paused)),)), APP)
    assert report.models[0].incidents[0].done == (
        "page failed: the pager refused",
        "pause_compute done: lease until 2026-11-29 21:31 UTC",
    )


def test_a_model_that_was_not_read_has_no_false_rollback_target() -> None:
    """It needs a look, and the report says that the target is not checked."""
    report = build_report(
        shift(models=(model(trouble="champion as recorded: not read in time"),), runs=(run(1, "failed"),)), APP
    )
    assert (report.needs[-1].command, report.models[0].checked) == ("nightshift models m", False)
