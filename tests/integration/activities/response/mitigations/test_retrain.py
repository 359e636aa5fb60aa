"""Drift retrains: the newest accepted data, as one batch, at most once per cooldown."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import azure.durable_functions as df
import pytest
from azure.data.tables import TableServiceClient
from mlflow import MlflowClient

from activities.response.mitigations.retrain import read_retraining, retrain
from local_host.stack.endpoints import Endpoints
from nightshift.clients.ledger.ledger import TableLedger
from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.ledger.bodies import HaltBody, OutcomeBody, RefusalBody, expect_body, record
from nightshift.domain.ledger.ledger import ACTOR, LedgerRecord
from nightshift.domain.platform.errors import ServiceUnavailableError, UnknownModelError
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.names import BRONZE, MODEL_QUEUE
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import MitigationResult, RetrainingRequest
from nightshift.domain.response.mitigations import RollbackOrder
from nightshift.domain.uploads.contract import ContractViolationError
from nightshift.domain.uploads.dataset import DatasetManifest
from nightshift.domain.uploads.upload import BlobRef
from nightshift.services.uploads.archive import kept_content
from tests.support.failing_ports import Failing
from tests.support.interruptions import Interrupted, KilledError
from tests.support.model_data import Starts, accept_file, upload_file, validate
from tests.support.model_versions import make_champions, make_versions, tag_training
from tests.support.responder import Case, Replaced, later

pytestmark = pytest.mark.xdist_group("mlflow")

# Later than the files of the model were accepted.
NOON = datetime(2030, 3, 1, 12, tzinfo=UTC)


async def _retrain(case: Case, client: Starts, incident: Incident, services: Any = None) -> MitigationResult:
    return await retrain(
        services or case.services, cast("df.DurableOrchestrationClient", client), case.request(incident, "retrain")
    )


async def test_the_newest_files_are_one_batch(trained: Case, client: Starts) -> None:
    """Three as the spec says, the oldest first, from where their content is kept; the queue is woken."""
    incident = trained.drift()
    result = await _retrain(trained, client, incident)
    assert (result.action.state, result.escalate) == ("begun", False)
    batch = trained.services.uploads.claim(trained.model, 1, 0)
    assert [upload.again for upload in batch.uploads] == [incident.incident_id] * 3
    digests = {item.digest: item.upload.name for item in trained.services.datasets.accepted(trained.model)}
    names = [digests[Path(upload.name).stem] for upload in batch.uploads]
    assert names == [f"{trained.model}/{name}.csv" for name in "bcd"]
    assert ", ".join(names) in result.action.detail
    assert result.identity == batch.uploads[0].identity
    assert client.started == [(MODEL_QUEUE, f"queue-{trained.model}-1")]
    (entry,) = trained.entries()
    assert (entry.kind, entry.run, entry.body["files"]) == ("mitigation", incident.response, names)
    assert (result.action.ledger, trained.read(incident).state) == (entry.sequence, "open")


async def test_a_run_accepts_what_it_is_to_train_on_again(trained: Case, client: Starts) -> None:
    """No duplicate, not too old, and by the content that was kept, whatever became of the upload."""
    trained.services.blobs.write(
        BlobRef(container=BRONZE, name=f"{trained.model}/d.csv"), b"overwritten", content_type="text/csv"
    )
    await _retrain(trained, client, trained.drift())
    batch = trained.services.uploads.claim(trained.model, 1, 0)
    result = validate(trained, batch.run, *batch.uploads)
    assert result.refused == ()
    manifest = DatasetManifest.model_validate_json(trained.services.blobs.read(result.manifest))
    assert [part.rows for part in manifest.parts] == [2, 2, 2]
    assert [part.blob for part in manifest.parts] == [
        kept_content(trained.model, part.digest, "csv") for part in manifest.parts
    ]
    assert manifest.source == "station 7"


def test_the_same_file_uploaded_again_is_still_a_duplicate(trained: Case, tmp_path: Path) -> None:
    """Only a retraining may take a content twice."""
    with pytest.raises(ContractViolationError) as refused:
        validate(trained, "lifecycle-x", upload_file(trained, tmp_path, "d", day=4))
    assert "duplicate_upload" in refused.value.fields["rules"]


async def test_asked_twice_it_is_one_batch(trained: Case, client: Starts) -> None:
    """A repeat finds its own order, and says the same."""
    incident = trained.drift()
    first, second = [await _retrain(trained, client, incident) for _ in range(2)]
    assert second.identity == first.identity
    assert len(trained.services.uploads.claim(trained.model, 1, 0).uploads) == 3
    assert len(trained.entries()) == 1


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_call_it_is_one_batch(trained: Case, client: Starts, after: bool) -> None:
    """Nothing is trained upon twice, and the queue is awake at the end."""
    incident = trained.drift()
    number, finished = 0, False
    while not finished:
        number += 1
        try:
            result = await _retrain(trained, client, incident, Interrupted(trained.services, last=number, after=after))
            finished = True
        except KilledError:
            pass
    assert number > 6
    assert (result.action.state, len(trained.entries())) == ("begun", 1)
    assert set(client.started) == {(MODEL_QUEUE, f"queue-{trained.model}-1")}
    assert len(trained.services.uploads.claim(trained.model, 1, 0).uploads) == 3
    assert trained.services.uploads.claim(trained.model, 1, 1).uploads == ()


async def test_two_incidents_at_once_retrain_once(trained: Case, client: Starts) -> None:
    """Two columns drift together: one batch; the other incident points to the first, and pages nobody."""
    first, second = trained.drift("d1"), trained.drift("d2", value=0.2)
    results = await asyncio.gather(_retrain(trained, client, first), _retrain(trained, client, second))
    states = {result.action.state for result in results if result.action}
    assert states == {"begun", "repeated"}
    assert [result.escalate for result in results] == [False, False]
    assert len(trained.services.uploads.claim(trained.model, 1, 0).uploads) == 3
    assert len(trained.entries()) == 1


async def test_a_retraining_cannot_bring_about_the_next(trained: Case, client: Starts) -> None:
    """Within the cooldown an alert only says when it will be over; after it there is another batch."""
    first, second = trained.drift("d1"), trained.drift("d2", value=0.2)
    await _retrain(trained, client, first)
    ordered = trained.entries()[0].recorded_at
    early = await _retrain(trained, client, second, later(trained.services, ordered + timedelta(minutes=59)))
    assert (early.action.state, early.identity) == ("repeated", "")
    assert f"incident {first.incident_id} " in early.action.detail
    assert f" at {_seconds(ordered)};" in early.action.detail
    assert early.action.detail.endswith(f"before {_seconds(ordered + timedelta(hours=1))}")
    third = trained.drift("d3", metric="staleness_days", value=40)
    late = await _retrain(trained, client, third, later(trained.services, ordered + timedelta(minutes=60)))
    assert late.action.state == "begun"
    assert len(trained.entries()) == 2


def _at(case: Case, tables: TableServiceClient, minutes: float) -> None:
    """Let it be so many minutes later than noon, for the activity and for the ledger."""
    now = NOON + timedelta(minutes=minutes)
    case.replace(clock=lambda: now, ledger=TableLedger(tables, lambda: now))


async def test_the_cooldown_begins_with_the_last_retraining(trained: Case, client: Starts, tracked: Endpoints) -> None:
    """An hour, as the spec says: after those of 12:00 and 13:00 there is none at 13:59, and one at 14:00."""
    states = []
    with TableServiceClient.from_connection_string(tracked.storage_connection_string) as tables:
        for number, minutes in enumerate((0, 60, 119, 120)):
            _at(trained, tables, minutes)
            incident = trained.drift(f"d{number}", value=None, severity="critical", rule=f"r{number}")
            states.append((await _retrain(trained, client, incident)).action.state)
        ordered = [entry.recorded_at - NOON for entry in trained.entries()]
    assert states == ["begun", "begun", "repeated", "begun"]
    assert ordered == [timedelta(hours=0), timedelta(hours=1), timedelta(hours=2)]


def _rolled_back(case: Case, name: str) -> None:
    """A rollback that an incident of another kind has just ordered."""
    incident = case.alert(name, rule=name)
    order = RollbackOrder(
        incident=incident.incident_id, rule=name, reason="r", bad_version="3", target="2", alert={"alert_id": name}
    )
    case.services.ledger.append(
        record(order, key=f"rollback:{name}", model=case.model, run=incident.response, subject="version 3")
    )


async def test_only_a_retraining_begins_a_cooldown(trained: Case, client: Starts) -> None:
    """A rollback just before the first drift holds up nothing; one after the retraining does not end its cooldown."""
    _rolled_back(trained, "a1")
    first = await _retrain(trained, client, trained.drift("d1"))
    _rolled_back(trained, "a2")
    second = await _retrain(trained, client, trained.drift("d2", value=0.2))
    assert (first.action.state, second.action.state) == ("begun", "repeated")
    mitigations = [entry.body["mitigation"] for entry in trained.entries()]
    assert mitigations == ["rollback", "retrain", "rollback"]


def _seconds(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


async def test_a_retraining_follows_what_is_in_the_queue_already(trained: Case, client: Starts, tmp_path: Path) -> None:
    """An upload waits: it and the retraining's files become one run, and none is lost."""
    trained.services.uploads.submit(upload_file(trained, tmp_path, "e", day=5), trained.model)
    result = await _retrain(trained, client, trained.drift())
    batch = trained.services.uploads.claim(trained.model, 1, 0)
    assert [bool(upload.again) for upload in batch.uploads] == [False, True, True, True]
    assert trained.services.uploads.run_of(trained.model, result.identity) == batch.run


