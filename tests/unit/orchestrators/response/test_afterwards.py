"""After acting: the signal is verified, a lease is resumed."""

from datetime import timedelta

from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.platform.names import INCIDENT_CHANGED
from nightshift.domain.response.messages import (
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


async def test_a_signal_that_does_not_recover_pages(engine: VirtualEngine, run: Run, script: Script) -> None:
    """Looked at when it was acted upon, and finally when its hour is over."""
    script.on("plan_response", planned("rollback", verify_minutes=60))
    script.on("verify_recovery", Verification(), Verification(recovered=False, detail="it fired again"))
    assert (await run())["recovered"] == "no"
    first, last = script.asked("verify_recovery")
    assert (first["final"], last["final"]) == (False, True)
    assert first["since"] == last["since"]
    assert pages(script) == ["it fired again"]
    assert engine.clock.now() - now() == timedelta(hours=1)


async def test_a_resolution_ends_the_verification_at_once(engine: VirtualEngine, script: Script) -> None:
    """The time to recover is an hour; its source resolves the alert."""
    script.on("verify_recovery", Verification(), Verification(recovered=True))
    await start(engine)
    await engine.advance(timedelta(minutes=20))
    await engine.raise_event(ID, INCIDENT_CHANGED, "{}")
    assert (await end(engine))["recovered"] == "yes"
    assert engine.clock.now() - now() == timedelta(minutes=20)
    assert [request["final"] for request in script.asked("verify_recovery")] == [False, False]


async def test_a_lease_is_resumed_at_its_end(engine: VirtualEngine, run: Run, script: Script) -> None:
    """At the end of the month and not before; the budget's signal is not verified."""
    ends = now() + timedelta(days=10)
    script.on("plan_response", planned("pause_compute", "notify"))
    script.on("pause_compute", resulted("pause_compute", resume_at=ends))
    assert (await run())["pause_compute"] == "done"
    assert engine.clock.now() == ends
    assert script.names() == ["plan_response", "pause_compute", "tell_on_call", "resume_compute"]


async def test_compute_that_paused_nothing_is_not_resumed(run: Run, script: Script) -> None:
    """There is no lease; a person is paged."""
    script.on("plan_response", planned("pause_compute"))
    script.on("pause_compute", resulted("pause_compute", "refused", escalate=True))
    await run()
    assert script.names() == ["plan_response", "pause_compute", "tell_on_call"]


async def test_a_lease_that_cannot_be_resumed_pages(run: Run, script: Script) -> None:
    """Somebody's compute stays off."""
    script.on("plan_response", planned("pause_compute"))
    script.on("resume_compute", refusal("resume_compute"))
    await run()
    (page,) = pages(script)
    assert ("nothing was resumed" in page, page.endswith(": 403")) == (True, True)
