"""What was done can be taken back, each mitigation once, and never over somebody else's change."""

import asyncio
from types import SimpleNamespace
from typing import Any

import azure.durable_functions as df
import pytest
from mlflow import MlflowClient

from activities.response.complete_mitigation import complete_mitigation
from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.ledger.ledger import ACTOR, LedgerRecord
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.response.incident import ActionState, Incident, IncidentAction
from nightshift.domain.response.messages import CompleteMitigationRequest, EndpointTarget
from nightshift.domain.response.mitigations import RetrainingFacts
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.response.incident_commands import start_undo
from nightshift.services.response.keep_action import keep_action
from tests.support.interruptions import Interrupted, KilledError
from tests.support.model_data import Starts
from tests.support.model_versions import make_champions
from tests.support.refusals import figures
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


def _named(lines: tuple[str, ...]) -> list[tuple[str, list[str]]]:
    """Of each line of an undo, the mitigation and the versions that it names."""
    return [(line.partition(":")[0], figures(line)) for line in lines]


@pytest.fixture
def rolled_back(champions: Case) -> Incident:
    """An incident whose rollback went from 3 to 2."""
    incident = champions.alert()
    roll_back(champions.services, champions.request(incident, "rollback"))
    return incident


def test_a_rollback_is_taken_back(champions: Case, rolled_back: Incident) -> None:
    """Version 3 is champion again and out of quarantine; ledger and timeline say who wanted it and why."""
    result = undo_mitigations(champions.services, champions.undo_request(rolled_back))
    assert _named(result.undone) == [("rollback", ["3"])]
    assert "champion again" in result.undone[0]
    assert (result.refused, result.serve) == ((), None)
    assert (champions.champion, champions.reigns) == ("3", ["1", "2", "3", "2", "3"])
    assert champions.quarantine("3") is None
    order, undo = champions.entries()
    assert (undo.kind, undo.actor, undo.body["comment"], undo.body["undoes"]) == (
        "undo",
        "ann",
        "it was right",
        order.sequence,
    )
    after = champions.read(rolled_back)
    assert (after.state, champions.action(rolled_back, "rollback").state) == ("acknowledged", "undone")
    assert after.acknowledged_by == "ann"
    assert after.timeline[-1].actor == "ann"
    assert after.timeline[-1].what == f"undo (it was right): {result.undone[0]}"
    assert champions.services.ledger.verify(champions.model) is None


def test_an_order_of_a_newer_release_stops_no_rollback_and_no_undo(champions: Case) -> None:
    """The app was rolled back: the response's own orders are found beside one that this release does not know."""
    incident = champions.alert()
    champions.services.ledger.append(
        LedgerRecord(
            key="throttle:1", model=champions.model, run=incident.response, kind="mitigation", subject="s", actor=ACTOR,
            body={"mitigation": "throttle", "incident": incident.incident_id, "rule": "r", "reason": "because"},
        )
    )  # fmt: skip
    assert roll_back(champions.services, champions.request(incident, "rollback")).action.state == "done"
    result = undo_mitigations(champions.services, champions.undo_request(incident))
    assert (result.undone, champions.champion) == (
        ("rollback: version 3 is champion again, and out of quarantine",),
        "3",
    )


def test_undone_twice_it_moves_once(champions: Case, rolled_back: Incident) -> None:
    """A repeat changes nothing."""
    for _ in range(2):
        undo_mitigations(champions.services, champions.undo_request(rolled_back))
    assert (champions.champion, champions.reigns) == ("3", ["1", "2", "3", "2", "3"])
    assert len(champions.entries()) == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_call_and_repeated_it_is_undone_once(champions: Case, rolled_back: Incident, after: bool) -> None:
    """At each outside call in turn; at the end alias, quarantine, endpoint, incident and ledger agree."""
    champions.specify(serving_endpoint="revenue")
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            result = undo_mitigations(
                Interrupted(champions.services, last=number, after=after), champions.undo_request(rolled_back)
            )
            finished = True
        except KilledError:
            assert champions.champion in {"3", "2"}
    assert number > 8
    assert _named(result.undone) == [("rollback", ["3"])]
    assert result.serve == EndpointTarget(endpoint="revenue", model=champions.model, version="3")
    assert (champions.champion, champions.reigns) == ("3", ["1", "2", "3", "2", "3"])
    assert champions.quarantine("3") is None
    assert champions.read(rolled_back).state == "acknowledged"
    assert len(champions.entries()) == 2


def test_a_champion_that_moved_on_is_left(champions: Case, rolled_back: Incident) -> None:
    """A better version was promoted after the rollback: the undo is refused and changes nothing."""
    make_champions(champions.services, champions.model, ("1",))
    result = undo_mitigations(champions.services, champions.undo_request(rolled_back))
    assert (result.undone, _named(result.refused), result.serve) == ((), [("rollback", ["1", "2"])], None)
    assert f"champion of {champions.model} = '1'" in result.refused[0]
    assert (champions.champion, champions.reigns) == ("1", ["1", "2", "3", "2", "1"])
    assert champions.quarantine("3") == rolled_back.incident_id
    assert (champions.action(rolled_back, "rollback").state, champions.read(rolled_back).state) == ("done", "mitigated")


