"""The rounds: planner, executor, critic, until the critic accepts or there is no next round."""

import pytest

from nightshift.domain.improvement.loop import Budget
from tests.unit.orchestrators.conftest import Script
from tests.unit.orchestrators.improvement.conftest import (
    DBU,
    ID,
    MANIFEST,
    NOTHING_LEFT,
    START,
    Run,
    alert,
    criticised,
    evidence,
    no_plan,
    planned,
)

ROUND = [
    "plan_improvement",
    "trigger_databricks_job",
    "poll_job_status",
    "evaluate_metrics",
    "criticise_round",
    "trace_round",
]


async def test_a_first_round_that_is_accepted_goes_through_the_gate(run: Run, script: Script) -> None:
    """Plan, run, evaluate, criticise, decide; nobody is alerted."""
    outcome = await run()
    assert (outcome.outcome, outcome.champion_version, len(outcome.rounds)) == ("promoted", "2", 1)
    assert script.names() == [*ROUND, "decide_action"]


async def test_the_gate_decides_on_the_accepted_rounds_evidence(run: Run, script: Script) -> None:
    """Under the loop's own run, with the lifecycle's run named for what it validated."""
    script.on("criticise_round", criticised("retry"), criticised("accept"))
    assert (await run()).outcome == "promoted"
    (request,) = script.asked("decide_action")
    assert (request["run"], request["round"], request["validated_by"]) == (ID, 2, "lifecycle-m-1")
    assert (request["evidence"], request["manifest"]) == (evidence(2).to_json(), MANIFEST.to_json())


async def test_a_plan_travels_to_the_job_as_its_order(run: Run, script: Script) -> None:
    """Each round has a number, and so tokens, a model version and evidence of its own."""
    script.on("criticise_round", criticised("retry"), criticised("accept"))
    await run()
    orders = script.asked("trigger_databricks_job")
    assert [(order["purpose"], order["round"], order["attempt"]) for order in orders] == [
        ("train", 1, 1),
        ("train", 2, 1),
    ]
    assert [order["plan"]["action"]["days"] for order in orders] == [30, 60]
    assert [(request["round"], request["counted"]) for request in script.asked("evaluate_metrics")] == [
        (1, True),
        (2, True),
    ]


async def test_feedback_goes_into_the_next_plan(run: Run, script: Script) -> None:
    """The second planner sees the first plan, its verdict, its evidence and what it has cost."""
    script.on("criticise_round", criticised("retry", "rmse misses by 3"), criticised("accept"))
    await run()
    first, second = script.asked("plan_improvement")
    assert (first["evidence"], first["rounds"], first["spent"]["job_runs"]) == (START.to_json(), [], 0)
    assert second["evidence"] == evidence(1).to_json()
    (seen,) = second["rounds"]
    assert seen["plan"]["action"]["days"] == 30
    assert seen["criticism"]["feedback"]["likely_reason"] == "rmse misses by 3"
    assert second["spent"] == {"job_runs": 1, "dbu": DBU, "tokens": 0}


async def test_the_critic_sees_the_start_the_look_and_all_rounds(run: Run, script: Script) -> None:
    """Progress is measured from the challenger that started the loop."""
    script.on("criticise_round", criticised("retry"), criticised("accept"))
    await run()
    first, second = script.asked("criticise_round")
    assert [request["start"] for request in (first, second)] == [START.to_json()] * 2
    assert [request["look"] for request in (first, second)] == [1, 2]
    assert [[item["criticism"] is None for item in request["rounds"]] for request in (first, second)] == [
        [True],
        [False, True],
    ]


@pytest.mark.parametrize("most", [1, 2, 3, 5])
async def test_never_more_rounds_than_the_spec_allows(run: Run, script: Script, most: int) -> None:
    """A critic that would go on for ever does not."""
    script.on("criticise_round", criticised("retry", "not yet"))
    outcome = await run(max_iterations=most)
    assert (outcome.outcome, outcome.reason, len(outcome.rounds)) == ("rejected", "not yet", most)
    assert len(script.asked("trigger_databricks_job")) == most
    assert script.asked("decide_action") == []


async def test_a_rejection_ends_the_loop_at_once(run: Run, script: Script) -> None:
    """The critic saw no measurable progress: no further job is paid for."""
    script.on("criticise_round", criticised("retry"), criticised("reject", "2 rounds in a row closed less than 5%"))
    outcome = await run(max_iterations=5)
    assert (outcome.outcome, outcome.reason) == ("rejected", "2 rounds in a row closed less than 5%")
    assert [item.criticism and item.criticism.judgement for item in outcome.rounds] == ["retry", "reject"]
    assert len(script.asked("send_alert")) == 1


async def test_nothing_left_to_try_ends_the_loop_without_a_job(run: Run, script: Script) -> None:
    """Also where the spec allows no action at all."""
    script.on("plan_improvement", no_plan())
    outcome = await run()
    assert (outcome.outcome, outcome.reason, outcome.rounds) == ("rejected", f"after 0 rounds {NOTHING_LEFT}", ())
    assert script.names() == ["plan_improvement", "send_alert"]
    assert alert(script)["title"] == "m could not be improved in 0 rounds"


async def test_nothing_left_after_a_round_says_how_many_there_were(run: Run, script: Script) -> None:
    """What a language model was asked for nothing is counted, and its problem is reported."""
    script.on("plan_improvement", planned(30, tokens=100), no_plan(tokens=50, note="no answer: 429"))
    script.on("criticise_round", criticised("retry"))
    outcome = await run()
    assert outcome.reason == f"after 1 rounds {NOTHING_LEFT} (no answer: 429)"
    assert outcome.spent == Budget(job_runs=1, dbu=outcome.spent.dbu, tokens=150)


async def test_what_rounds_cost_is_summed(run: Run, script: Script) -> None:
    """Job runs, DBU by the spec's rate, tokens of the planner."""
    script.on("plan_improvement", planned(30, tokens=100), planned(60, tokens=200))
    script.on("criticise_round", criticised("retry"), criticised("accept"))
    outcome = await run()
    assert outcome.spent == Budget(job_runs=2, dbu=2 * DBU, tokens=300)
    assert [item.spent.tokens for item in outcome.rounds] == [100, 200]
    assert script.asked("criticise_round")[1]["spent"]["tokens"] == 300
