"""An improvement loop for a terminal."""

from io import StringIO

from rich.console import Group

from nightshift.cli.loop_report import loop_report
from nightshift.cli.rendering import TextConsole
from nightshift.domain.improvement.actions.tune_hyperparameters import SearchRange, TuneHyperparameters
from nightshift.domain.improvement.loop import Budget, Critique, Feedback, Round
from nightshift.domain.improvement.messages import ImprovementOutcome
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import MetricComparison

COST = Budget(job_runs=1, dbu=0.25, tokens=12)


def _printed(loop: ImprovementOutcome) -> str:
    console = TextConsole(file=StringIO(), width=160)
    console.print(Group(*loop_report(loop)))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def _loop(**changes: object) -> ImprovementOutcome:
    action = TuneHyperparameters(
        search_space=(SearchRange(parameter="learning_rate", low=0.01, high=0.3, log=True),), trials=20, seed=7
    )
    item = Round(
        number=1,
        plan=Plan(action=action, rationale="[bold]text[/] is data", expected_effect="rmse below 90"),
        planned_by="rules",
        job_runs=(42,),
        version="3",
        metrics=(
            MetricComparison(
                name="rmse", tracked=True, champion=100.0, challenger=95.5, difference=None, verdict="equal"
            ),
        ),
        criticism=Critique(
            judgement="retry",
            rule="not_enough",
            reason="rmse misses its limit by 5.5",
            feedback=Feedback(gaps=(), likely_reason="prices have changed"),
            confidence=0.97,
        ),
        spent=COST,
        trace="tr-1",
    )
    return ImprovementOutcome(
        outcome="rejected",
        model="m",
        run="improvement-m-1",
        reason="three rounds were not enough",
        rounds=(item.model_copy(update=changes),),
        spent=COST,
    )


def test_a_round_reports_plan_run_metrics_and_verdict() -> None:
    """All that a person asks of it; text is printed as it is."""
    text = _printed(_loop())
    for said in (
        "improvement loop improvement-m-1: rejected, 1 rounds",
        "three rounds were not enough",
        "tune_hyperparameters: search_space kind range, parameter learning_rate, low 0.01, high 0.3, log True",
        "[bold]text[/] is data",
        "job run 42; version 3; 1 job runs, 0.25 DBU, 12 tokens",
        "95.5, champion 100: equal",
        "retry by rule not_enough: rmse misses its limit by 5.5",
        "prices have changed",
        "tr-1",
    ):
        assert said in text


def test_a_round_whose_job_failed_says_so() -> None:
    """No version, no metrics, the error."""
    text = _printed(_loop(version=None, metrics=(), criticism=None, error="job_failed: out of memory", job_runs=()))
    assert "job run none; no version" in text
    assert "job_failed: out of memory" in text