async def test_accepted_data_is_taken_whatever_was_decided_on_it(trained: Case, client: Starts, tmp_path: Path) -> None:
    """A challenger that was no better does not make its data old: drift is what makes it needed."""
    rejected = accept_file(trained, tmp_path, "e", day=5, promoted=False)
    result = await _retrain(trained, client, trained.drift())
    assert result.action.state == "begun"
    batch = trained.services.uploads.claim(trained.model, 1, 0)
    assert [Path(upload.name).stem for upload in batch.uploads][-1] == rejected.digest
    assert trained.entries()[0].body["files"] == [f"{trained.model}/{name}.csv" for name in "cde"]


def _champion_of_newest(case: Case, client: MlflowClient, folder: Path) -> None:
    """Make version 1 champion, trained on the newest accepted file."""
    newest = case.services.datasets.accepted(case.model)[0]
    make_versions(client, case.model, 1, folder)
    tag_training(client, case.model, "1", digest([newest.digest]), newest.run)
    make_champions(case.services, case.model, ("1",))


async def test_a_champion_of_the_newest_data_is_not_trained_again(
    trained: Case, client: Starts, tmp_path: Path, mlflow_client: MlflowClient
) -> None:
    """The same model would come of it: no job, a reason in incident and ledger, and a person is asked for data."""
    _champion_of_newest(trained, mlflow_client, tmp_path)
    incident = trained.drift("d1")
    first = await _retrain(trained, client, incident)
    assert (first.action.state, first.escalate, first.identity, client.started) == ("refused", True, "", [])
    for words in ("no newer data than champion version 1 ", f"{trained.model}/d.csv", "newest row 2012-01-04T01:00:00"):
        assert words in first.action.detail
    assert (trained.read(incident).state, trained.action(incident, "retrain")) == ("open", first.action)
    (entry,) = trained.entries()
    said = expect_body(entry, RefusalBody)
    assert (entry.run, first.action.ledger) == (incident.response, entry.sequence)
    assert (said.outcome, said.champion_version, said.reason) == ("no_newer_data", "1", first.action.detail)
    assert trained.services.uploads.claim(trained.model, 1, 0).uploads == ()
    accept_file(trained, tmp_path, "e", day=5, promoted=False)
    second = await _retrain(trained, client, trained.drift("d2", value=0.2))
    assert second.action.state == "begun"


