"""A rollback: guarded, once per bad version, whole wherever it is interrupted."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from activities.response.mitigations.rollback import roll_back
from activities.response.undo_mitigations import undo_mitigations
from local_host.stack.endpoints import Endpoints
from nightshift.domain.platform.errors import BadInputError, ServiceUnavailableError, UnknownModelError
from nightshift.domain.platform.names import CHAMPION, TAG_QUARANTINE
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import EndpointTarget, MitigationResult
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.interruptions import Interrupted, KilledError
from tests.support.model_versions import make_champions, make_versions
from tests.support.refusals import figures
from tests.support.responder import ROOT, Case

pytestmark = pytest.mark.xdist_group("mlflow")


def _roll_back(case: Case, incident: Incident) -> MitigationResult:
    return roll_back(case.services, case.request(incident, "rollback"))


def _assert_refused(
    case: Case, incident: Incident, reason: str, versions: list[str], champion: str | None = "3"
) -> None:
    """The reason and these versions are named, a person is paged, and nothing has moved."""
    before = case.reigns
    result = _roll_back(case, incident)
    assert (result.action.state, figures(result.action.detail)) == ("refused", versions)
    assert reason in result.action.detail
    assert (result.escalate, result.serve) == (True, None)
    assert case.action(incident, "rollback") == result.action
    assert case.read(incident).state == "open"
    assert (case.champion, case.reigns) == (champion, before)
    assert case.entries() == ()


def test_the_champion_before_comes_back(champions: Case) -> None:
    """Alias, quarantine, ledger and incident: each says the same."""
    incident = champions.alert()
    result = _roll_back(champions, incident)
    assert (result.action.state, result.escalate, result.serve) == ("done", False, None)
    assert figures(result.action.detail) == ["2", "3"]
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])
    assert (champions.quarantine("3"), champions.quarantine("2")) == (incident.incident_id, None)
    (entry,) = champions.entries()
    assert (entry.kind, entry.actor, entry.subject, entry.run) == (
        "mitigation",
        "nightshift",
        "version 3",
        incident.response,
    )
    assert (entry.body["bad_version"], entry.body["target"], entry.body["reason"]) == ("3", "2", "the playbook's line")
    assert result.action.ledger == entry.sequence
    after = champions.read(incident)
    assert (after.state, after.actions) == ("mitigated", (result.action,))
    assert after.timeline[-1].what == f"rollback done: {result.action.detail}"
    assert champions.services.ledger.verify(champions.model) is None


def test_the_champions_are_read_three_times_at_most(champions: Case) -> None:
    """By the guards, for an earlier try of this order, and by the move: that read grows with all that were champion."""

    class History:
        def __init__(self, real: Any) -> None:
            self._real, self.read = real, 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def moves(self, model: str) -> Any:
            self.read += 1
            return self._real.moves(model)

    history = History(champions.services.champions)
    champions.replace(champions=history)
    result = _roll_back(champions, champions.alert())
    assert (result.action.state, history.read) == ("done", 3)


def test_asked_twice_it_moves_once(champions: Case) -> None:
    """A repeat gets the first answer."""
    incident = champions.alert()
    first, second = _roll_back(champions, incident), _roll_back(champions, incident)
    assert second == first
    assert (champions.reigns, len(champions.entries())) == (["1", "2", "3", "2"], 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=4)], ids=["on time", "clock ahead"])
def test_killed_at_any_call_and_repeated_it_moves_once(champions: Case, after: bool, ahead: timedelta) -> None:
    """At each outside call in turn: version 3 or 2 is champion at every moment, 2 at the end, by one move."""
    incident = champions.alert(fired_at=champions.services.clock() + ahead)
    number, finished = 0, False
    while not finished:
        number += 1
        interrupted = Interrupted(champions.services, last=number, after=after)
        try:
            result = roll_back(interrupted, champions.request(incident, "rollback"))
            finished = True
        except KilledError:
            assert champions.champion in {"3", "2"}
    assert number > 8
    assert result.action.state == "done"
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])
    assert (champions.quarantine("3"), champions.quarantine("2")) == (incident.incident_id, None)
    assert len(champions.entries()) == 1
    assert champions.read(incident).state == "mitigated"


def test_two_incidents_about_one_version_roll_back_once(champions: Case) -> None:
    """Error and precision fall together: the second incident points to the first, and pages nobody."""
    first, second = champions.alert("a1"), champions.alert("a2", value=None, severity="critical", rule="other")
    _roll_back(champions, first)
    result = _roll_back(champions, second)
    assert (result.action.state, result.escalate) == ("repeated", False)
    assert figures(result.action.detail)[0] == "3"
    assert f"rolled back by incident {first.incident_id} at " in result.action.detail
    assert (champions.champion, champions.reigns, len(champions.entries())) == ("2", ["1", "2", "3", "2"], 1)


def test_what_was_taken_back_is_for_a_person(champions: Case) -> None:
    """The bad version serves again because somebody wanted it: the next incident about it pages, and moves nothing."""
    first = champions.alert("a1")
    _roll_back(champions, first)
    undo_mitigations(champions.services, champions.undo_request(first))
    second = champions.alert("a2", value=None, severity="critical", rule="other")
    result = _roll_back(champions, second)
    assert (result.action.state, result.escalate) == ("refused", True)
    assert "a person must decide" in result.action.detail
    assert champions.champion == "3"


def test_two_bad_champions_go_back_two_steps(champions: Case) -> None:
    """3 was bad, and 2 is as bad: the next target is 1, never a version in quarantine."""
    first = champions.alert("a1")
    _roll_back(champions, first)
    second = champions.alert("a2", value=None, severity="critical", rule="other")
    result = _roll_back(champions, second)
    assert (result.action.state, champions.champion) == ("done", "1")
    assert (champions.quarantine("3"), champions.quarantine("2")) == (first.incident_id, second.incident_id)


def test_a_bad_champion_of_since_then_has_an_incident_of_its_own(champions: Case) -> None:
    """Within the window of the one before. That the version that came back is bad as well belongs to the first one."""
    first = champions.alert(model_version="3")
    _roll_back(champions, first)
    assert champions.alert("a2", model_version="2").incident_id == first.incident_id
    make_champions(champions.services, champions.model, ("1",))
    second = champions.alert("a3", model_version="1")
    assert second.incident_id != first.incident_id
    result = _roll_back(champions, second)
    assert (result.action.state, champions.champion) == ("done", "2"), result.action.detail


def test_a_champion_with_none_before_it_stays(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """There is nothing to go back to."""
    make_versions(mlflow_client, case.model, 1, tmp_path)
    make_champions(case.services, case.model, ("1",))
    _assert_refused(case, case.alert(), "no champion before it", ["1"], champion="1")


def test_a_model_without_a_champion_is_for_a_person(case: Case) -> None:
    """No version was ever made: nobody can be blamed."""
    _assert_refused(case, case.alert(), f"names no version of {case.model}", [], champion=None)


def test_a_deleted_target_is_refused(champions: Case, mlflow_client: MlflowClient) -> None:
    """Somebody tidied the registry up."""
    mlflow_client.delete_model_version(champions.model, "2")
    _assert_refused(champions, champions.alert(), "deleted from the registry", ["2"])


def test_a_target_in_quarantine_is_refused(champions: Case, mlflow_client: MlflowClient) -> None:
    """It was bad itself."""
    mlflow_client.set_model_version_tag(champions.model, "2", TAG_QUARANTINE, "i7")
    _assert_refused(champions, champions.alert(), "quarantine since incident i7", ["2"])


@pytest.mark.parametrize("lost", ["MLmodel", "model.skops"])
def test_a_target_whose_files_are_gone_is_refused(champions: Case, mlflow_client: MlflowClient, lost: str) -> None:
    """An alias that points to nothing would take the model down altogether."""
    run = mlflow_client.get_model_version(champions.model, "2").run_id
    assert run is not None
    _delete_artifact(mlflow_client, run, f"model/{lost}")
    _assert_refused(champions, champions.alert(), "cannot be loaded", ["2"])


def _delete_artifact(client: MlflowClient, run: str, path: str) -> None:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    files = get_artifact_repository(client.get_run(run).info.artifact_uri, tracking_uri=client.tracking_uri)
    files.delete_artifacts(path)  # type: ignore[no-untyped-call]


def test_a_target_that_needs_other_columns_is_refused(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> None:
    """Today's data would break it: what is missing is named."""
    make_versions(mlflow_client, case.model, 2, tmp_path, ("season", "wind", "altitude"))
    make_champions(case.services, case.model, ("1", "2"))
    _assert_refused(case, case.alert(), "lacks: altitude, wind", ["1"], champion="2")


