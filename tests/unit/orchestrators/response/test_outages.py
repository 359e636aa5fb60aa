"""Outside systems that do not answer cost time; beyond the retry policy they wake a person."""

from typing import Any

import pytest

from local_host.durable.instance import RuntimeStatus
from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.response.messages import (
    RESPONDING,
    Verification,
)
from nightshift.domain.response.mitigations import Mitigation
from tests.unit.orchestrators.conftest import Script
from tests.unit.orchestrators.response.conftest import ID, Run, pages, planned, refusal, resulted, start


async def test_an_outage_costs_only_time(run: Run, script: Script) -> None:
    """Two failed calls and a good one: nobody is woken."""
    script.on("roll_back", ConnectionError("down"), ConnectionError("down"), resulted("rollback"))
    assert (await run())["rollback"] == "done"
    assert len(script.asked("roll_back")) == 3
    assert pages(script) == []


@pytest.mark.parametrize(
    ("mitigation", "activity"),
    [("rollback", "roll_back"), ("retrain", "retrain"), ("pause_compute", "pause_compute")],
)
async def test_an_outage_beyond_the_retry_policy_pages(
    run: Run, script: Script, mitigation: Mitigation, activity: str
) -> None:
    """The mitigation has failed, what follows it in the playbook is still done."""
    script.on("plan_response", planned(mitigation, "notify"))
    script.on(activity, ConnectionError("MLflow is not available"))
    result = await run()
    assert (result[mitigation], result["notify"]) == ("failed", "done")
    assert len(script.asked(activity)) == RESPONDING.attempts
    (page,) = pages(script)
    assert page.startswith(f"{activity} failed: service_unavailable: ")
    assert "MLflow is not available" in page


@pytest.mark.parametrize("answer", [ConnectionError("storage is down"), refusal("plan_response")])
async def test_without_a_plan_a_person_is_paged(run: Run, script: Script, answer: Any) -> None:
    """Nothing is done on a guess."""
    script.on("plan_response", answer)
    assert (await run())["verdict"] == "failed"
    assert set(script.names()) == {"plan_response", "tell_on_call"}
    (page,) = pages(script)
    assert page.startswith("plan_response failed: ")


async def test_a_notice_that_cannot_be_sent_does_not_hide_the_rollback(run: Run, script: Script) -> None:
    """It is verified all the same, and the page tries its luck."""
    script.on("tell_on_call", refusal("tell_on_call"), resulted("page"))
    result = await run()
    assert (result["rollback"], result["notify"], result["recovered"]) == ("done", "failed", "yes")
    assert pages(script) == ["tell_on_call failed: service_refused: 403"]


async def test_a_page_that_cannot_be_recorded_fails_the_response_at_its_end(
    engine: VirtualEngine, script: Script
) -> None:
    """Everything else is done first; the sweep of responses pages about one that has failed."""
    script.on("tell_on_call", ConnectionError("no storage"))
    await start(engine)
    status = await engine.wait_for_completion(ID)
    assert RuntimeStatus(status.runtime_status) is RuntimeStatus.FAILED
    assert script.asked("verify_recovery")
    assert "no storage" in str(status.output)


async def test_each_escalation_of_a_response_is_its_own(run: Run, script: Script) -> None:
    """A refused rollback and a signal that does not recover are two; what the playbook orders is none."""
    script.on("plan_response", planned("retrain", "pause_compute", "page", verify_minutes=60))
    script.on("pause_compute", resulted("pause_compute", "refused", escalate=True))
    script.on("verify_recovery", Verification(recovered=False, detail="it fired again"))
    await run()
    asked = [message["escalation"] for message in script.asked("tell_on_call")]
    assert asked == ["", f"{ID}:1", f"{ID}:2"]


async def test_verification_out_of_retries_pages(run: Run, script: Script) -> None:
    """That it cannot be seen is not that it has recovered."""
    script.on("verify_recovery", ConnectionError("storage is down"))
    assert (await run())["recovered"] == "no"
    (page,) = pages(script)
    assert "storage is down" in page
