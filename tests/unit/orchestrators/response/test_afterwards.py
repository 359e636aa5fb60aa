"""After acting: the signal is verified, a lease is resumed."""

import asyncio
from datetime import timedelta

from local_host.durable.engine import DurableEngine
from nightshift.domain.platform.names import (
    INCIDENT_CHANGED,
    PAUSE_COMPUTE,
    PLAN_RESPONSE,
    RESUME_COMPUTE,
    TELL_ON_CALL,
    VERIFY_RECOVERY,
)
from nightshift.domain.response.messages import (
    Done,
    Verification,
)
from tests.unit.orchestrators.conftest import Script
from tests.unit.orchestrators.response.conftest import (
    ID,
    Run,
    end,
    now,
    pages,
    planned,
    refusal,
    resulted,
    start,
)


async def test_a_signal_that_does_not_recover_pages(run: Run, script: Script) -> None:
    """Looked at when it was acted upon, and finally when its time is over."""
    script.on(PLAN_RESPONSE, planned("rollback", verify_minutes=0.001))
    script.on(VERIFY_RECOVERY, Verification(), Verification(recovered=False, detail="it fired again"))
    assert (await run())["recovered"] == "no"
    first, last = script.asked(VERIFY_RECOVERY)
    assert (first["final"], last["final"]) == (False, True)
    assert first["since"] == last["since"]
    assert pages(script) == ["it fired again"]


async def test_a_resolution_ends_the_verification_at_once(engine: DurableEngine, script: Script) -> None:
    """The time to recover is an hour; its source resolves the alert."""
    script.on(VERIFY_RECOVERY, Verification(), Verification(recovered=True))
    await start(engine)
    while not script.asked(VERIFY_RECOVERY):
        await asyncio.sleep(0.005)
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await end(engine))["recovered"] == "yes"
    assert [request["final"] for request in script.asked(VERIFY_RECOVERY)] == [False, False]


async def test_a_lease_is_resumed_at_its_end(run: Run, script: Script) -> None:
    """Not before; the budget's signal is not verified."""
    ends = now() + timedelta(milliseconds=100)
    script.on(PLAN_RESPONSE, planned("pause_compute", "notify"))
    script.on(PAUSE_COMPUTE, resulted("pause_compute", resume_at=ends))
    assert (await run())["pause_compute"] == "done"
    assert now() >= ends
    assert script.names() == [PLAN_RESPONSE, PAUSE_COMPUTE, TELL_ON_CALL, RESUME_COMPUTE]


async def test_compute_that_paused_nothing_is_not_resumed(run: Run, script: Script) -> None:
    """There is no lease; a person is paged."""
    script.on(PLAN_RESPONSE, planned("pause_compute"))
    script.on(PAUSE_COMPUTE, resulted("pause_compute", "refused", escalate=True))
    await run()
    assert script.names() == [PLAN_RESPONSE, PAUSE_COMPUTE, TELL_ON_CALL]


async def test_a_lease_that_cannot_be_resumed_pages(run: Run, script: Script) -> None:
    """Somebody's compute stays off."""
    script.on(PLAN_RESPONSE, planned("pause_compute"))
    script.on(RESUME_COMPUTE, Done(failure=refusal(RESUME_COMPUTE)))
    await run()
    assert pages(script) == ["the compute lease has ended, but nothing was resumed: 403"]
