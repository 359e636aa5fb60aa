"""One lifecycle at a time, batch after batch."""

import json

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.lifecycle.run import Batch, QueueInput
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.names import LIFECYCLE, MODEL_QUEUE
from nightshift.domain.platform.step import Done, Failure, RetryPolicy
from nightshift.domain.uploads.upload import Upload
from tests.unit.orchestrators.conftest import Script

QUEUE = "queue-m-1"


async def _run(engine: VirtualEngine) -> dict[str, object]:
    order = QueueInput(model="m", generation=1)
    await engine.start_instance(MODEL_QUEUE, json.dumps(order.model_dump_json()), QUEUE)
    status = await engine.wait_for_completion(QUEUE)
    result: dict[str, object] = json.loads(status.output or "null")
    return result


async def test_batches_run_one_after_the_other(engine: VirtualEngine, script: Script, upload: Upload) -> None:
    """Two batches are two runs under their own ids; then the queue is idle."""
    first, second = (Batch(run=f"lifecycle-m-{number}", uploads=(upload,)) for number in (1, 2))
    script.on("claim_uploads", first, second, Batch())
    assert await _run(engine) == {"model": "m", "batches": 2}
    assert [claim["claim"] for claim in script.asked("claim_uploads")] == [0, 1, 2]
    decisions = [request["run"] for request in script.asked("decide_action")]
    assert decisions == ["lifecycle-m-1", "lifecycle-m-2"]
    names = script.names()
    assert names.index("decide_action") < len(names) - 1 - names[::-1].index("validate_data")


async def test_a_run_that_halts_does_not_hold_up_the_next(
    engine: VirtualEngine, script: Script, upload: Upload
) -> None:
    """A corrupt file is followed by whatever waits."""
    script.on("claim_uploads", Batch(run="lifecycle-m-1", uploads=(upload,)), Batch())
    failure = Failure(step="validate_data", code="contract_violation", message="broken")
    script.on("validate_data", failure)
    assert await _run(engine) == {"model": "m", "batches": 1}


async def test_a_run_that_was_terminated_is_reported_and_the_next_goes_on(
    engine: VirtualEngine, script: Script, upload: Upload
) -> None:
    """Somebody ends a run by hand: on-call learns of it, the queue does not stop."""
    batches = [Batch(run=f"lifecycle-m-{number}", uploads=(upload,)) for number in (1, 2)]
    script.on("claim_uploads", *batches, Batch())
    script.on("publish_event", ConnectionError("slow"), Done())
    order = QueueInput(model="m", generation=1)
    await engine.start_instance(MODEL_QUEUE, json.dumps(order.model_dump_json()), QUEUE)
    await engine.settle()
    assert script.names() == ["claim_uploads", "publish_event"]
    await engine.terminate("lifecycle-m-1", "by hand")
    status = await engine.wait_for_completion(QUEUE)
    assert json.loads(status.output or "null") == {"model": "m", "batches": 2}
    (alert,) = script.asked("send_alert")
    assert alert["key"] == "lifecycle-m-1:ended"
    # What came of its uploads is in the ledger, too: the run could not say it any more.
    assert (alert["halt"]["run"], alert["halt"]["failure"]["code"]) == ("lifecycle-m-1", "run_broke_off")
    assert (await engine.get_status("lifecycle-m-2")).name == LIFECYCLE


async def test_the_trace_of_the_first_upload_goes_through_the_run(
    engine: VirtualEngine, script: Script, upload: Upload
) -> None:
    """Every step of the run gets it beside its message; the queue's own steps belong to what woke the queue."""
    waker, uploader = (f"00-{dead_letter * 32}-{'b' * 16}-01" for dead_letter in "ac")
    batch = Batch(run="lifecycle-m-1", uploads=(upload.model_copy(update={"trace": uploader}), upload))
    script.on("claim_uploads", batch, Batch())
    order = QueueInput(model="m", generation=1, trace=waker)
    await engine.start_instance(MODEL_QUEUE, json.dumps(order.model_dump_json()), QUEUE)
    await engine.wait_for_completion(QUEUE)
    assert [claim.get("trace") for claim in script.asked("claim_uploads")] == [waker, None]
    assert {message.get("trace") for name, message in script.calls if name != "claim_uploads"} == {uploader}


async def test_what_is_reported_of_a_run_that_broke_off_holds_no_stack(
    engine: VirtualEngine, script: Script, upload: Upload
) -> None:
    """Neither the ledger nor the page of on-call: the stack is in the log."""
    once = RetryPolicy(attempts=1, seconds=1)
    script.on("claim_uploads", Batch(run="lifecycle-m-1", uploads=(upload,), patience=once), Batch())
    script.on("validate_data", ServiceUnavailableError("storage", "503"))
    script.on("record_halt", ServiceUnavailableError("storage", "503"))
    await _run(engine)
    (alert,) = script.asked("send_alert")
    assert "503" in alert["detail"]
    assert "Traceback" not in json.dumps(alert)
    (halt, *_) = script.asked("record_halt")
    assert halt["failure"]["message"].endswith("503")
