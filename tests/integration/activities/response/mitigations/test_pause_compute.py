"""Pausing compute is a lease: what is paused, until when, and the way back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.response.mitigations.pause_compute import lease_of, pause_compute, resume_compute
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.platform.errors import ServiceUnavailableError
from nightshift.domain.response.compute import ComputeResource
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import MitigationResult
from tests.support.interruptions import Interrupted, KilledError
from tests.support.memory_ports import MemoryCompute, resource
from tests.support.responder import Case, later

pytestmark = pytest.mark.xdist_group("mlflow")


def _workspace(case: Case, *resources: ComputeResource, **given: Any) -> MemoryCompute:
    compute = MemoryCompute(*resources, **given)
    case.replace(compute=compute)
    return compute


def _overspent(case: Case, name: str = "b1", **given: str) -> Incident:
    """A budget that is spent; kept under the test's own model, since all tests share the platform."""
    return case.alert(name, category="budget", metric="spend", value=None, severity="critical", rule=name, **given)


def _pause(case: Case, incident: Incident) -> MitigationResult:
    return pause_compute(case.services, case.request(incident, "pause_compute"))


def test_only_what_is_not_essential_is_paused(case: Case) -> None:
    """Tagged essential, untagged, protected and stopped compute is left alone, and the ledger says why."""
    case.specify(playbook={"protected": ["demo"], "pause_minutes": 30})
    compute = _workspace(
        case,
        resource("adhoc"),
        resource("nightly", tag="true"),
        resource("old", tag=None),
        resource("demo"),
        resource("idle", state="stopped"),
        resource("reports", kind="sql_warehouse"),
    )
    incident = _overspent(case)
    before = case.services.clock()
    result = _pause(case, incident)
    assert compute.calls == ["pause adhoc", "pause reports"]
    (entry,) = case.entries()
    assert (entry.kind, entry.run, entry.actor) == ("mitigation", incident.response, "nightshift")
    assert entry.body["names"] == ["adhoc", "reports"]
    assert entry.body["spared"] == {
        "nightly": "it is tagged essential",
        "old": "it has no tag nightshift-essential=false",
        "demo": "the playbook protects it",
        "idle": "it does not run",
    }
    ends = datetime.fromisoformat(entry.body["ends"])
    assert before + timedelta(minutes=30) <= ends <= case.services.clock() + timedelta(minutes=30)
    assert (result.action.state, result.resume_at, result.escalate) == ("done", ends, False)
    assert "adhoc, reports;" in result.action.detail
    assert result.action.detail.endswith(f" until {ends.isoformat()}")
    assert case.read(incident).state == "mitigated"