def test_an_alias_moved_by_hand_meanwhile_stands(champions: Case, mlflow_client: MlflowClient) -> None:
    """Somebody was quicker than the alert."""
    incident = champions.alert()
    mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "1")
    _assert_refused(champions, incident, "not champion any more", ["3", "1"], champion="1")


def test_an_alert_about_an_older_version_moves_nothing(champions: Case) -> None:
    """It was in a queue for long, and there is a new champion since."""
    incident = champions.alert(model_version="2")
    _assert_refused(champions, incident, "not champion any more", ["2", "3"])


def test_a_late_alert_is_about_the_champion_of_its_time(champions: Case) -> None:
    """It names no version; when it fired, 2 was champion."""
    second, third = champions.services.champions.moves(champions.model)[1:]
    incident = champions.alert(fired_at=second.at + (third.at - second.at) / 2)
    _assert_refused(champions, incident, "not champion any more", ["2", "3"])


def test_a_new_champion_is_not_blamed_before_the_signal_has_settled(champions: Case) -> None:
    """With the default time, an alert right after three promotions cannot say whom it means."""
    champions.specify(playbook={"settle_minutes": 5})
    _assert_refused(champions, champions.alert(), f"names no version of {champions.model}", [])


def _move_before_alias(client: MlflowClient, case: Case) -> None:
    """The champion moves between the guards and our own move."""
    begin = case.services.champions.begin

    class History:
        def __init__(self, real: Any) -> None:
            self._real = real

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def begin(self, move: Any) -> Any:
            begun = begin(move)
            client.set_registered_model_alias(case.model, CHAMPION, "1")
            return begun

    case.replace(champions=History(case.services.champions))


