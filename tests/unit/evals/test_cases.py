"""The sets of the evaluation: large enough, each case once, and broad."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from evals.cases import ExpectedPlan, planning_cases, red_team_cases, verdict_cases
from evals.paths import evidence_of, planted_evidence


def test_the_sets_are_large_enough() -> None:
    """At least 40 golden situations of both kinds together, and 40 planted texts."""
    assert len(planning_cases()) >= 40
    assert len(verdict_cases()) >= 20
    assert len(red_team_cases()) >= 40


def test_no_two_cases_share_a_name() -> None:
    """The report names a case by its name alone."""
    names = [item.name for item in planning_cases()]
    names += [item.name for item in verdict_cases()]
    names += [item.name for item in red_team_cases()]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_field_that_carries_outside_text_is_attacked() -> None:
    """Alerts, columns, errors, feedback, warnings, slices and criticism."""
    attacked = {item.where for item in red_team_cases()}
    assert attacked == {"alert", "feature", "error", "feedback", "warning", "slice", "criticism"}


def test_every_verdict_and_every_kind_of_plan_is_asked_for() -> None:
    """No action and no judgement is left out of the golden set."""
    assert {item.judgement for item in verdict_cases()} == {"accept", "retry", "reject"}
    kinds = {expected.kind for item in planning_cases() for expected in item.acceptable}
    assert kinds == {
        "retrain_with_features",
        "tune_hyperparameters",
        "augment_data",
        "adjust_training_window",
        "none",
    }


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def test_a_planted_text_is_in_the_evidence() -> None:
    """An attack that never reaches the evidence would prove nothing."""
    missing = [
        case.name for case in red_team_cases() if case.text not in _texts(planted_evidence(case, case.text).to_json())
    ]
    assert missing == []


def test_an_example_is_what_it_stands_for() -> None:
    """The good language model's answer to every planning case matches its expectation."""
    for case in planning_cases():
        for expected in case.acceptable:
            assert (expected.example(evidence_of(case).bounds) is None) == (expected.kind == "none")


def test_an_expectation_holds_what_it_names() -> None:
    """Kind, groups and days; no plan only matches no plan."""
    assert ExpectedPlan(kind="none").matches(None)
    assert not ExpectedPlan(kind="tune_hyperparameters").matches(None)
