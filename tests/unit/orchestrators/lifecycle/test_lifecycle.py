"""The lifecycle's order, retries and ends."""

import json
from datetime import timedelta
from typing import Any

import pytest

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.lifecycle.job import JobRun
from nightshift.domain.lifecycle.run import LifecycleInput, Oversize, RunOutcome, ValidationOrderRef
from nightshift.domain.platform.names import LIFECYCLE, job_finished
from nightshift.domain.platform.spec import Polling
from nightshift.domain.platform.step import Failure, JobSettings, RetryPolicy
from nightshift.domain.uploads.upload import BlobRef, Upload
from orchestrators.lifecycle.lifecycle import DECIDING_ATTEMPTS
from tests.unit.orchestrators.conftest import Script, decided, job_status, validated

RUN = "lifecycle-m-1"


@pytest.fixture
def run(engine: VirtualEngine, upload: Upload) -> Any:
    """Run a lifecycle to its end and return its outcome."""

    async def start() -> RunOutcome:
        order = LifecycleInput(model="m", run=RUN, uploads=(upload,))
        await engine.start_instance(LIFECYCLE, json.dumps(order.model_dump_json()), RUN)
        status = await engine.wait_for_completion(RUN)
        return RunOutcome.from_json(status.output)

    return start


async def test_a_run_takes_its_steps_in_order(run: Any, script: Script) -> None:
    """Validate, train, poll, evaluate, decide; published at both ends."""
    outcome = await run()
    assert (outcome.outcome, outcome.champion_version, outcome.job_runs) == ("promoted", "2", (7,))
    assert script.names() == [
        "publish_event",
        "validate_data",
        "trigger_databricks_job",
        "poll_job_status",
        "evaluate_metrics",
        "decide_action",
        "publish_event",
    ]
    assert [event["kind"] for event in script.asked("publish_event")] == ["started", "promoted"]


async def test_a_broken_contract_halts_before_any_job(run: Any, script: Script) -> None:
    """Nothing is trained; the ledger and on-call learn why."""
    failure = Failure(step="validate_data", code="contract_violation", message="7 violations")
    script.on("validate_data", failure)
    outcome = await run()
    assert (outcome.outcome, outcome.failure) == ("halted", failure)
    assert script.asked("trigger_databricks_job") == []
    assert script.asked("record_halt")[0]["failure"]["code"] == "contract_violation"
    (alert,) = script.asked("send_alert")
    assert (alert["severity"], alert["detail"]) == ("warning", "7 violations\nuploads of this run: m/a.csv")


async def test_user_code_that_fails_is_not_run_again(run: Any, script: Script) -> None:
    """One attempt, its error text kept, and a critical alert."""
    script.on("poll_job_status", job_status("failed", error="ValueError: no such column"))
    outcome = await run()
    assert (outcome.outcome, outcome.job_runs) == ("failed", (7,))
    assert "ValueError: no such column" in outcome.reason
    assert "not tried again" in outcome.reason
    assert [alert["severity"] for alert in script.asked("send_alert")] == ["critical"]


async def test_a_platform_failure_is_tried_again_with_the_next_attempt(run: Any, script: Script) -> None:
    """Cluster start and spot loss get a new run, each attempt with a number and so a token of its own."""
    script.on("trigger_databricks_job", JobRun(run_id=7), JobRun(run_id=8))
    script.on("poll_job_status", job_status("internal_error", message="spot loss"), job_status("succeeded"))
    outcome = await run()
    assert (outcome.outcome, outcome.job_runs) == ("promoted", (7, 8))
    assert [order["attempt"] for order in script.asked("trigger_databricks_job")] == [1, 2]


async def test_a_platform_that_keeps_failing_ends_the_run(run: Any, script: Script) -> None:
    """After the last attempt of the spec a person is notified."""
    script.on("poll_job_status", job_status("internal_error", message="no capacity"))
    outcome = await run()
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("failed", "job_internal_error")
    assert len(script.asked("trigger_databricks_job")) == 3


async def test_a_running_job_is_looked_at_until_it_ends(run: Any, script: Script) -> None:
    """Polling goes on through every state that is not an end."""
    script.on("poll_job_status", *(job_status(state) for state in ("pending", "running", "running", "succeeded")))
    assert (await run()).outcome == "promoted"
    assert len(script.asked("poll_job_status")) == 4


async def test_the_webhook_wakes_a_run_at_once(
    engine: VirtualEngine, script: Script, upload: Upload, settings: JobSettings
) -> None:
    """With the next look an hour away, the job-finished event ends the wait."""
    hourly = settings.model_copy(update={"polling": Polling(first_seconds=3600, max_seconds=3600)})
    script.on("validate_data", validated(hourly))
    script.on("poll_job_status", job_status("running"), job_status("succeeded"))
    order = LifecycleInput(model="m", run=RUN, uploads=(upload,))
    await engine.start_instance(LIFECYCLE, json.dumps(order.model_dump_json()), RUN)
    await engine.settle()
    await engine.raise_event(RUN, job_finished(7), "{}")
    begun = engine.clock.now()
    status = await engine.wait_for_completion(RUN)
    assert RunOutcome.from_json(status.output).outcome == "promoted"
    assert len(script.asked("poll_job_status")) == 2
    assert engine.clock.now() == begun