def test_a_champion_that_moves_at_the_last_moment_stands(champions: Case, mlflow_client: MlflowClient) -> None:
    """Compare-and-set: the guards held, then somebody moved the alias; the ledger has the order, the alias history its
    end."""
    incident = champions.alert()
    _move_before_alias(mlflow_client, champions)
    result = _roll_back(champions, incident)
    assert (result.action.state, result.escalate) == ("refused", True)
    assert "champion of" in result.action.detail
    assert (champions.champion, champions.quarantine("3")) == ("1", None)
    assert champions.services.champions.moves(champions.model)[-1].state == "void"


def test_an_alert_about_no_model_cannot_roll_back(case: Case) -> None:
    """The platform has no champion: refused for good, which the response takes to a person with the reason."""
    incident = case.alert(model=None, rule=case.model, value=None, severity="critical")
    with pytest.raises(UnknownModelError) as refused:
        _roll_back(case, incident)
    assert (refused.value.code, refused.value.retryable) == ("unknown_model", False)


def test_an_incident_that_is_not_there_is_named(case: Case) -> None:
    """A broken message is reported, not retried."""
    incident = case.alert().model_copy(update={"incident_id": "nothing"})
    with pytest.raises(BadInputError) as refused:
        _roll_back(case, incident)
    assert (refused.value.fields["field"], refused.value.fields["value"]) == ("incident", "nothing")
    assert (refused.value.fields["rule"], refused.value.retryable) == (f"is no incident of {case.model}", False)


def test_without_mlflow_it_is_to_be_tried_again(
    champions: Case, tracked: Endpoints, specs: Path, free_port: int
) -> None:
    """Raised, so that Durable calls it again; nothing was refused, and with MLflow back it goes on."""
    incident = champions.alert()
    environment = tracked.environment() | {
        "NIGHTSHIFT_MODEL_SPECS": str(specs),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{free_port}",
        "MLFLOW_REGISTRY_URI": f"http://127.0.0.1:{free_port}",
    }
    without = LazyServices(read_settings(environment, ROOT))
    with pytest.raises(ServiceUnavailableError, match="MLflow is not available"):
        roll_back(without, champions.request(incident, "rollback"))
    assert champions.read(incident).actions == ()
    assert _roll_back(champions, incident).action.state == "done"
    assert champions.champion == "2"


@pytest.fixture
def endpoint(champions: Case) -> Callable[[], Incident]:
    """A model whose champion is served, and its incident."""
    champions.specify(serving_endpoint="revenue")
    return champions.alert


def test_with_an_endpoint_it_is_done_only_when_that_follows(champions: Case, endpoint: Callable[[], Incident]) -> None:
    """The alias has moved; the incident is not mitigated before the endpoint serves the target."""
    incident = endpoint()
    first, second = _roll_back(champions, incident), _roll_back(champions, incident)
    assert first.action.state == "begun"
    assert first.serve == second.serve == EndpointTarget(endpoint="revenue", model=champions.model, version="2")
    assert champions.read(incident).state == "open"
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])


def test_what_is_rolled_back_is_in_quarantine_before_the_alias_moves(champions: Case) -> None:
    """An incident that looks in between must not find the bad version as its target."""
    seen: list[str | None] = []

    class Watched:
        """The registry; looks at the quarantine of version 3 when the alias is set."""

        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def set_alias(self, *given: str) -> None:
            seen.append(champions.quarantine("3"))
            inner.set_alias(*given)

    inner = champions.services.registry
    incident = champions.alert()
    champions.replace(registry=Watched())
    roll_back(champions.services, champions.request(incident, "rollback"))
    assert seen == [incident.incident_id]