async def test_a_person_is_asked_once_for_newer_data(
    trained: Case, client: Starts, tmp_path: Path, mlflow_client: MlflowClient
) -> None:
    """Not again when the step is repeated, nor by the next incident; again when there is another champion."""
    _champion_of_newest(trained, mlflow_client, tmp_path)
    first, second = trained.drift("d1"), trained.drift("d2", value=0.2)
    results = [await _retrain(trained, client, incident) for incident in (first, first, second)]
    assert [(result.action.state, result.escalate) for result in results] == [
        ("refused", True), ("refused", True), ("repeated", False),
    ]  # fmt: skip
    assert f"incident {first.incident_id} asked for data" in results[2].action.detail
    assert len(trained.entries()) == 1
    newest = trained.services.datasets.accepted(trained.model)[0]
    version = mlflow_client.get_model_version(trained.model, "1")
    mlflow_client.create_model_version(trained.model, str(version.source), version.run_id)
    tag_training(mlflow_client, trained.model, "2", digest([newest.digest]), newest.run)
    make_champions(trained.services, trained.model, ("2",))
    third = await _retrain(trained, client, trained.drift("d3", metric="staleness_days", value=40))
    assert (third.action.state, third.escalate) == ("refused", True)


async def test_killed_at_any_call_a_person_is_asked_all_the_same(
    trained: Case, client: Starts, tmp_path: Path, mlflow_client: MlflowClient
) -> None:
    """The entry of a try that broke off is the incident's own: it is not taken for that of another."""
    _champion_of_newest(trained, mlflow_client, tmp_path)
    incident = trained.drift()
    number, result = 0, None
    while result is None:
        number += 1
        with suppress(KilledError):
            result = await _retrain(trained, client, incident, Interrupted(trained.services, last=number, after=True))
    assert number > 6
    assert (result.action.state, result.escalate, len(trained.entries())) == ("refused", True, 1)


