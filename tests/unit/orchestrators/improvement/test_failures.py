"""What fails in a round, and what the loop makes of it."""

import pytest

from nightshift.domain.improvement.loop import Budget
from nightshift.domain.improvement.messages import CriticiseResult, PlanImprovementResult
from nightshift.domain.lifecycle.run import DecideResult, EvaluateResult, StepResult
from nightshift.domain.platform.names import (
    CANCEL_DATABRICKS_JOB,
    CRITICISE_ROUND,
    DECIDE_ACTION,
    EVALUATE_METRICS,
    PLAN_IMPROVEMENT,
    POLL_JOB_STATUS,
    SEND_ALERT,
    TRIGGER_DATABRICKS_JOB,
)
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

FAILED = job_status("failed", error="ValueError: too few rows", seconds=SECONDS)
DONE = job_status("succeeded", seconds=SECONDS)


async def test_a_job_that_fails_in_round_two_is_a_round_without_evidence(run: Run, script: Script) -> None:
    """Its error text is feedback for the third plan, which starts from the last evidence there is."""
    script.on(POLL_JOB_STATUS, DONE, FAILED, DONE)
    script.on(EVALUATE_METRICS, evaluated(1), evaluated(3))
    script.on(CRITICISE_ROUND, criticised("retry"), criticised("retry"), criticised("accept"))
    outcome = await run()
    assert outcome.outcome == "promoted"
    assert [item.version for item in outcome.rounds] == ["2", None, "4"]
    assert "ValueError: too few rows" in outcome.rounds[1].error
    assert [request["round"] for request in script.asked(EVALUATE_METRICS)] == [1, 3]
    judged = script.asked(CRITICISE_ROUND)
    assert [request["evidence"] for request in judged] == [evidence(1).to_json(), None, evidence(3).to_json()]
    third = script.asked(PLAN_IMPROVEMENT)[2]
    assert third["evidence"] == evidence(1).to_json()
    assert "ValueError: too few rows" in third["rounds"][1]["error"]


async def test_a_failed_job_costs_what_it_ran(run: Run, script: Script) -> None:
    """User code that fails is not run again in its round."""
    script.on(POLL_JOB_STATUS, FAILED)
    script.on(CRITICISE_ROUND, criticised("retry"), criticised("reject"))
    outcome = await run()
    assert outcome.spent == Budget(job_runs=2, dbu=2 * DBU, tokens=0)


async def test_an_evaluation_that_fails_is_a_round_without_evidence(run: Run, script: Script) -> None:
    """Metrics that are missing or no numbers are told to critic and planner; no look is counted."""
    refusal = failure(EVALUATE_METRICS, "bad_input", "every prediction must be a number")
    script.on(EVALUATE_METRICS, EvaluateResult(failure=refusal), evaluated(2))
    script.on(CRITICISE_ROUND, criticised("retry"), criticised("accept"))
    outcome = await run()
    assert outcome.outcome == "promoted"
    assert outcome.rounds[0].error == "bad_input: every prediction must be a number"
    first = script.asked(CRITICISE_ROUND)[0]
    assert (first["evidence"], first["look"]) == (None, 0)


async def test_a_platform_failure_is_tried_again_within_the_round(run: Run, script: Script) -> None:
    """Both job runs belong to the round, and both are paid for."""
    script.on(POLL_JOB_STATUS, job_status("internal_error", message="spot loss", seconds=SECONDS), DONE)
    outcome = await run()
    (only,) = outcome.rounds
    assert only.job_runs == (1, 2)
    assert only.spent == Budget(job_runs=2, dbu=2 * DBU, tokens=0)
    assert [order["attempt"] for order in script.asked(TRIGGER_DATABRICKS_JOB)] == [1, 2]


