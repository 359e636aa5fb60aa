"""A rollback that was ordered and not carried out: whoever comes next finishes it, and nobody is notified that it is
done."""

from collections.abc import Callable

import pytest
from mlflow import MlflowClient

from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.ledger.bodies import UndoOrder, record
from nightshift.domain.platform.errors import NightshiftError, ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import MitigationResult
from nightshift.domain.response.mitigations import RollbackFacts
from tests.support.failing_ports import without_alias
from tests.support.interruptions import Interrupted, KilledError
from tests.support.model_versions import make_champions
from tests.support.refusals import figures
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")

REFUSED = ServiceRefusedError("MLflow", "403", "the identity may not set aliases")
AWAY = ServiceUnavailableError("MLflow", "503")
Failed = Callable[[Case], Incident]


def _refused(case: Case) -> Incident:
    """MLflow says 403: the activity has failed for good."""
    incident = case.alert("a1")
    with pytest.raises(ServiceRefusedError) as refused:
        roll_back(without_alias(case.services, REFUSED), case.request(incident, "rollback"))
    assert (refused.value.code, refused.value.retryable) == ("service_refused", False)
    return incident


def _away(case: Case) -> Incident:
    """MLflow says 503 until the response's retries are used up: each try raises."""
    incident = case.alert("a1")
    for _ in range(3):
        with pytest.raises(ServiceUnavailableError):
            roll_back(without_alias(case.services, AWAY), case.request(incident, "rollback"))
    return incident


def _old(case: Case) -> Incident:
    """As an older release has left it: order, quarantine and begun move, and nothing in the incident."""
    incident = _refused(case)
    case.services.incidents.change(
        incident.model,
        incident.incident_id,
        lambda known: known.model_copy(update={"actions": (), "timeline": known.timeline[:1]}),
    )
    return incident


FAILED = pytest.mark.parametrize("failed", [_refused, _away, _old])


def _again(case: Case) -> tuple[Incident, MitigationResult]:
    """Another monitor sees the same bad version."""
    second = case.alert("a2", value=None, severity="critical", rule="other")
    return second, roll_back(case.services, case.request(second, "rollback"))


@pytest.mark.parametrize(("failed", "code"), [(_refused, "service_refused"), (_away, "service_unavailable")])
def test_the_failed_try_is_in_the_incident(champions: Case, failed: Failed, code: str) -> None:
    """The order stands there as begun, with what an undo must know; the try is one line, however often it failed."""
    incident = failed(champions)
    action = champions.action(incident, "rollback")
    assert (action.state, action.facts) == ("begun", RollbackFacts(bad_version="3", target="2"))
    tries = [line.what for line in champions.read(incident).timeline if line.key == f"rollback-try-{code}"]
    assert len(tries) == 1
    assert champions.champion == "3"


@FAILED
def test_the_next_incident_finishes_it(champions: Case, failed: Failed) -> None:
    """Under the same key: one move, one order. The incident that has carried it out is the one that is mitigated."""
    failed(champions)
    second, result = _again(champions)
    assert (result.action.state, result.escalate) == ("done", False)
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])
    assert champions.read(second).state == "mitigated"
    assert [entry.kind for entry in champions.entries()] == ["mitigation"]
    undone = undo_mitigations(champions.services, champions.undo_request(second))
    assert [(line.partition(":")[0], figures(line)) for line in undone.undone] == [("rollback", ["3"])]


@FAILED
def test_its_own_repeat_finishes_it(champions: Case, failed: Failed) -> None:
    """Durable calls it again, or a sweep does."""
    incident = failed(champions)
    result = roll_back(champions.services, champions.request(incident, "rollback"))
    assert result.action.state == "done"
    assert (champions.champion, champions.read(incident).state) == ("2", "mitigated")


@FAILED
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_while_it_is_finished_it_moves_once(champions: Case, failed: Failed, after: bool) -> None:
    """The end is that of a run that nobody has disturbed."""
    first = failed(champions)
    second = champions.alert("a2", value=None, severity="critical", rule="other")
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            roll_back(Interrupted(champions.services, last=number, after=after), champions.request(second, "rollback"))
            finished = True
        except KilledError:
            assert champions.champion in {"3", "2"}
    assert number > 8
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])
    assert champions.quarantine("3") == first.incident_id
    assert champions.action(second, "rollback").state == "done"