def test_an_alias_moved_by_hand_is_left(champions: Case, rolled_back: Incident, mlflow_client: MlflowClient) -> None:
    """Also where Nightshift was not asked."""
    mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "1")
    result = undo_mitigations(champions.services, champions.undo_request(rolled_back))
    assert (result.undone, len(result.refused), champions.champion) == ((), 1, "1")


def test_after_the_alias_was_set_back_by_hand_the_quarantine_is_lifted(
    champions: Case, rolled_back: Incident, mlflow_client: MlflowClient
) -> None:
    """Nothing is moved; a champion in quarantine would be nobody's target once the next one is bad."""
    mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "3")
    for _ in range(2):
        result = undo_mitigations(champions.services, champions.undo_request(rolled_back))
        assert (_named(result.undone), result.refused) == ([("rollback", ["3"])], ())
        assert "champion already" in result.undone[0]
        assert (champions.champion, champions.quarantine("3")) == ("3", None)
    assert champions.action(rolled_back, "rollback").state == "undone"
    assert champions.services.champions.moves(champions.model)[-1].kind == "rollback"


def test_an_undo_that_has_ended_can_be_asked_for_again(champions: Case, rolled_back: Incident) -> None:
    """One that goes on is not started twice."""
    states = df.OrchestrationRuntimeStatus
    for status, started in ((states.Running, False), (states.Completed, True), (states.Failed, True)):
        client = _Asked(status)
        view = asyncio.run(start_undo(client, champions.services, rolled_back.incident_id, by="ann", comment=""))
        assert view is not None
        assert (view.started, len(client.started)) == (started, int(started))


class _Asked(Starts):
    """A Durable client that knows of an undo."""

    def __init__(self, status: df.OrchestrationRuntimeStatus) -> None:
        super().__init__()
        self._status = status

    async def get_status(self, _: str) -> Any:
        """Its state; it had taken something back."""
        return SimpleNamespace(runtime_status=self._status, output={"undone": ["rollback"], "refused": []})


def test_an_undo_asked_again_after_the_champion_moved_on_claims_and_moves_nothing(
    champions: Case, rolled_back: Incident
) -> None:
    """It was undone, then another version was promoted: neither alias nor endpoint may go back."""
    champions.specify(serving_endpoint="revenue")
    undo_mitigations(champions.services, champions.undo_request(rolled_back))
    make_champions(champions.services, champions.model, ("1",))
    result = undo_mitigations(champions.services, champions.undo_request(rolled_back))
    assert (result.serve, champions.champion) == (None, "1")
    assert not any("champion again" in line for line in result.undone)


def test_a_repeated_rollback_is_undone_where_it_was_done(champions: Case, rolled_back: Incident) -> None:
    """The second incident did nothing; it names the first."""
    second = champions.alert("a2", model_version="3", value=None, severity="critical", rule="other")
    roll_back(champions.services, champions.request(second, "rollback"))
    result = undo_mitigations(champions.services, champions.undo_request(second))
    assert result.undone == ()
    assert f"by incident {rolled_back.incident_id}" in result.refused[0]
    assert result.refused[0].endswith("undo that incident instead")
    assert champions.champion == "2"


def test_an_incident_about_which_nothing_was_done_has_nothing_to_undo(case: Case) -> None:
    """It says so, and changes no state."""
    incident = case.alert()
    result = undo_mitigations(case.services, case.undo_request(incident))
    assert (result.undone, len(result.refused)) == ((), 1)
    assert result.refused[0].startswith("nothing was done ")
    assert (case.read(incident).state, case.entries()) == ("open", ())


def test_nightshift_takes_its_own_rollback_back_as_failed(champions: Case) -> None:
    """Its endpoint did not follow: the action has failed, which is not the same as a person's wish."""
    champions.specify(serving_endpoint="revenue")
    incident = champions.alert()
    roll_back(champions.services, champions.request(incident, "rollback"))
    result = undo_mitigations(champions.services, champions.undo_request(incident, ACTOR))
    action = champions.action(incident, "rollback")
    assert (action.state, champions.champion, champions.quarantine("3")) == ("failed", "3", None)
    assert "endpoint did not follow" in action.detail
    assert figures(action.detail)[-1] == "3"
    assert result.serve == EndpointTarget(endpoint="revenue", model=champions.model, version="3")


def test_a_persons_undo_is_not_written_over(champions: Case) -> None:
    """The response still waited for the endpoint, and comes with its own news too late."""
    champions.specify(serving_endpoint="revenue")
    incident = champions.alert()
    roll_back(champions.services, champions.request(incident, "rollback"))
    undo_mitigations(champions.services, champions.undo_request(incident))
    late = CompleteMitigationRequest(
        model=champions.model,
        incident_id=incident.incident_id,
        mitigation="rollback",
        state="done",
        detail="the endpoint serves version 2",
        mitigated=True,
    )
    complete_mitigation(champions.services, late)
    assert (champions.action(incident, "rollback").state, champions.read(incident).state) == ("undone", "open")


