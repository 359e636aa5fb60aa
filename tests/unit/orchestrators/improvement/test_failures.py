"""What fails in a round, and what the loop makes of it."""

import pytest

from nightshift.domain.improvement.loop import Budget
from nightshift.domain.lifecycle.job import JobRun
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import Failure, RetryPolicy
from orchestrators.lifecycle.lifecycle import DECIDING_ATTEMPTS
from tests.unit.orchestrators.conftest import Script, decided, job_status
from tests.unit.orchestrators.improvement.conftest import (
    DBU,
    SECONDS,
    Run,
    alert,
    criticised,
    evaluated,
    evidence,
    failure,
)


class EarlierResult(Message):
    """A planning step that failed, as a release before kept it."""

    failure: Failure
    tokens: int


FAILED = job_status("failed", error="ValueError: too few rows", seconds=SECONDS)
DONE = job_status("succeeded", seconds=SECONDS)


async def test_a_job_that_fails_in_round_two_is_a_round_without_evidence(run: Run, script: Script) -> None:
    """Its error text is feedback for the third plan, which starts from the last evidence there is."""
    script.on("poll_job_status", DONE, FAILED, DONE)
    script.on("evaluate_metrics", evaluated(1), evaluated(3))
    script.on("criticise_round", criticised("retry"), criticised("retry"), criticised("accept"))
    outcome = await run()
    assert outcome.outcome == "promoted"
    assert [item.version for item in outcome.rounds] == ["2", None, "4"]
    assert "ValueError: too few rows" in outcome.rounds[1].error
    assert [request["round"] for request in script.asked("evaluate_metrics")] == [1, 3]
    judged = script.asked("criticise_round")
    assert [request["evidence"] for request in judged] == [evidence(1).to_json(), None, evidence(3).to_json()]
    third = script.asked("plan_improvement")[2]
    assert third["evidence"] == evidence(1).to_json()
    assert "ValueError: too few rows" in third["rounds"][1]["error"]


async def test_a_failed_job_costs_what_it_ran(run: Run, script: Script) -> None:
    """User code that fails is not run again in its round."""
    script.on("poll_job_status", FAILED)
    script.on("criticise_round", criticised("retry"), criticised("reject"))
    outcome = await run()
    assert outcome.spent == Budget(job_runs=2, dbu=2 * DBU, tokens=0)


async def test_an_evaluation_that_fails_is_a_round_without_evidence(run: Run, script: Script) -> None:
    """Metrics that are missing or no numbers are told to critic and planner; no interim look is counted."""
    refusal = failure("evaluate_metrics", "bad_input", "every prediction must be a number")
    script.on("evaluate_metrics", refusal, evaluated(2))
    script.on("criticise_round", criticised("retry"), criticised("accept"))
    outcome = await run()
    assert outcome.outcome == "promoted"
    assert outcome.rounds[0].error == "bad_input: every prediction must be a number"
    first = script.asked("criticise_round")[0]
    assert (first["evidence"], first["look"]) == (None, 0)


async def test_a_platform_failure_is_tried_again_within_the_round(run: Run, script: Script) -> None:
    """Both job runs belong to the round, and both are paid for."""
    script.on("poll_job_status", job_status("internal_error", message="spot loss", seconds=SECONDS), DONE)
    outcome = await run()
    (only,) = outcome.rounds
    assert only.job_runs == (1, 2)
    assert only.spent == Budget(job_runs=2, dbu=2 * DBU, tokens=0)
    assert [order["attempt"] for order in script.asked("trigger_databricks_job")] == [1, 2]


async def test_what_ran_before_a_refusal_is_paid_for(run: Run, script: Script) -> None:
    """The first attempt ran a quarter of an hour; the second could not be started."""
    refusal = failure("trigger_databricks_job", message="403")
    script.on("trigger_databricks_job", JobRun(run_id=1), refusal)
    script.on("poll_job_status", job_status("internal_error", message="spot loss", seconds=SECONDS))
    script.on("criticise_round", criticised("reject"))
    outcome = await run()
    assert outcome.spent == Budget(job_runs=1, dbu=DBU, tokens=0)
    assert outcome.rounds[0].error == "service_refused: 403"


async def test_attempts_stop_where_the_budget_does(run: Run, script: Script) -> None:
    """Two job runs are paid for: the third attempt of the spec is not made."""
    script.on("poll_job_status", job_status("internal_error", message="no capacity"))
    script.on("criticise_round", criticised("reject"))
    outcome = await run(budget=Budget(job_runs=2, dbu=50, tokens=0))
    assert outcome.spent.job_runs == 2
    assert len(script.asked("trigger_databricks_job")) == 2


async def test_a_job_is_canceled_when_the_budget_is_spent(run: Run, script: Script) -> None:
    """A hundredth of a second's DBU is left: the job that still runs then is not waited for."""
    script.on("poll_job_status", job_status("running"))
    script.on("criticise_round", criticised("reject"))
    outcome = await run(budget=Budget(job_runs=2, dbu=0.01 / 3600, tokens=0), dbu_per_hour=1)
    assert "job_overdue" in outcome.rounds[0].error
    assert [request["run_id"] for request in script.asked("cancel_databricks_job")] == [1]
    # What it ran until then is spent.
    assert outcome.spent.dbu >= 0.01 / 3600


