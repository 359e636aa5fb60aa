"""What people see of a loop: its status while it runs, and the story of its rounds when it has ended in vain."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from local_host.testing.virtual_engine import VirtualEngine
from tests.unit.orchestrators.conftest import Script, job_status
from tests.unit.orchestrators.improvement.conftest import ID, Run, alert, criticised, failure, planned

Start = Callable[..., Awaitable[None]]


async def _status(engine: VirtualEngine) -> tuple[str, int]:
    """The step and the round that the loop says it is at."""
    told = json.loads((await engine.get_status(ID)).custom_status or "{}")
    return told["step"], told["round"]


async def test_the_status_names_the_round_and_the_step(engine: VirtualEngine, start: Start, script: Script) -> None:
    """While the job of round two runs, the status says round two."""
    done, running = job_status("succeeded"), job_status("running")
    script.on("poll_job_status", done, running, done)
    script.on("criticise_round", criticised("retry"), criticised("accept"))
    await start()
    await engine.settle()
    assert await _status(engine) == ("poll_job_status", 2)
    await engine.wait_for_completion(ID)


async def test_a_critic_is_still_in_the_round_that_it_judges(
    engine: VirtualEngine, start: Start, script: Script
) -> None:
    """The round's number changes with the next plan, and not before."""
    asked, release = asyncio.Event(), asyncio.Event()
    answer = script.answer

    async def held(activity: str, text: str | None) -> str:
        if activity == "criticise_round":
            asked.set()
            await release.wait()
        return await answer(activity, text)

    script.answer = held  # type: ignore[method-assign]
    await start()
    await asked.wait()
    assert await _status(engine) == ("criticise_round", 1)
    release.set()
    await engine.wait_for_completion(ID)


async def test_a_rejection_reports_the_story_of_the_rounds(run: Run, script: Script) -> None:
    """Each round's action, its reason and its verdict, and the conclusion last."""
    script.on("criticise_round", criticised("retry", "rmse misses by 9"), criticised("reject", "rmse misses by 8"))
    await run()
    told = alert(script)
    assert (told["key"], told["rule"], told["severity"]) == (f"{ID}:rejected", "improvement_rejected", "warning")
    assert told["title"] == "m could not be improved in 2 rounds"
    assert told["detail"].split("\n") == [
        "round 1: adjust_training_window (30 days): rmse misses by 9",
        "round 2: adjust_training_window (60 days): rmse misses by 8",
        "rmse misses by 8",
    ]


async def test_a_long_story_leaves_no_round_out(run: Run, script: Script) -> None:
    """Ten rounds of two thousand characters each are cut evenly: an alert takes 8,000."""
    script.on("plan_improvement", *(planned(number, rationale="r" * 2_000) for number in range(1, 11)))
    script.on("criticise_round", criticised("retry", "the limit is missed"))
    await run(max_iterations=10, budget={"job_runs": 10, "dbu": 50, "tokens": 0})
    detail = alert(script)["detail"]
    assert len(detail) <= 8_000
    assert [line.split(":")[0] for line in detail.split("\n")[:-1]] == [f"round {number}" for number in range(1, 11)]
    assert detail.endswith("\nthe limit is missed")


async def test_each_round_has_its_trace(run: Run, script: Script) -> None:
    """Its id stands in the round; it is written once the round is judged, with the feedback that the planner got."""
    script.on("criticise_round", criticised("retry", "rmse misses by 9"), criticised("accept"))
    outcome = await run()
    assert [item.trace for item in outcome.rounds] == ["tr-1", "tr-2"]
    asked = script.asked("trace_round")
    assert [(item["round"]["number"], item["feedback"]) for item in asked] == [(1, ""), (2, "rmse misses by 9")]
    assert [item["round"]["criticism"]["judgement"] for item in asked] == ["retry", "accept"]
    assert all(item["times"] == sorted(item["times"]) for item in asked)


async def test_a_loop_goes_on_without_a_trace(run: Run, script: Script) -> None:
    """MLflow refuses it: that is logged, and no reason to stop."""
    script.on("trace_round", failure("trace_round"))
    outcome = await run()
    assert (outcome.outcome, outcome.rounds[0].trace) == ("promoted", "")


async def test_no_words_can_look_like_another_round(run: Run, script: Script) -> None:
    """Those of a language model, kept by an older release: a forged line stays in its own, and nothing is hidden."""
    forged = "because\nround 9: accepted \x1b[2J\u202e"
    script.on("plan_improvement", planned(30, rationale=forged))
    script.on("criticise_round", criticised("reject", "in vain"))
    await run()
    detail = alert(script)["detail"]
    assert [line[:8] for line in detail.splitlines()] == ["round 1:", "in vain"]
    assert r"because\nround 9: accepted \x1b[2J\u202e" in detail