@FAILED
def test_an_undo_calls_it_off(champions: Case, failed: Failed) -> None:
    """It says that nothing had moved; the version is out of quarantine, and nobody finishes it afterwards."""
    incident = failed(champions)
    for _ in range(2):
        result = undo_mitigations(champions.services, champions.undo_request(incident))
        assert result.refused == ()
        (said,) = result.undone
        assert "called off" in said
    assert (champions.champion, champions.quarantine("3")) == ("3", None)
    assert champions.action(incident, "rollback").state == "undone"
    assert champions.services.champions.moves(champions.model)[-1].state == "void"
    _, again = _again(champions)
    assert (again.action.state, again.escalate, champions.champion) == ("refused", True, "3")
    assert "a person must decide" in again.action.detail


@FAILED
def test_after_an_undo_the_next_challenger_is_promoted_at_once(champions: Case, failed: Failed) -> None:
    """No move is under way any more."""
    undo_mitigations(champions.services, champions.undo_request(failed(champions)))
    make_champions(champions.services, champions.model, ("1",))
    assert champions.champion == "1"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_an_undo_calls_it_off_once(champions: Case, after: bool) -> None:
    """Broken off before or after any call and asked again: the same answer, the same end."""
    incident = _refused(champions)
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            result = undo_mitigations(
                Interrupted(champions.services, last=number, after=after), champions.undo_request(incident)
            )
            finished = True
        except KilledError:
            assert champions.champion == "3"
    assert number > 5
    assert (len(result.undone), result.refused) == (1, ())
    assert (champions.action(incident, "rollback").state, champions.quarantine("3")) == ("undone", None)
    assert champions.read(incident).timeline[-1].actor == "ann"


def test_an_undo_of_one_that_had_moved_the_alias_moves_it_back(champions: Case) -> None:
    """Killed after the alias moved: the alias history says begun, MLflow says done."""
    incident = champions.alert("a1")
    registry = champions.services.registry

    class Killed:
        def __getattr__(self, name: str) -> object:
            return getattr(registry, name)

        def set_alias(self, *given: str) -> None:
            registry.set_alias(*given)
            raise KilledError

    whole = champions.services
    champions.replace(registry=Killed())
    with pytest.raises(KilledError):
        roll_back(champions.services, champions.request(incident, "rollback"))
    champions.services = whole
    assert champions.champion == "2"
    result = undo_mitigations(champions.services, champions.undo_request(incident))
    assert [(line.partition(":")[0], figures(line)) for line in result.undone] == [("rollback", ["3"])]
    assert (champions.champion, champions.quarantine("3")) == ("3", None)


@FAILED
def test_a_target_that_has_become_bad_meanwhile_is_not_taken(
    champions: Case, mlflow_client: MlflowClient, failed: Failed
) -> None:
    """The guards held when it was ordered; they are asked again, the order is called off, and a person is paged."""
    failed(champions)
    mlflow_client.set_model_version_tag(champions.model, "2", TAG_QUARANTINE, "i7")
    _, result = _again(champions)
    assert (result.action.state, result.escalate, champions.champion) == ("refused", True, "3")
    assert "quarantine since incident i7" in result.action.detail
    assert figures(result.action.detail) == ["2"]
    assert champions.quarantine("3") is None


def test_a_bad_version_that_is_champion_again_is_not_told_as_rolled_back(champions: Case) -> None:
    """The rollback was done, and somebody made the version champion again: the next alert about it pages."""
    first = champions.alert("a1")
    roll_back(champions.services, champions.request(first, "rollback"))
    make_champions(champions.services, champions.model, ("3",))
    second = champions.alert("a2", model_version="3", value=None, severity="critical", rule="other")
    result = roll_back(champions.services, champions.request(second, "rollback"))
    assert (result.action.state, result.escalate) == ("refused", True)
    assert "is champion again since" in result.action.detail


def test_an_order_of_another_kind_is_not_taken_for_the_rollback(champions: Case) -> None:
    """An undo's entry names the mitigation too."""
    incident = champions.alert("a1")
    champions.services.ledger.append(
        record(
            UndoOrder(mitigation="rollback", incident=incident.incident_id),
            key=f"undo:{incident.incident_id}:rollback",
            model=champions.model,
            run=incident.response,
            subject="version 3",
            actor="ann",
        )
    )
    result = roll_back(champions.services, champions.request(incident, "rollback"))
    assert result.action.state == "done"


def test_the_failure_keeps_its_own_name(champions: Case) -> None:
    """What is written about the try hides nothing of it."""
    incident = champions.alert("a1")
    with pytest.raises(NightshiftError) as raised:
        roll_back(without_alias(champions.services, AWAY), champions.request(incident, "rollback"))
    assert raised.value is AWAY
