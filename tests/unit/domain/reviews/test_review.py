"""Reviews: their states, their schedule, and the sentences that people read."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from nightshift.domain.platform.errors import TransitionError
from nightshift.domain.reviews.policy import ReviewPolicy
from nightshift.domain.reviews.review import (
    REVIEW_STATES,
    REVIEW_TRANSITIONS,
    ReviewDecision,
    ReviewEvent,
    ReviewOperation,
    ReviewState,
)
from tests.support.review_examples import LADDER, OPENED, make_review


def test_the_table_is_about_real_states() -> None:
    """Every state can be reached, and an open review can end in each way."""
    assert set(REVIEW_STATES) == set(get_args(ReviewState))
    assert {"open", *REVIEW_TRANSITIONS.values()} == set(REVIEW_STATES)


@pytest.mark.parametrize("operation", get_args(ReviewOperation))
@pytest.mark.parametrize("state", REVIEW_STATES)
def test_what_the_table_does_not_have_is_refused(operation: ReviewOperation, state: ReviewState) -> None:
    """A closed review changes no more."""
    review = make_review(state=state)
    after = REVIEW_TRANSITIONS.get((operation, state))
    if after is not None:
        assert review.transition(operation).state == after
        return
    with pytest.raises(TransitionError, match=f"cannot {operation} it any more"):
        review.transition(operation)


def test_the_schedule_is_counted_from_the_opening() -> None:
    """Remind, each level, expire."""
    steps = LADDER.steps(OPENED)
    assert [(step.key, (step.at - OPENED) / timedelta(minutes=1)) for step in steps] == [
        ("remind", 10),
        ("escalate-second", 20),
        ("escalate-manager", 30),
        ("expire", 40),
    ]


def test_what_comes_next() -> None:
    """The first step that has not happened; nothing once it is decided."""
    review = make_review()
    assert (review.next_step, review.due_at) == (review.steps[0], OPENED + timedelta(minutes=40))
    reminded = review.with_event(ReviewEvent(key="remind", at=OPENED, actor="nightshift", what="on-call was notified"))
    assert reminded.next_step == review.steps[1]
    assert make_review(state="approved").next_step is None


def test_the_same_event_is_reported_once() -> None:
    """A repeated activity adds no second line."""
    event = ReviewEvent(key="remind", at=OPENED, actor="nightshift", what="on-call was notified")
    review = make_review().with_event(event)
    assert review.with_event(event.model_copy(update={"what": "again"})) == review


@pytest.mark.parametrize(
    ("choice", "word", "by"),
    [
        ("approve", "approved", True),
        ("reject", "rejected", True),
        ("improve", "improvement", True),
        ("expire", "expired", False),
    ],
)
def test_the_verdict_names_who_and_when(choice: Any, word: str, by: bool) -> None:
    """The other person reads it in a 409; nobody has decided what expires."""
    decision = ReviewDecision(choice=choice, by="ann", comment="c", at=OPENED)
    verdict = make_review(decision=decision, detail="so be it").verdict()
    assert verdict.startswith("review r1 of m ")
    assert [each for each in ("approved", "rejected", "improvement", "expired") if each in verdict] == [word]
    assert ("by ann " in verdict, " 2026-11-01 03:00:00Z" in verdict) == (by, True)
    assert verdict.endswith("; so be it")


def test_the_instance_is_named_after_the_review() -> None:
    """One review, one orchestration."""
    assert make_review().instance == "review-m-r1"


def test_everything_has_a_default() -> None:
    """A spec without the section: an hour, four hours, eight hours, a day, two eyes."""
    policy = ReviewPolicy()
    assert [(step.key, (step.at - OPENED) / timedelta(hours=1)) for step in policy.steps(OPENED)] == [
        ("remind", 1),
        ("escalate-second", 4),
        ("escalate-manager", 8),
        ("expire", 24),
    ]
    assert policy.four_eyes is False


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"remind_after_minutes": 0}, "greater than 0"),
        ({"expires_after_minutes": 50_000}, "less than or equal to 43200"),
        ({"remind_after_minutes": 300}, "after_minutes = 240: must be more than remind_after_minutes = 300"),
        ({"expires_after_minutes": 400}, "expires_after_minutes = 400: .* ladder: manager"),
        (
            {"ladder": [{"contact": "a", "after_minutes": 90}, {"contact": "b", "after_minutes": 90}]},
            "ladder: b: after_minutes = 90: .* ladder: a: after_minutes = 90",
        ),
        (
            {"ladder": [{"contact": "a", "after_minutes": 90}, {"contact": "a", "after_minutes": 95}]},
            "ladder: a .*more than one level",
        ),
        ({"ladder": [{"contact": "The Boss", "after_minutes": 90}]}, "String should match pattern"),
        ({"ladder": [], "expires_after_minutes": 30}, "expires_after_minutes = 30: .* remind"),
        ({"four_eye": True}, "Extra inputs are not permitted"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(given: dict[str, Any], problem: str) -> None:
    """With the field, the value and the rule."""
    with pytest.raises(ValidationError, match=problem):
        ReviewPolicy.model_validate(given)


def test_a_short_escalation_policy_is_one() -> None:
    """No level at all: remind, then expire."""
    policy = ReviewPolicy(ladder=(), remind_after_minutes=5, expires_after_minutes=10)
    assert [step.kind for step in policy.steps(OPENED)] == ["remind", "expire"]