async def test_without_data_a_person_is_asked(case: Case, client: Starts) -> None:
    """Nothing has been accepted yet: there is nothing to train on, and nothing is started."""
    result = await _retrain(case, client, case.drift())
    assert (result.action.state, result.escalate, client.started) == ("refused", True, [])
    assert "no accepted data" in result.action.detail
    assert [expect_body(entry, RefusalBody).outcome for entry in case.entries()] == ["no_data"]


async def test_drift_of_no_model_is_for_a_person(case: Case, client: Starts) -> None:
    """The platform cannot be retrained: refused for good, which the response takes to a person."""
    incident = case.drift(model=None, value=None, severity="critical", rule=case.model)
    with pytest.raises(UnknownModelError) as refused:
        await _retrain(case, client, incident)
    assert (refused.value.code, refused.value.retryable) == ("unknown_model", False)


def _end(case: Case, run: str, body: OutcomeBody | HaltBody) -> None:
    key = f"{run}:{body.entry_kind}:{body.outcome}"
    case.services.ledger.append(record(body, key=key, model=case.model, run=run, subject="version 5"))


def _failed(message: str) -> HaltBody:
    return HaltBody(outcome="failed", failure=Failure(step="move_serving", code="failed", message=message))


@pytest.mark.parametrize(
    ("body", "outcome", "told"),
    [
        (OutcomeBody(outcome="promoted", champion_version="5"), "promoted", "champion is version 5"),
        (OutcomeBody(outcome="rejected", champion_version="4"), "rejected", "champion is version 4"),
        (_failed("no capacity"), "failed", "no capacity"),
    ],
    ids=["promoted", "rejected", "failed"],
)
async def test_what_became_of_it_is_read_from_the_ledger(
    trained: Case, client: Starts, body: OutcomeBody | HaltBody, outcome: str, told: str
) -> None:
    """Waiting, running, void and made again, decided, ended: only the end is an outcome."""
    incident = trained.drift()
    result = await _retrain(trained, client, incident)
    request = RetrainingRequest(model=trained.model, incident_id=incident.incident_id, identity=result.identity)
    waiting = read_retraining(trained.services, request)
    assert (waiting.run, waiting.outcome) == ("", None)
    run = trained.services.uploads.claim(trained.model, 1, 0).run
    _end(trained, run, OutcomeBody(outcome="void", champion_version="4"))
    running = read_retraining(trained.services, request)
    assert (running.run, running.outcome) == (run, None)
    _end(trained, run, body)
    assert read_retraining(trained.services, request).outcome is None
    trained.services.uploads.claim(trained.model, 1, 1)
    ended = read_retraining(trained.services, request)
    assert (ended.run, ended.outcome, ended.detail) == (run, outcome, f"run {run} was {outcome}: {told}")


