"""A person takes a mitigation back while it is still being carried out: it stays undone."""

import pytest

from activities.response.mitigations.pause_compute import pause_compute
from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.ledger.ledger import ACTOR
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import UndoResult
from tests.support.interruptions import Preempted
from tests.support.memory_ports import MemoryCompute, resource
from tests.support.refusals import figures
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


def _undone(case: Case, incident: Incident, *, before: int) -> tuple[Preempted, list[UndoResult]]:
    """Services before whose write the incident is undone, and what the undo has said."""
    said: list[UndoResult] = []
    request = case.undo_request(incident)
    other = lambda: said.append(undo_mitigations(case.services, request))  # noqa: E731
    return Preempted(case.services, before=before, other=other), said


@pytest.mark.parametrize(
    "before", [7, 8], ids=["before the alias history has it as done", "before its incident has it as done"]
)
@pytest.mark.parametrize("endpoint", [False, True])
def test_a_rollback_that_comes_with_its_news_too_late(champions: Case, before: int, endpoint: bool) -> None:
    """The alias had moved and is taken back: neither incident nor endpoint follow the rollback any more."""
    if endpoint:
        champions.specify(serving_endpoint="revenue")
    incident = champions.alert()
    services, said = _undone(champions, incident, before=before)
    result = roll_back(services, champions.request(incident, "rollback"))
    assert [(line.partition(":")[0], figures(line)) for line in said[0].undone] == [("rollback", ["3"])]
    assert (champions.champion, champions.quarantine("3")) == ("3", None)
    assert result.action == champions.action(incident, "rollback")
    assert (result.action.state, result.serve, result.escalate) == ("undone", None, False)
    after = champions.read(incident)
    assert after.state == "open"
    assert [line.key for line in after.timeline if line.actor == ACTOR] == ["rollback-overtaken"]


def _overspent(case: Case, name: str) -> tuple[MemoryCompute, Incident]:
    compute = MemoryCompute(resource("a"), resource("b"), resource("c"))
    case.replace(compute=compute)
    given = {"category": "budget", "metric": "spend", "value": None, "severity": "critical", "rule": name}
    return compute, case.alert(name, **given)


def test_a_pause_before_any_of_its_writes(case: Case) -> None:
    """From its order on: nothing is paused after the undo, and what was paused runs."""
    before, undone = 0, 0
    while True:
        before += 1
        compute, incident = _overspent(case, f"b{before}")
        services, said = _undone(case, incident, before=before)
        result = pause_compute(services, case.request(incident, "pause_compute"))
        if not said:
            break
        if said[0].refused:
            continue  # nothing was ordered yet
        undone += 1
        assert said[0].undone == ("pause_compute: resumed a, b, c",)
        assert compute.running() == ["a", "b", "c"]
        assert result.action == case.action(incident, "pause_compute")
        assert (result.action.state, result.resume_at, result.escalate) == ("undone", None, False)
        assert (case.read(incident).state, case.read(incident).leased) == ("open", False)
    assert undone > 3


@pytest.mark.parametrize("by_person", [False, True])
def test_a_resource_that_was_paused_after_the_undo(case: Case, by_person: bool) -> None:
    """The pause is killed with its last write: its repeat starts it again, or the person who asks again does."""
    compute, incident = _overspent(case, "b1")
    services, _ = _undone(case, incident, before=3)
    request = case.request(incident, "pause_compute")
    pause_compute(services, request)
    compute.pause(compute.list_compute()[1].ref)
    assert compute.running() == ["a", "c"]
    if by_person:
        again = undo_mitigations(case.services, case.undo_request(incident))
        assert again.undone == ("pause_compute: resumed a, b, c",)
    else:
        result = pause_compute(case.services, request)
        assert (result.action.state, result.escalate) == ("undone", False)
    assert compute.running() == ["a", "b", "c"]
