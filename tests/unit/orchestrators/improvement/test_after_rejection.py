"""A lifecycle that goes on into the improvement loop, and what becomes of its outcome."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.improvement.loop import ImprovementPolicy
from nightshift.domain.lifecycle.run import DecideResult, LifecycleInput, RunOutcome, Validated
from nightshift.domain.platform.names import LIFECYCLE
from nightshift.domain.platform.step import Done, JobSettings
from nightshift.domain.uploads.upload import Upload
from tests.unit.orchestrators.conftest import REPORTS, Script
from tests.unit.orchestrators.improvement.conftest import (
    ID,
    MANIFEST,
    criticised,
    decided,
    evaluated,
    evidence,
    failure,
)

RUN = "lifecycle-m-1"
RunLifecycle = Callable[[], Awaitable[RunOutcome]]


def rejected(**policy: Any) -> DecideResult:
    """A rejection after which the spec wants a loop."""
    found = decided("rejected", "reject", "the challenger breaks a limit")
    return found.model_copy(update={"champion_version": "1", "improve": ImprovementPolicy(**policy)})


@pytest.fixture
def script(script: Script, settings: JobSettings) -> Script:
    """A lifecycle whose challenger is rejected and whose loop's first round is promoted."""
    script.on("validate_data", Validated(parts=(), reports=REPORTS, manifest=MANIFEST, job=settings))
    script.on("publish_event", Done())
    script.on("evaluate_metrics", evaluated(0), *(evaluated(number) for number in range(1, 11)))
    script.on("decide_action", rejected(), decided("promoted"))
    return script


@pytest.fixture
def run_lifecycle(engine: VirtualEngine, upload: Upload) -> RunLifecycle:
    """Run a lifecycle to its end and return its outcome."""

    async def whole() -> RunOutcome:
        order = LifecycleInput(model="m", run=RUN, uploads=(upload,))
        await engine.start_instance(LIFECYCLE, json.dumps(order.model_dump_json()), RUN)
        status = await engine.wait_for_completion(RUN)
        return RunOutcome.from_json(status.output)

    return whole


async def test_what_the_loop_promotes_is_the_runs_outcome(run_lifecycle: RunLifecycle, script: Script) -> None:
    """With the loop's decision, its version and its story; subscribers hear of the promotion only."""
    outcome = await run_lifecycle()
    assert (outcome.outcome, outcome.reason, outcome.champion_version) == ("promoted", "better", "2")
    assert outcome.improvement is not None
    assert (outcome.improvement.run, len(outcome.improvement.rounds)) == (ID, 1)
    assert [event["kind"] for event in script.asked("publish_event")] == ["started", "promoted"]


async def test_the_loop_starts_from_what_the_run_has_found(run_lifecycle: RunLifecycle, script: Script) -> None:
    """The same dataset and the rejected challenger's evidence; the gate knows which run validated."""
    await run_lifecycle()
    (request,) = script.asked("plan_improvement")
    assert (request["run"], request["manifest"], request["evidence"]) == (ID, MANIFEST.to_json(), evidence(0).to_json())
    first, second = script.asked("decide_action")
    assert (first["run"], first["validated_by"]) == (RUN, "")
    assert (second["run"], second["validated_by"]) == (ID, RUN)
    assert [order["run"] for order in script.asked("trigger_databricks_job")] == [RUN, ID]


async def test_a_loop_in_vain_leaves_the_rejection(run_lifecycle: RunLifecycle, script: Script) -> None:
    """The run's own reason stays; the rounds are beside it, and a person is notified."""
    script.on("criticise_round", criticised("retry"), criticised("reject", "no progress"))
    outcome = await run_lifecycle()
    assert (outcome.outcome, outcome.reason) == ("rejected", "the challenger breaks a limit")
    assert outcome.improvement is not None
    assert (outcome.improvement.outcome, outcome.improvement.reason) == ("rejected", "no progress")
    assert [event["kind"] for event in script.asked("publish_event")] == ["started", "rejected"]
    assert [alert["run"] for alert in script.asked("send_alert")] == [ID]


async def test_what_the_gate_flags_is_for_a_person(run_lifecycle: RunLifecycle, script: Script) -> None:
    """The critic accepted, the gate knew of a quarantine: the run waits for a review."""
    flagged = decided("flagged", "flag", "it is in quarantine").model_copy(update={"review_id": "r1"})
    script.on("decide_action", rejected(), flagged)
    outcome = await run_lifecycle()
    assert (outcome.outcome, outcome.review_id, outcome.reason) == ("flagged", "r1", "it is in quarantine")


async def test_a_loop_that_fails_leaves_the_rejection(run_lifecycle: RunLifecycle, script: Script) -> None:
    """The decision about the first challenger stands, whatever happened afterwards."""
    broken = failure("plan_improvement")
    script.on("plan_improvement", broken)
    outcome = await run_lifecycle()
    assert outcome.improvement is not None
    assert (outcome.outcome, outcome.improvement.outcome) == ("rejected", "failed")
    assert outcome.improvement.failure == broken


async def test_a_champion_that_moved_during_the_loop_leaves_the_rejection(
    run_lifecycle: RunLifecycle, script: Script
) -> None:
    """Nothing was promoted over a champion that nobody compared with."""
    script.on("decide_action", rejected(), decided("void"))
    outcome = await run_lifecycle()
    assert outcome.improvement is not None
    assert (outcome.outcome, outcome.champion_version, outcome.improvement.outcome) == ("rejected", "1", "rejected")


async def test_no_loop_where_the_spec_wants_none(run_lifecycle: RunLifecycle, script: Script) -> None:
    """A rejection is the end, as it was before there were loops."""
    script.on("decide_action", decided("rejected", "reject"))
    outcome = await run_lifecycle()
    assert (outcome.outcome, outcome.improvement) == ("rejected", None)
    assert script.asked("plan_improvement") == []


@pytest.mark.parametrize("outcome", ["promoted", "flagged"])
async def test_no_loop_after_another_decision(run_lifecycle: RunLifecycle, script: Script, outcome: str) -> None:
    """Only a rejection is improved upon."""
    script.on("decide_action", decided(outcome))
    assert (await run_lifecycle()).improvement is None
    assert script.asked("plan_improvement") == []


async def test_the_specs_rounds_count(run_lifecycle: RunLifecycle, script: Script) -> None:
    """The policy comes with the decision, from the spec that the decision was made under."""
    script.on("decide_action", rejected(max_iterations=1))
    script.on("criticise_round", criticised("retry"))
    outcome = await run_lifecycle()
    assert outcome.improvement is not None
    assert len(outcome.improvement.rounds) == 1