async def test_no_attempt_follows_one_that_has_spent_the_budget(run: Run, script: Script) -> None:
    """The platform failed after the last paid minute: the next attempt would be beyond the ceiling."""
    script.on("poll_job_status", job_status("internal_error", message="spot loss", seconds=SECONDS))
    script.on("criticise_round", criticised("reject"))
    outcome = await run(budget=Budget(job_runs=6, dbu=DBU, tokens=0))
    assert outcome.spent == Budget(job_runs=1, dbu=DBU, tokens=0)
    assert "spot loss" in outcome.rounds[0].error


async def test_a_job_that_nobody_may_start_is_reported_to_the_critic(run: Run, script: Script) -> None:
    """A refusal of Databricks is a round without job run."""
    script.on("trigger_databricks_job", failure("trigger_databricks_job", message="401"))
    script.on("criticise_round", criticised("reject", "2 job runs of the loop failed"))
    outcome = await run()
    assert (outcome.outcome, outcome.rounds[0].job_runs) == ("rejected", ())
    assert outcome.rounds[0].error == "service_refused: 401"


async def test_a_planner_that_fails_ends_the_loop(run: Run, script: Script) -> None:
    """Nothing was tried, and that is a failure and no verdict about the model."""
    script.on("plan_improvement", failure("plan_improvement"))
    outcome = await run()
    assert (outcome.outcome, outcome.reason) == ("failed", "plan_improvement failed: service_refused: 403")
    assert (alert(script)["severity"], alert(script)["rule"]) == ("critical", "improvement_failed")


async def test_tokens_of_a_planner_that_fails_are_counted(run: Run, script: Script) -> None:
    """A language model may have been asked before."""
    script.on("plan_improvement", failure("plan_improvement", tokens=700))
    assert (await run()).spent.tokens == 700


async def test_tokens_that_an_earlier_release_has_put_beside_the_failure_are_counted(run: Run, script: Script) -> None:
    """Its histories are replayed: the loop comes to the figure that it had."""
    script.on("plan_improvement", EarlierResult(failure=failure("plan_improvement"), tokens=123))
    assert (await run()).spent.tokens == 123


async def test_a_critic_that_fails_ends_the_loop(run: Run, script: Script) -> None:
    """What nobody has judged is not promoted; the round is kept without a verdict."""
    script.on("criticise_round", failure("criticise_round"))
    outcome = await run()
    assert (outcome.outcome, outcome.rounds[0].criticism) == ("failed", None)
    assert script.asked("decide_action") == []
    assert "round 1: adjust_training_window (30 days): not judged" in alert(script)["detail"]


async def test_a_gate_that_fails_promotes_nothing(run: Run, script: Script) -> None:
    """The accepted round is reported to a person."""
    script.on("decide_action", failure("decide_action"))
    outcome = await run()
    assert (outcome.outcome, outcome.failure) == ("failed", failure("decide_action"))
    assert alert(script)["severity"] == "critical"


async def test_a_champion_that_moved_makes_the_acceptance_void(run: Run, script: Script) -> None:
    """Its evidence is about another champion: a person decides what to do next."""
    script.on("decide_action", decided("void"))
    outcome = await run()
    assert (outcome.outcome, outcome.decision, outcome.failure) == ("rejected", None, None)
    assert outcome.reason.startswith("the champion moved ")
    assert alert(script)["severity"] == "warning"


async def test_a_gate_that_rejects_what_the_critic_accepted_is_reported(run: Run, script: Script) -> None:
    """The gate has the last word, and a person hears it."""
    script.on("decide_action", decided("rejected", "reject"))
    outcome = await run()
    assert (outcome.outcome, outcome.reason, outcome.champion_version) == ("rejected", "because", None)
    assert alert(script)["rule"] == "improvement_rejected"


async def test_a_service_that_comes_back_costs_only_time(run: Run, script: Script) -> None:
    """One failed call of each step, and the loop goes on as if there had been none."""
    for step, answer in {
        "evaluate_metrics": evaluated(1),
        "criticise_round": criticised("accept"),
        "decide_action": decided("promoted"),
    }.items():
        script.on(step, ConnectionError("down"), answer)
    outcome = await run()
    assert (outcome.outcome, len(outcome.rounds)) == ("promoted", 1)
    assert [len(script.asked(step)) for step in ("evaluate_metrics", "criticise_round", "decide_action")] == [2, 2, 2]


@pytest.mark.parametrize("step", ["plan_improvement", "criticise_round", "decide_action"])
async def test_a_service_that_stays_away_fails_the_loop(run: Run, script: Script, step: str) -> None:
    """When the retries are used up; a decision waits longest, because another champion's move may hold it up."""
    script.on(step, ConnectionError("storage is not available"))
    outcome = await run()
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.step, outcome.failure.code) == ("failed", step, "service_unavailable")
    assert "storage is not available" in outcome.reason
    assert len(script.asked(step)) == (DECIDING_ATTEMPTS if step == "decide_action" else RetryPolicy().attempts)
    assert len(script.asked("send_alert")) == 1


async def test_mlflow_that_stays_away_costs_the_round(run: Run, script: Script) -> None:
    """The evaluation could not be made: no evidence, and the critic judges that."""
    script.on("evaluate_metrics", ConnectionError("MLflow is not available"))
    script.on("criticise_round", criticised("reject", "2 job runs of the loop failed"))
    outcome = await run()
    assert outcome.outcome == "rejected"
    assert outcome.rounds[0].error.startswith("service_unavailable: ")