async def test_what_ran_before_a_refusal_is_paid_for(run: Run, script: Script) -> None:
    """The first attempt ran a quarter of an hour; the second could not be started."""
    refusal = StepResult(failure=failure(TRIGGER_DATABRICKS_JOB, message="403"))
    script.on(TRIGGER_DATABRICKS_JOB, StepResult(run_id=1), refusal)
    script.on(POLL_JOB_STATUS, job_status("internal_error", message="spot loss", seconds=SECONDS))
    script.on(CRITICISE_ROUND, criticised("reject"))
    outcome = await run()
    assert outcome.spent == Budget(job_runs=1, dbu=DBU, tokens=0)
    assert outcome.rounds[0].error == "service_refused: 403"


async def test_attempts_stop_where_the_budget_does(run: Run, script: Script) -> None:
    """Two job runs are paid for: the third attempt of the spec is not made."""
    script.on(POLL_JOB_STATUS, job_status("internal_error", message="no capacity"))
    script.on(CRITICISE_ROUND, criticised("reject"))
    outcome = await run(budget=Budget(job_runs=2, dbu=50, tokens=0))
    assert outcome.spent.job_runs == 2
    assert len(script.asked(TRIGGER_DATABRICKS_JOB)) == 2


async def test_a_job_is_canceled_when_the_budget_is_spent(run: Run, script: Script) -> None:
    """A hundredth of a second's DBU is left: the job that still runs then is not waited for."""
    script.on(POLL_JOB_STATUS, job_status("running"))
    script.on(CRITICISE_ROUND, criticised("reject"))
    outcome = await run(budget=Budget(job_runs=2, dbu=0.01 / 3600, tokens=0), dbu_per_hour=1)
    assert "job_overdue" in outcome.rounds[0].error
    assert [request["run_id"] for request in script.asked(CANCEL_DATABRICKS_JOB)] == [1]
    # What it ran until then is spent.
    assert outcome.spent.dbu >= 0.01 / 3600


async def test_no_attempt_follows_one_that_has_spent_the_budget(run: Run, script: Script) -> None:
    """The platform failed after the last paid minute: the next attempt would be beyond the ceiling."""
    script.on(POLL_JOB_STATUS, job_status("internal_error", message="spot loss", seconds=SECONDS))
    script.on(CRITICISE_ROUND, criticised("reject"))
    outcome = await run(budget=Budget(job_runs=6, dbu=DBU, tokens=0))
    assert outcome.spent == Budget(job_runs=1, dbu=DBU, tokens=0)
    assert "spot loss" in outcome.rounds[0].error


async def test_a_job_that_nobody_may_start_is_told_to_the_critic(run: Run, script: Script) -> None:
    """A refusal of Databricks is a round without job run."""
    script.on(TRIGGER_DATABRICKS_JOB, StepResult(failure=failure(TRIGGER_DATABRICKS_JOB, message="401")))
    script.on(CRITICISE_ROUND, criticised("reject", "2 job runs of the loop failed"))
    outcome = await run()
    assert (outcome.outcome, outcome.rounds[0].job_runs) == ("rejected", ())
    assert outcome.rounds[0].error == "service_refused: 401"


async def test_a_planner_that_fails_ends_the_loop(run: Run, script: Script) -> None:
    """Nothing was tried, and that is a failure and no verdict about the model."""
    script.on(PLAN_IMPROVEMENT, PlanImprovementResult(failure=failure(PLAN_IMPROVEMENT)))
    outcome = await run()
    assert (outcome.outcome, outcome.reason) == ("failed", "plan_improvement failed: service_refused: 403")
    assert (alert(script)["severity"], alert(script)["rule"]) == ("critical", "improvement_failed")


async def test_tokens_of_a_planner_that_fails_are_counted(run: Run, script: Script) -> None:
    """A language model may have been asked before; a step of an older release says nothing of it."""
    script.on(PLAN_IMPROVEMENT, PlanImprovementResult(failure=failure(PLAN_IMPROVEMENT), tokens=700))
    assert (await run()).spent.tokens == 700
    old = PlanImprovementResult.from_json({"failure": failure(PLAN_IMPROVEMENT).to_json()})
    assert old.tokens == 0