def test_paused_twice_is_one_lease(case: Case) -> None:
    """A repeat gets the first answer, and touches nothing."""
    compute = _workspace(case, resource("adhoc"))
    incident = _overspent(case)
    first, second = _pause(case, incident), _pause(case, incident)
    assert second == first
    assert (compute.calls, len(case.entries())) == (["pause adhoc"], 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_it_pauses_the_same_list(case: Case, after: bool) -> None:
    """What the ledger names is paused, even if a resource has stopped meanwhile."""
    compute = _workspace(case, resource("a"), resource("b"), resource("c", tag="true"))
    incident = _overspent(case)
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            pause_compute(Interrupted(case.services, last=number, after=after), case.request(incident, "pause_compute"))
            finished = True
        except KilledError:
            pass
    assert number > 4
    assert compute.running() == ["c"]
    assert lease_of(case.action(incident, "pause_compute")).names == ("a", "b")
    assert len(case.entries()) == 1


def test_nothing_to_pause_is_for_a_person(case: Case) -> None:
    """The budget is spent, and nothing may be stopped."""
    _workspace(case, resource("nightly", tag="true"))
    incident = _overspent(case)
    result = _pause(case, incident)
    assert (result.action.state, result.escalate, result.resume_at) == ("refused", True, None)
    assert result.action.detail.startswith("paused nothing: no compute ")
    assert case.read(incident).state == "open"


def test_what_refuses_to_be_paused_does_not_keep_the_others_running(case: Case) -> None:
    """The rest is a lease; the one that refused is reported, and not started at its end."""
    compute = _workspace(case, resource("a"), resource("b"), resource("c"), refusing=("b",))
    incident = _overspent(case)
    result = _pause(case, incident)
    assert compute.running() == ["b"]
    assert (result.action.state, lease_of(result.action).names) == ("done", ("a", "c"))
    assert "b was not paused: Databricks refused: 403" in result.action.detail


def test_when_nothing_lets_itself_be_paused_a_person_is_reported_why(case: Case) -> None:
    """A missing permission is not an empty workspace."""
    _workspace(case, resource("a"), refusing=("a",))
    result = _pause(case, _overspent(case))
    assert (result.action.state, result.escalate) == ("refused", True)
    assert "a was not paused: Databricks refused: 403" in result.action.detail
    assert "no compute" not in result.action.detail


@pytest.mark.parametrize(("length", "held"), [(10, 100), (60, 62), (120, 42)])
def test_a_large_workspace_fits_into_ledger_and_incident(case: Case, length: int, held: int) -> None:
    """Hundreds of clusters with long names and ids, for a large alert: what is held is paused, the rest is counted."""
    names = [f"{number:03d}-".ljust(length, "n") for number in range(300)]
    compute = _workspace(case, *(resource(name, tag="false" if int(name[:3]) % 2 else "true") for name in names))
    long = {"detail": "d" * 2_000, "title": "t" * 300, "url": f"https://x/{'u' * 1_900}", "source": "s" * 500}
    incident = _overspent(case, **long)
    result = _pause(case, incident)
    assert (result.action.state, len(lease_of(result.action).names), len(compute.calls)) == ("done", held, held)
    assert f"{150 - held} more run on" in result.action.detail
    resume_compute(case.services, case.request(incident, "pause_compute"))
    assert len(compute.calls) == 2 * held


def test_the_end_of_the_lease_starts_what_it_paused(case: Case) -> None:
    """Once; what was stopped before stays so."""
    compute = _workspace(case, resource("a"), resource("b"), resource("idle", state="stopped"))
    incident = _overspent(case)
    _pause(case, incident)
    request = case.request(incident, "pause_compute")
    for _ in range(2):
        resume_compute(case.services, request)
    assert compute.calls == ["pause a", "pause b", "resume a", "resume b"]
    action = case.action(incident, "pause_compute")
    assert (action.state, lease_of(action).resumed) == ("done", True)
    assert action.detail.endswith("resumed a, b")
    assert [(entry.kind, entry.actor) for entry in case.entries()] == [
        ("mitigation", "nightshift"),
        ("undo", "nightshift"),
    ]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_the_end_of_the_lease_comes_all_the_same(case: Case, after: bool) -> None:
    """Everything runs again, and the incident says so."""
    compute = _workspace(case, resource("a"), resource("b"))
    incident = _overspent(case)
    _pause(case, incident)
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            resume_compute(
                Interrupted(case.services, last=number, after=after), case.request(incident, "pause_compute")
            )
            finished = True
        except KilledError:
            pass
    assert compute.running() == ["a", "b"]
    assert lease_of(case.action(incident, "pause_compute")).resumed is True
    assert len(case.entries()) == 2


def test_a_job_cluster_is_not_started_again(case: Case) -> None:
    """Its runs are gone: that is reported, and the others are started."""
    compute = _workspace(case, resource("run-7", kind="job_cluster"), resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.running() == ["a"]
    detail = case.action(incident, "pause_compute").detail
    assert "resumed a; run-7 was not started: " in detail
    assert "its runs are gone" in detail


def test_of_two_overlapping_leases_the_last_to_end_starts_the_compute(case: Case) -> None:
    """The second budget holds what the first has paused, and adds what came since."""
    compute = _workspace(case, resource("a"))
    first, second = _overspent(case, "b1"), _overspent(case, "b2")
    _pause(case, first)
    result = _pause(case, second)
    assert lease_of(result.action).names == ("a",)
    resume_compute(case.services, case.request(first, "pause_compute"))
    assert compute.running() == []
    assert f"a stays paused by incident {second.incident_id}" in case.action(first, "pause_compute").detail
    resume_compute(case.services, case.request(second, "pause_compute"))
    assert compute.running() == ["a"]


@pytest.mark.parametrize(("early", "running"), [(0, ["a"]), (1, [])])
def test_a_lease_holds_compute_until_its_end_and_not_at_it(case: Case, early: int, running: list[str]) -> None:
    """The first lease is resumed late, when the second one ends; a second earlier the second still holds it."""
    compute = _workspace(case, resource("a"))
    first, second = _overspent(case, "b1"), _overspent(case, "b2")
    _pause(case, first)
    ends = lease_of(_pause(case, second).action).ends
    assert ends is not None
    resume_compute(later(case.services, ends - timedelta(seconds=early)), case.request(first, "pause_compute"))
    assert compute.running() == running


def test_a_lease_past_its_end_holds_nothing(case: Case) -> None:
    """Its response was ended by hand and never resumed anything: the next lease is not held up by it."""
    compute = _workspace(case, resource("a"))
    first, second = _overspent(case, "b1"), _overspent(case, "b2")
    case.specify(playbook={"pause_minutes": 0.000_001})
    _pause(case, first)
    case.specify(playbook={"pause_minutes": 60})
    pause_compute(case.services, case.request(second, "pause_compute"))
    resume_compute(case.services, case.request(second, "pause_compute"))
    assert compute.running() == ["a"]


def test_resuming_what_was_never_paused_does_nothing(case: Case) -> None:
    """An incident without a lease."""
    compute = _workspace(case, resource("a"))
    resume_compute(case.services, case.request(_overspent(case), "pause_compute"))
    assert (compute.calls, case.entries()) == ([], ())


def test_a_person_may_end_a_lease_early(case: Case) -> None:
    """Undone under their name; the lease's own end then finds nothing to do."""
    compute = _workspace(case, resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    result = undo_mitigations(case.services, case.undo_request(incident))
    assert (result.undone, result.refused) == (("pause_compute: resumed a",), ())
    resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.calls == ["pause a", "resume a"]
    assert (case.action(incident, "pause_compute").state, case.read(incident).state) == ("undone", "acknowledged")
    assert [(entry.kind, entry.actor) for entry in case.entries()] == [("mitigation", "nightshift"), ("undo", "ann")]


def test_a_lease_that_has_ended_cannot_be_undone(case: Case) -> None:
    """Everything runs already: nothing is claimed, and the incident does not open again."""
    _workspace(case, resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    resume_compute(case.services, case.request(incident, "pause_compute"))
    result = undo_mitigations(case.services, case.undo_request(incident))
    assert (result.undone, len(result.refused)) == ((), 1)
    assert case.read(incident).state == "mitigated"


def _away(case: Case, *names: str) -> tuple[MemoryCompute, Incident]:
    """Three resources, of which some do not answer."""
    compute = _workspace(case, resource("a"), resource("b"), resource("c"))
    compute.away = set(names)
    return compute, _overspent(case)


def test_what_does_not_answer_keeps_no_other_from_being_paused(case: Case) -> None:
    """It is tried again; what is paused already is a lease from the start, with its end and all that an undo needs."""
    compute, incident = _away(case, "a")
    with pytest.raises(ServiceUnavailableError, match="a was not paused"):
        _pause(case, incident)
    assert compute.running() == ["a"]
    action = case.action(incident, "pause_compute")
    assert (action.state, lease_of(action).names, lease_of(action).resumed) == ("begun", ("a", "b", "c"), False)
    compute.away.clear()
    result = _pause(case, incident)
    assert (result.action.state, lease_of(result.action).names, compute.running()) == ("done", ("a", "b", "c"), [])


def test_after_a_minute_the_lease_is_what_was_paused_and_a_person_is_reported_of_the_rest(case: Case) -> None:
    """The page names the resource that runs on; what was paused is resumed at the end."""
    compute, incident = _away(case, "b")
    with pytest.raises(ServiceUnavailableError):
        _pause(case, incident)
    at = case.services.clock() + timedelta(seconds=61)
    result = pause_compute(later(case.services, at), case.request(incident, "pause_compute"))
    assert (result.action.state, lease_of(result.action).names, result.escalate) == ("done", ("a", "c"), True)
    assert "b was not paused: Databricks is not available" in result.action.detail
    assert result.resume_at is not None
    resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.running() == ["a", "b", "c"]


def test_when_nothing_answers_a_person_is_reported_of_each(case: Case) -> None:
    """No lease, and no traceback."""
    _, incident = _away(case, "a", "b", "c")
    with pytest.raises(ServiceUnavailableError):
        _pause(case, incident)
    at = case.services.clock() + timedelta(seconds=61)
    result = pause_compute(later(case.services, at), case.request(incident, "pause_compute"))
    assert (result.action.state, result.escalate, result.resume_at) == ("refused", True, None)
    assert all(f"{name} was not paused: Databricks is not available" in result.action.detail for name in "abc")


def _broken_off(case: Case, *, old: bool) -> tuple[MemoryCompute, Incident]:
    """A pause that broke off: one resource is stopped. An older release has left nothing in the incident."""
    compute, incident = _away(case, "b", "c")
    with pytest.raises(ServiceUnavailableError):
        _pause(case, incident)
    compute.away.clear()
    if old:
        case.services.incidents.change(
            incident.model, incident.incident_id, lambda known: known.model_copy(update={"actions": ()})
        )
    assert compute.running() == ["b", "c"]
    return compute, incident


def test_a_pause_that_broke_off_is_in_the_incident(case: Case) -> None:
    """Before anything is stopped: people see what may be paused, and no other lease starts it."""
    _, incident = _broken_off(case, old=False)
    action = case.action(incident, "pause_compute")
    assert (action.state, lease_of(action).names, lease_of(action).resumed) == ("begun", ("a", "b", "c"), False)


def test_what_a_pause_that_broke_off_has_stopped_is_started_by_no_other_lease(case: Case) -> None:
    """Of two leases that overlap the first broke off, and the second ends before it."""
    compute, first = _broken_off(case, old=False)
    second = _overspent(case, "b9")
    _pause(case, second)
    resume_compute(case.services, case.request(second, "pause_compute"))
    assert f"a stays paused by incident {first.incident_id}" in case.action(second, "pause_compute").detail
    assert "a" not in compute.running()


@pytest.mark.parametrize("old", [False, True])
def test_a_pause_that_broke_off_can_be_undone(case: Case, old: bool) -> None:
    """The ledger names what may be stopped, and all of that is started."""
    compute, incident = _broken_off(case, old=old)
    result = undo_mitigations(case.services, case.undo_request(incident))
    assert result.undone == ("pause_compute: resumed a, b, c",)
    assert compute.running() == ["a", "b", "c"]
    assert case.action(incident, "pause_compute").state == "undone"


@pytest.mark.parametrize("old", [False, True])
def test_a_pause_that_broke_off_ends_like_every_lease(case: Case, old: bool) -> None:
    """Whoever ends it."""
    compute, incident = _broken_off(case, old=old)
    resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.running() == ["a", "b", "c"]
    assert lease_of(case.action(incident, "pause_compute")).resumed is True


def test_what_does_not_answer_keeps_no_other_paused(case: Case) -> None:
    """The others are started at once, the rest is tried again, and nothing is started twice."""
    compute, incident = _away(case)
    _pause(case, incident)
    compute.away, compute.calls = {"a"}, []
    request = case.request(incident, "pause_compute")
    with pytest.raises(ServiceUnavailableError, match="a was not started"):
        resume_compute(case.services, request)
    assert compute.running() == ["b", "c"]
    assert lease_of(case.action(incident, "pause_compute")).resumed is False
    compute.away.clear()
    resume_compute(case.services, request)
    assert compute.calls == ["resume a", "resume b", "resume c", "resume a"]
    assert case.action(incident, "pause_compute").detail.endswith("resumed b, c, a")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_an_undo_says_what_it_has_resumed(case: Case, after: bool) -> None:
    """Broken off after the lease has ended and asked again: the same answer, the same incident."""
    compute = _workspace(case, resource("a"))
    incident = _overspent(case)
    _pause(case, incident)
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            result = undo_mitigations(Interrupted(case.services, last=number, after=after), case.undo_request(incident))
            finished = True
        except KilledError:
            pass
    assert number > 5
    assert (result.undone, result.refused) == (("pause_compute: resumed a",), ())
    assert (compute.running(), case.read(incident).state) == (["a"], "acknowledged")
    assert case.read(incident).timeline[-1].what.startswith("undo (it was right): pause_compute: resumed a")


def test_two_resources_of_one_name_are_two(case: Case) -> None:
    """Databricks lets names repeat."""
    compute = _workspace(case, resource("a"), resource("b"))
    twin = compute.list_compute()[0].model_copy(update={"id": f"{case.model}-twin"})
    compute._resources[twin.id] = twin
    incident = _overspent(case)
    _pause(case, incident)
    compute.away = {"b"}
    with pytest.raises(ServiceUnavailableError):
        resume_compute(case.services, case.request(incident, "pause_compute"))
    assert compute.running() == ["a", "a"]
