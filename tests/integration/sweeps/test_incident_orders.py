"""The sweep of orders carries out those of an incident: a rollback, its undo, a lease of compute, a retraining."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, cast

import pytest

from activities.response.mitigations.pause_compute import lease_of, pause_compute
from activities.response.mitigations.retrain import retrain
from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.ledger.bodies import OutcomeBody, record
from nightshift.domain.ledger.keys import outcome_key
from nightshift.domain.ledger.ledger import LedgerRecord
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import Incident
from tests.integration.sweeps.night import STATES, Night
from tests.support.failing_ports import Failing, without_alias
from tests.support.interruptions import Interrupted, KilledError
from tests.support.memory_ports import MemoryCompute, MemoryServing, resource
from tests.support.model_data import Starts
from tests.support.model_versions import make_champions
from tests.support.responder import Case, Replaced

pytestmark = pytest.mark.xdist_group("mlflow")

KILLED = ServiceUnavailableError("Table storage", "503")


@pytest.fixture
def night(champions: Case, tmp_path: Path) -> Night:
    """A model with champions 1, 2 and 3, and orchestrations that have ended."""
    return Night(champions, tmp_path)


def _outcome(model: str, run: str, outcome: Literal["promoted", "rejected", "flagged"]) -> LedgerRecord:
    body = OutcomeBody(outcome=outcome, champion_version="1")
    return record(body, key=outcome_key(run, 0), model=model, run=run, subject="version 9")


# --- a rollback


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("before", range(1, 26, 4))
async def test_a_rollback_killed_anywhere_ends_as_an_undisturbed_one(
    night: Night, champions: Case, before: int, after: bool
) -> None:
    """Killed at a call with no repeat, and the sweep killed at each of its calls in turn: the end is the same."""
    incident = champions.alert("a1")
    with contextlib.suppress(KilledError):
        roll_back(Interrupted(champions.services, last=before, after=after), champions.request(incident, "rollback"))
    ordered = bool(champions.entries())
    known = champions.read(incident).action("rollback")
    owed = ordered and (known is None or known.state != "done")
    await night.killed_looks(after=after)
    assert champions.champion == ("2" if ordered else "3")
    assert champions.reigns == (["1", "2", "3", "2"] if ordered else ["1", "2", "3"])
    if ordered:
        assert (champions.action(incident, "rollback").state, champions.read(incident).state) == ("done", "mitigated")
        assert champions.quarantine("3") == incident.incident_id
        assert len(champions.entries()) == 1
    # Sent a second time only if the sweep was killed between sending and writing that down.
    assert {kind for kind, _ in night.notifications()} == ({"page"} if owed else set())
    await night.quiet()


# --- undo


async def _broken_undo(night: Night, case: Case) -> Incident:
    incident = case.alert("a1")
    roll_back(case.services, case.request(incident, "rollback"))
    await night.sweep()
    failing = without_alias(case.services, ServiceUnavailableError("MLflow", "503"))
    with pytest.raises(ServiceUnavailableError):
        undo_mitigations(failing, case.undo_request(incident))
    return incident


async def test_an_undo_that_broke_off_is_carried_out(night: Night, champions: Case) -> None:
    """By the name of who has asked for it; they are told."""
    incident = await _broken_undo(night, champions)
    assert (await night.sweep()).found == 1
    assert (champions.champion, champions.quarantine("3")) == ("3", None)
    assert champions.action(incident, "rollback").state == "undone"
    assert champions.read(incident).timeline[-1].actor == "ann"
    await night.quiet()


async def test_an_undo_is_carried_out_whatever_its_endpoint_says(night: Night, champions: Case) -> None:
    """The alias is back and the order closed; what the endpoint refuses, the look at the champion pages."""
    incident = await _broken_undo(night, champions)
    champions.specify(serving_endpoint="gone")
    champions.replace(serving=MemoryServing("2"))
    await night.sweep()
    assert (champions.champion, champions.action(incident, "rollback").state, night.open) == ("3", "undone", ())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_undo_carried_out_by_sweeps_that_were_killed_wakes_nobody(
    night: Night, champions: Case, after: bool
) -> None:
    """It went well, whichever look carried it out."""
    incident = await _broken_undo(night, champions)
    await night.killed_looks(after=after)
    assert champions.action(incident, "rollback").state == "undone"
    assert {kind for kind, _ in night.notifications()} == {"notice"}
    await night.quiet()


async def test_an_undo_that_was_refused_is_not_tried_again(night: Night, champions: Case) -> None:
    """The champion had moved on, and the person was told so."""
    incident = champions.alert("a1")
    roll_back(champions.services, champions.request(incident, "rollback"))
    make_champions(champions.services, champions.model, ("1",))
    undo_mitigations(champions.services, champions.undo_request(incident))
    assert (await night.sweep()).found == 0
    assert (night.open, champions.champion) == ((), "1")


# --- leases


def _leased(night: Night, *, away: bool) -> tuple[MemoryCompute, Incident]:
    compute = MemoryCompute(resource("a"), resource("b"))
    night.case.replace(compute=compute)
    incident = night.case.alert("b1", category="budget", metric="spend", value=None, severity="critical", rule="b1")
    order = night.case.request(incident, "pause_compute")
    if away:
        compute.away = {"b"}
        with pytest.raises(ServiceUnavailableError):
            pause_compute(night.case.services, order)
    else:
        pause_compute(night.case.services, order)
    return compute, incident


@pytest.mark.parametrize("old", [False, True])
async def test_a_pause_that_broke_off_is_paused_as_a_lease(night: Night, old: bool) -> None:
    """The rest is paused, and the end is kept; an older release has left nothing but the order."""
    compute, incident = _leased(night, away=True)
    if old:
        night.case.services.incidents.change(
            incident.model, incident.incident_id, lambda known: known.model_copy(update={"actions": ()})
        )
    compute.away.clear()
    night.passed = timedelta(minutes=2)
    assert ((await night.sweep()).found, compute.running()) == (1, [])
    assert night.case.action(incident, "pause_compute").state == "done"
    await night.quiet()
    night.passed = timedelta(days=3)
    assert ((await night.sweep()).found, compute.running()) == (1, ["a", "b"])
    assert lease_of(night.case.action(incident, "pause_compute")).resumed is True
    await night.quiet()


async def test_a_lease_that_runs_is_left_alone(night: Night) -> None:
    """Its response waits for its end; one whose response never resumes it is resumed half an hour later."""
    compute, _ = _leased(night, away=False)
    night.state = STATES.Running
    assert ((await night.sweep()).found, compute.running()) == (0, [])
    night.passed = timedelta(days=3)
    assert ((await night.sweep()).found, compute.running()) == (1, ["a", "b"])


async def test_a_lease_that_cannot_be_resumed_pages_and_is_tried_again(night: Night) -> None:
    """What answers runs at once."""
    compute, _ = _leased(night, away=False)
    compute.away = {"a"}
    night.passed = timedelta(days=3)
    swept = await night.sweep()
    assert ("a was not started" in swept.problem, compute.running()) == (True, ["b"])
    compute.away.clear()
    assert ((await night.sweep()).found, compute.running()) == (1, ["a", "b"])


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_lease_ended_by_sweeps_that_were_killed_wakes_nobody(night: Night, after: bool) -> None:
    """Compute runs again, whichever look started it."""
    compute, _ = _leased(night, away=False)
    night.passed = timedelta(days=3)
    await night.killed_looks(after=after)
    assert (compute.running(), {kind for kind, _ in night.notifications()}) == (["a", "b"], {"notice"})
    await night.quiet()


async def test_an_undo_of_a_lease_that_was_killed_before_its_own_line_is_reported(night: Night) -> None:
    """Compute runs; the incident has to say so, and who asked for the undo has it again."""
    _, incident = _leased(night, away=False)
    number = 0
    while night.case.read(incident).action("pause_compute").state == "done":  # type: ignore[union-attr]
        number += 1
        with contextlib.suppress(KilledError):
            undo_mitigations(
                Interrupted(night.case.services, last=number, after=True), night.case.undo_request(incident)
            )
    assert not any(line.what.startswith("undo (") for line in night.case.read(incident).timeline)
    assert (await night.sweep()).found == 1
    assert night.case.read(incident).timeline[-1].what.startswith("undo (it was right): pause_compute: ")
    assert night.case.read(incident).state == "acknowledged"
    await night.quiet()


# --- retraining


async def test_a_retraining_whose_response_is_gone_comes_to_its_end(
    trained: Case, client: Starts, tmp_path: Path
) -> None:
    """Killed right after its order: the files are put into the queue once, and what came of the run is written down."""
    night = Night(trained, tmp_path)
    incident = trained.drift()
    broken = cast("Services", Replaced(trained.services, uploads=Failing(trained.services.uploads, "submit", KILLED)))
    with pytest.raises(ServiceUnavailableError):
        await retrain(broken, cast("Any", client), trained.request(incident, "retrain"))
    assert (await night.sweep()).found == 0
    batch = trained.services.uploads.claim(trained.model, 1, 0)
    assert [upload.again for upload in batch.uploads] == [incident.incident_id] * 3
    assert trained.action(incident, "retrain").state == "begun"
    trained.services.ledger.append(_outcome(trained.model, batch.run, "rejected"))
    assert (await night.sweep()).found == 0, "its run goes on: it may be improved"
    trained.services.uploads.claim(trained.model, 1, 1)
    assert (await night.sweep()).found == 1
    assert trained.action(incident, "retrain").state == "failed"
    ((kind, body),) = night.notifications()
    assert (kind, "was rejected" in body) == ("page", True)
    await night.quiet()


@pytest.mark.parametrize(("outcome", "told"), [("promoted", "notice"), ("rejected", "page")])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_retraining_ended_by_sweeps_that_were_killed_wakes_somebody_only_if_it_failed(
    trained: Case,
    client: Starts,
    tmp_path: Path,
    outcome: Literal["promoted", "rejected"],
    told: str,
    after: bool,
) -> None:
    """What came of its run decides, whichever look wrote it down."""
    night = Night(trained, tmp_path)
    await retrain(trained.services, cast("Any", client), trained.request(trained.drift(), "retrain"))
    batch = trained.services.uploads.claim(trained.model, 1, 0)
    trained.services.ledger.append(_outcome(trained.model, batch.run, outcome))
    trained.services.uploads.claim(trained.model, 1, 1)
    await night.killed_looks(after=after)
    assert {kind for kind, _ in night.notifications()} == {told}
    await night.quiet()