async def test_a_critic_that_fails_ends_the_loop(run: Run, script: Script) -> None:
    """What nobody has judged is not promoted; the round is kept without a verdict."""
    script.on(CRITICISE_ROUND, CriticiseResult(failure=failure(CRITICISE_ROUND)))
    outcome = await run()
    assert (outcome.outcome, outcome.rounds[0].criticism) == ("failed", None)
    assert script.asked(DECIDE_ACTION) == []
    assert "round 1: adjust_training_window (30 days): not judged" in alert(script)["detail"]


async def test_a_gate_that_fails_promotes_nothing(run: Run, script: Script) -> None:
    """The accepted round is told to a person."""
    script.on(DECIDE_ACTION, DecideResult(failure=failure(DECIDE_ACTION)))
    outcome = await run()
    assert (outcome.outcome, outcome.failure) == ("failed", failure(DECIDE_ACTION))
    assert alert(script)["severity"] == "critical"


async def test_a_champion_that_moved_makes_the_acceptance_void(run: Run, script: Script) -> None:
    """Its evidence is about another champion: a person decides what to do next."""
    script.on(DECIDE_ACTION, decided("void"))
    outcome = await run()
    assert (outcome.outcome, outcome.decision, outcome.failure) == ("rejected", None, None)
    assert outcome.reason == "the champion moved while the loop ran: its evidence is void"
    assert alert(script)["severity"] == "warning"


async def test_a_gate_that_rejects_what_the_critic_accepted_is_told(run: Run, script: Script) -> None:
    """The gate has the last word, and a person hears it."""
    script.on(DECIDE_ACTION, decided("rejected", "reject"))
    outcome = await run()
    assert (outcome.outcome, outcome.reason, outcome.champion_version) == ("rejected", "because", None)
    assert alert(script)["rule"] == "improvement_rejected"


async def test_a_service_that_comes_back_costs_only_time(run: Run, script: Script) -> None:
    """One failed call of each step, and the loop goes on as if there had been none."""
    for step, answer in {
        EVALUATE_METRICS: evaluated(1),
        CRITICISE_ROUND: criticised("accept"),
        DECIDE_ACTION: decided("promoted"),
    }.items():
        script.on(step, ConnectionError("down"), answer)
    outcome = await run()
    assert (outcome.outcome, len(outcome.rounds)) == ("promoted", 1)
    assert [len(script.asked(step)) for step in (EVALUATE_METRICS, CRITICISE_ROUND, DECIDE_ACTION)] == [2, 2, 2]


@pytest.mark.parametrize("step", [PLAN_IMPROVEMENT, CRITICISE_ROUND, DECIDE_ACTION])
async def test_a_service_that_stays_away_fails_the_loop(run: Run, script: Script, step: str) -> None:
    """When the patience is used up; a decision waits longest, because another champion's move may hold it up."""
    script.on(step, ConnectionError("storage is not available"))
    outcome = await run()
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.step, outcome.failure.code) == ("failed", step, "service_unavailable")
    assert "storage is not available" in outcome.reason
    assert len(script.asked(step)) == (DECIDING_ATTEMPTS if step == DECIDE_ACTION else 2)
    assert len(script.asked(SEND_ALERT)) == 1


async def test_mlflow_that_stays_away_costs_the_round(run: Run, script: Script) -> None:
    """The evaluation could not be made: no evidence, and the critic judges that."""
    script.on(EVALUATE_METRICS, ConnectionError("MLflow is not available"))
    script.on(CRITICISE_ROUND, criticised("reject", "2 job runs of the loop failed"))
    outcome = await run()
    assert outcome.outcome == "rejected"
    assert outcome.rounds[0].error.startswith("service_unavailable: ")