@pytest.mark.parametrize(
    ("improved", "champion", "outcome"),
    [("promoted", "6", "promoted"), ("flagged", "4", "flagged"), ("rejected", "4", "rejected"), ("", "4", "rejected")],
)
async def test_a_retraining_that_is_improved_ends_with_its_improvement(
    trained: Case, client: Starts, improved: str, champion: str, outcome: str
) -> None:
    """The lifecycle has rejected its challenger and goes on into the loop: that is not the outcome yet."""
    incident = trained.drift()
    result = await _retrain(trained, client, incident)
    request = RetrainingRequest(model=trained.model, incident_id=incident.incident_id, identity=result.identity)
    run = trained.services.uploads.claim(trained.model, 1, 0).run
    _end(trained, run, OutcomeBody(outcome="rejected", champion_version="4"))
    assert read_retraining(trained.services, request).outcome is None
    loop = improvement_of(run)
    if improved:
        _end(trained, loop, OutcomeBody.model_validate({"outcome": improved, "champion_version": champion}))
    assert read_retraining(trained.services, request).outcome is None
    trained.services.uploads.claim(trained.model, 1, 1)
    ended = read_retraining(trained.services, request)
    told = f"run {loop if improved else run} was {outcome}: champion is version {champion}"
    assert (ended.run, ended.outcome, ended.detail) == (run, outcome, told)


async def test_a_promotion_whose_endpoint_does_not_follow_is_no_outcome_yet(trained: Case, client: Starts) -> None:
    """The run withdraws it, and halts."""
    incident = trained.drift()
    result = await _retrain(trained, client, incident)
    request = RetrainingRequest(model=trained.model, incident_id=incident.incident_id, identity=result.identity)
    run = trained.services.uploads.claim(trained.model, 1, 0).run
    _end(trained, run, OutcomeBody(outcome="promoted", champion_version="5"))
    assert read_retraining(trained.services, request).outcome is None
    _end(trained, run, _failed("the endpoint did not follow"))
    trained.services.uploads.claim(trained.model, 1, 1)
    assert read_retraining(trained.services, request).outcome == "failed"


async def test_a_retraining_that_never_reached_the_queue_is_put_there(trained: Case, client: Starts) -> None:
    """Another incident's was ordered in the ledger, and storage did not take the files: it is not reported as done."""
    first, second = trained.drift("d1"), trained.drift("d2", value=0.2)
    away = Failing(trained.services.uploads, "submit", ServiceUnavailableError("storage", "503"))
    with pytest.raises(ServiceUnavailableError):
        await _retrain(trained, client, first, Replaced(trained.services, uploads=away))
    result = await _retrain(trained, client, second)
    assert result.action.state == "repeated"
    assert f"incident {first.incident_id} ordered a retraining" in result.action.detail
    assert "had not reached the model's queue" in result.action.detail
    assert client.started == [(MODEL_QUEUE, f"queue-{trained.model}-1")]
    assert len(trained.services.uploads.claim(trained.model, 1, 0).uploads) == 3


async def test_an_order_of_a_newer_release_stops_no_retraining(trained: Case, client: Starts) -> None:
    """The app was rolled back: a mitigation that this release does not know is none of its retrainings."""
    incident = trained.drift()
    trained.services.ledger.append(
        LedgerRecord(
            key="throttle:1", model=trained.model, run=incident.response, kind="mitigation", subject="s", actor=ACTOR,
            body={"mitigation": "throttle", "incident": incident.incident_id, "rule": "r", "reason": "because"},
        )
    )  # fmt: skip
    assert (await _retrain(trained, client, incident)).action.state == "begun"