async def test_a_webhook_that_comes_before_the_job_shows_its_end_costs_one_poll(
    engine: VirtualEngine, script: Script, upload: Upload, settings: JobSettings
) -> None:
    """The event wakes the run once; then the timers go on, without a storm of looks."""
    script.on("poll_job_status", *(job_status("running") for _ in range(3)), job_status("succeeded"))
    order = LifecycleInput(model="m", run=RUN, uploads=(upload,))
    await engine.start_instance(LIFECYCLE, json.dumps(order.model_dump_json()), RUN)
    await engine.raise_event(RUN, job_finished(7), "{}")
    begun, polling = engine.clock.now(), settings.polling
    status = await engine.wait_for_completion(RUN)
    assert RunOutcome.from_json(status.output).outcome == "promoted"
    assert len(script.asked("poll_job_status")) == 4
    assert engine.clock.now() - begun == timedelta(seconds=polling.first_seconds * (1 + polling.backoff))


async def test_a_job_that_does_not_end_is_given_up(
    engine: VirtualEngine, run: Any, script: Script, settings: JobSettings
) -> None:
    """After the spec's timeout, four hours, the run fails and says how long it waited."""
    script.on("poll_job_status", job_status("running"))
    begun = engine.clock.now()
    outcome = await run()
    assert engine.clock.now() - begun == timedelta(seconds=settings.polling.timeout_seconds) == timedelta(hours=4)
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("failed", "job_overdue")
    assert [request["run_id"] for request in script.asked("cancel_databricks_job")] == [7]


async def test_an_outage_while_the_job_runs_does_not_end_the_wait(run: Any, script: Script) -> None:
    """Databricks stays away for longer than the retries of one step; the job goes on, and so does the run."""
    away = [ConnectionError("down")] * (RetryPolicy().attempts + 1)
    script.on("poll_job_status", job_status("running"), *away, job_status("succeeded"))
    assert (await run()).outcome == "promoted"


async def test_a_void_decision_is_made_again_on_a_new_scoring(run: Any, script: Script) -> None:
    """The champion moved: only the score task runs again, and its round tells the evidence apart."""
    script.on("decide_action", decided("void"), decided("rejected", "reject"))
    assert (await run()).outcome == "rejected"
    orders = script.asked("trigger_databricks_job")
    assert [(order["purpose"], order["round"]) for order in orders] == [("train", 0), ("score", 1)]
    assert [request["round"] for request in script.asked("decide_action")] == [0, 1]


async def test_a_champion_that_keeps_moving_is_for_a_person(run: Any, script: Script) -> None:
    """Three void decisions end the run without any change."""
    script.on("decide_action", decided("void"))
    outcome = await run()
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.code) == ("failed", "champion_moved")
    assert len(script.asked("decide_action")) == 3


async def test_a_service_that_comes_back_costs_only_time(run: Any, script: Script) -> None:
    """Two failed calls and a good one: the run goes on."""
    good = JobRun(run_id=7)
    script.on("trigger_databricks_job", ConnectionError("down"), ConnectionError("down"), good)
    assert (await run()).outcome == "promoted"
    assert len(script.asked("trigger_databricks_job")) == 3


@pytest.mark.parametrize("step", ["validate_data", "trigger_databricks_job", "evaluate_metrics", "decide_action"])
async def test_a_service_that_stays_away_ends_the_run_with_an_alert(run: Any, script: Script, step: str) -> None:
    """When the retries are used up the run fails at the step that waited, and on-call is notified."""
    script.on(step, ConnectionError("MLflow is not available"))
    outcome = await run()
    assert outcome.failure is not None
    assert (outcome.outcome, outcome.failure.step, outcome.failure.code) == ("failed", step, "service_unavailable")
    assert "MLflow is not available" in outcome.failure.message
    # A decision may have to wait for another champion's move to end, so it waits longest.
    assert len(script.asked(step)) == (DECIDING_ATTEMPTS if step == "decide_action" else RetryPolicy().attempts)
    assert len(script.asked("send_alert")) == 1


async def test_a_topic_that_refuses_does_not_stop_a_run(run: Any, script: Script) -> None:
    """Lifecycle events are news, not steps."""
    refused = Failure(step="publish_event", code="service_refused", message="403")
    script.on("publish_event", refused)
    assert (await run()).outcome == "promoted"


async def test_a_file_that_is_too_large_is_validated_by_a_job(
    run: Any, script: Script, settings: JobSettings, upload: Upload
) -> None:
    """The job writes its report, and the same step reads it."""
    report = BlobRef(container="evidence", name="report.json")
    order = ValidationOrderRef(
        identity=upload.identity, order=BlobRef(container="evidence", name="order.json"), report=report
    )
    script.on(
        "validate_data",
        Oversize(oversize=(order,), job=settings),
        validated(settings),
    )
    assert (await run()).outcome == "promoted"
    orders = script.asked("trigger_databricks_job")
    assert [(item["purpose"], item["job"]) for item in orders] == [
        ("validate", "nightshift-validation"),
        ("train", "nightshift-training"),
    ]
    assert script.asked("validate_data")[1]["job_reports"] == {upload.identity: report.to_json()}


async def test_uploads_left_out_of_a_batch_are_reported(run: Any, script: Script, settings: JobSettings) -> None:
    """A bad file beside a good one does not stop the run, but somebody must know."""
    script.on("validate_data", validated(settings, "m/bad.csv"))
    assert (await run()).outcome == "promoted"
    (alert,) = script.asked("send_alert")
    assert (alert["severity"], alert["title"]) == ("warning", "Left out of the run of m: m/bad.csv")