def _retrained(case: Case, run: str, state: ActionState = "done") -> Incident:
    """A drift whose retraining is the run."""
    incident = case.drift()
    action = IncidentAction(
        mitigation="retrain", state=state, detail=state, at=case.services.clock(), facts=RetrainingFacts(run=run)
    )
    keep_action(case.services, incident, action, mitigated=state == "done")
    return incident


def _promote(case: Case, version: str, run: str) -> None:
    """Make a version champion in place of version 2, as the decision of a run does."""
    make_champions(case.services, case.model, ("2",))
    move_champion(
        case.services,
        model=case.model,
        expected="2",
        version=version,
        run=run,
        decided_by=f"{run}:decision:1",
        kind="promotion",
    )


def test_a_promoted_retraining_is_taken_back(champions: Case) -> None:
    """The champion before it comes back; its version is not bad, so there is no quarantine to lift."""
    make_champions(champions.services, champions.model, ("2",))
    move_champion(
        champions.services,
        model=champions.model,
        expected="2",
        version="3",
        run="lifecycle-x",
        decided_by="x:decision:0",
        kind="promotion",
    )
    incident = _retrained(champions, "lifecycle-x")
    result = undo_mitigations(champions.services, champions.undo_request(incident))
    assert _named(result.undone) == [("retrain", ["2", "3"])]
    assert (champions.champion, champions.action(incident, "retrain").state) == ("2", "undone")
    assert champions.read(incident).state == "acknowledged"


@pytest.mark.parametrize("state", ["done", "failed"])
def test_what_the_improvement_of_a_retraining_has_promoted_is_taken_back(champions: Case, state: ActionState) -> None:
    """The loop has a run of its own; also where an earlier release took the lifecycle's rejection for the outcome."""
    run = f"lifecycle-{champions.model}"
    _promote(champions, "3", improvement_of(run))
    incident = _retrained(champions, run, state)
    for _ in range(2):
        result = undo_mitigations(champions.services, champions.undo_request(incident))
        assert _named(result.undone) == [("retrain", ["2", "3"])]
        assert (champions.champion, champions.action(incident, "retrain").state) == ("2", "undone")


def test_a_withdrawn_promotion_of_a_retraining_is_not_taken_back_again(champions: Case) -> None:
    """Its endpoint did not follow: the champion before is champion already."""
    _promote(champions, "3", "lifecycle-w")
    move_champion(
        champions.services,
        model=champions.model,
        expected="3",
        version="2",
        run="lifecycle-w",
        decided_by="lifecycle-w:withdrawal",
        kind="withdrawal",
    )
    incident = _retrained(champions, "lifecycle-w", "failed")
    result = undo_mitigations(champions.services, champions.undo_request(incident))
    assert (result.undone, len(result.refused)) == ((), 1)
    assert result.refused[0].startswith("nothing was done ")


def test_a_retraining_that_has_promoted_nothing_can_be_undone_when_it_has(champions: Case) -> None:
    """Its own gate decides first; asked again afterwards it is taken back."""
    incident = _retrained(champions, "lifecycle-y")
    request = champions.undo_request(incident)
    too_early = undo_mitigations(champions.services, request)
    assert (too_early.undone, _named(too_early.refused)) == ((), [("retrain", [])])
    assert "its run has changed nothing yet" in too_early.refused[0]
    make_champions(champions.services, champions.model, ("2",))
    move_champion(
        champions.services,
        model=champions.model,
        expected="2",
        version="1",
        run="lifecycle-y",
        decided_by="y:decision:0",
        kind="promotion",
    )
    result = undo_mitigations(champions.services, request)
    assert _named(result.undone) == [("retrain", ["2", "1"])]


def test_an_incident_that_is_not_there_is_named(case: Case) -> None:
    """A wrong id is refused, and not tried again."""
    incident = case.alert().model_copy(update={"incident_id": "nothing"})
    with pytest.raises(BadInputError) as refused:
        undo_mitigations(case.services, case.undo_request(incident))
    assert (refused.value.fields["field"], refused.value.fields["value"]) == ("incident", "nothing")
    assert (refused.value.fields["rule"], refused.value.retryable) == (f"is no incident of {case.model}", False)


def test_each_undo_that_a_person_asks_for_has_its_line(champions: Case) -> None:
    """Refused, then asked for again: the second answer is in the timeline, too, and each is there once."""
    incident = champions.drift()
    ask = champions.undo_request(incident)
    for order in ("2026-01-01T03:00:00+00:00", "2026-01-01T03:05:00+00:00", "2026-01-01T03:05:00+00:00"):
        undo_mitigations(champions.services, ask.model_copy(update={"order": order}))
    assert [line.what.partition(":")[0] for line in champions.read(incident).timeline if line.actor == "ann"] == [
        "undo (it was right)",
        "undo (it was right)",
    ]
