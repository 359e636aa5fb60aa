"""The sweep of orders: what the ledger has ordered and nobody has carried out, on real storage and a real registry."""

import contextlib
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from mlflow import MlflowClient

from activities.champions.withdraw_promotion import withdraw_promotion
from activities.response.complete_mitigation import complete_mitigation
from activities.response.mitigations.rollback import roll_back
from activities.reviews.act_on_review import act_on_review
from activities.reviews.close_review import close_review
from nightshift.domain.ledger.bodies import DecisionBody, HaltBody, record
from nightshift.domain.ledger.keys import decision_key
from nightshift.domain.ledger.ledger import ACTOR, EntryKind, LedgerRecord
from nightshift.domain.lifecycle.run import WithdrawRequest
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.identity import instance_id
from nightshift.domain.platform.names import CHAMPION, TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.platform.step import Failure
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import CompleteMitigationRequest
from nightshift.domain.reviews.messages import FinalizeReviewRequest
from nightshift.domain.watch.sweep import Swept
from nightshift.services.champions.move_champion import ABANDONED_AFTER, enter_outside_change, move_champion
from nightshift.services.reviews.decide_review import decide_review
from tests.integration.sweeps.night import STATES, Night, deliver
from tests.support.failing_ports import Failing, without_alias
from tests.support.interruptions import Interrupted, KilledError
from tests.support.ledger_bodies import DECISION, EVIDENCE
from tests.support.memory_ports import MemoryServing
from tests.support.model_data import Starts
from tests.support.responder import Case, Replaced
from tests.support.reviewing import flag, request

pytestmark = pytest.mark.xdist_group("mlflow")

REFUSED = ServiceRefusedError("MLflow", "403", "the identity may not set aliases")
HOUR = timedelta(hours=1)


@pytest.fixture
def night(champions: Case, tmp_path: Path) -> Night:
    """A model with champions 1, 2 and 3, and orchestrations that have ended."""
    return Night(champions, tmp_path)


def _failed_rollback(case: Case) -> Incident:
    incident = case.alert("a1")
    with pytest.raises(ServiceRefusedError):
        roll_back(without_alias(case.services, REFUSED), case.request(incident, "rollback"))
    assert case.champion == "3"
    return incident


async def test_a_rollback_that_failed_is_carried_out(night: Night, champions: Case) -> None:
    """MLflow is back: the order is carried out once, and on-call, which was notified of the failure, is notified of
    it."""
    incident = _failed_rollback(champions)
    assert (await night.sweep()).found == 1
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])
    assert (champions.read(incident).state, champions.action(incident, "rollback").state) == ("mitigated", "done")
    ((kind, body),) = night.notifications()
    assert (kind, "version 2 is champion again" in body) == ("page", True)
    await night.quiet()


async def test_one_that_is_being_carried_out_is_left_alone(night: Night, champions: Case) -> None:
    """Its response goes on; but not for ever, since what it does is keyed."""
    _failed_rollback(champions)
    night.state = STATES.Running
    assert (await night.sweep(), champions.champion) == (Swept(found=0), "3")
    night.passed = HOUR
    assert ((await night.sweep()).found, champions.champion) == (1, "2")


async def test_one_that_durable_knows_nothing_of_is_given_some_minutes(night: Night, champions: Case) -> None:
    """It may be about to be started."""
    _failed_rollback(champions)
    night.state = None
    assert (await night.sweep(), champions.champion) == (Swept(found=0), "3")
    night.passed = timedelta(minutes=11)
    assert ((await night.sweep()).found, champions.champion) == (1, "2")


async def test_what_still_fails_pages_once_and_stays_owed(night: Night, champions: Case) -> None:
    """Each look tries again; the look's problem names it."""
    _failed_rollback(champions)
    refusing = without_alias(night.services, REFUSED)
    first, second = await night.sweep(refusing), await night.sweep(refusing)
    assert "service_refused" in first.problem
    assert "service_refused" in second.problem
    assert (len(night.notifications()), len(night.open)) == (1, 1)
    assert ((await night.sweep()).found, champions.champion, night.open) == (1, "2", ())


async def test_what_is_known_of_the_orders_is_kept_while_mlflow_does_not_answer(night: Night) -> None:
    """The champion is compared at the next look; the entries are not read once more until then."""
    model, away = night.case.model, ServiceUnavailableError("MLflow", "503")
    entry = night.services.ledger.append(
        record(
            HaltBody(outcome="failed", failure=Failure(step="s", code="c", message="m")),
            key=f"halt-{model}",
            model=model,
            run="r",
            subject="s",
        )
    )
    swept = await night.sweep(Replaced(night.services, registry=Failing(night.services.registry, "version_of", away)))
    assert night.services.sweeps.mark(model).sequence == entry.sequence
    assert swept.problem.startswith(f"{model}: champion not compared: MLflow")


def _strange(kind: EntryKind, body: dict[str, Any], model: str) -> LedgerRecord:
    return LedgerRecord(key=f"{kind}:i9", model=model, run="r9", kind=kind, subject="s", actor=ACTOR, body=body)


async def test_an_order_of_a_newer_release_is_left(
    night: Night, champions: Case, caplog: pytest.LogCaptureFixture
) -> None:
    """After a rollback of the app there is no telling what it orders: the log names it, nobody is paged, and the next
    is carried out."""
    strange = {
        "mitigation": {"mitigation": "scale", "incident": "i9"},
        "undo": {"mitigation": "scale", "incident": "i9", "comment": ""},
        "order": {"order": "backfill"},
    }
    for kind, body in strange.items():
        champions.services.ledger.append(_strange(cast("EntryKind", kind), body, champions.model))
    incident = _failed_rollback(champions)
    assert (await night.sweep()).problem == ""
    assert champions.action(incident, "rollback").state == "done"
    assert night.open == ()
    assert [body for _, body in night.notifications() if "i9" in body] == []
    logged = [message for message in caplog.messages if message.startswith("entry_not_known")]
    assert logged == [f"entry_not_known model={champions.model} key={kind}:i9 kind={kind}" for kind in strange]


async def test_an_order_that_cannot_be_read_holds_up_no_other(night: Night, champions: Case) -> None:
    """It is a rollback, and does not say of what: on-call is paged once, and the next is carried out."""
    broken = _strange("mitigation", {"mitigation": "rollback"}, champions.model)
    entry = champions.services.ledger.append(broken)
    incident = _failed_rollback(champions)
    await night.sweep()
    await night.sweep()
    assert champions.action(incident, "rollback").state == "done"
    assert night.open == (entry.sequence,)
    ((kind, body),) = [told for told in night.notifications() if "mitigation:i9" in told[1]]
    assert (kind, "unreadable_entry: entry" in body) == ("page", True)


async def test_what_a_newer_release_has_decided_is_no_promotion(night: Night, champions: Case) -> None:
    """Only what was decided is read of a decision; its evidence need not be known."""
    champions.services.ledger.append(_strange("decision", {"decision": {"action": "shadow"}}, champions.model))
    assert (await night.sweep(), night.open) == (Swept(found=0), ())


async def test_a_resolved_incident_is_not_rolled_back_afterwards(night: Night, champions: Case) -> None:
    """Over before it was carried out: the order is called off, and the version leaves quarantine."""
    incident = _failed_rollback(champions)
    champions.services.incidents.change(incident.model, incident.incident_id, lambda known: known.transition("resolve"))
    assert (await night.sweep()).found == 1
    assert (champions.champion, champions.quarantine("3")) == ("3", None)
    assert champions.action(incident, "rollback").state == "refused"
    await night.quiet()


async def test_an_order_of_yesterday_is_a_persons(night: Night, champions: Case) -> None:
    """It is reported once, and nothing moves."""
    _failed_rollback(champions)
    night.passed = timedelta(days=2)
    await night.sweep()
    (told,) = [body for _, body in night.notifications() if "older than a day" in body]
    assert "rollback:" in told
    assert champions.champion == "3"


async def test_a_rollback_whose_endpoint_has_not_followed_is_done_only_then(night: Night, champions: Case) -> None:
    """Its response is gone: the endpoint is asked to follow, and the action is done when it has."""
    champions.specify(serving_endpoint="revenue")
    serving = MemoryServing("3")
    champions.replace(serving=serving)
    incident = champions.alert("a1")
    roll_back(champions.services, champions.request(incident, "rollback"))
    await night.sweep()
    assert (serving.asked, champions.action(incident, "rollback").state) == (["2"], "begun")
    serving.end_update()
    assert (await night.sweep()).found == 1
    assert (champions.action(incident, "rollback").state, champions.read(incident).state) == ("done", "mitigated")
    await night.quiet()


# --- promotions and reviews


def _promotion(case: Case, version: str) -> LedgerRecord:
    run = instance_id("lifecycle", case.model, version)
    return record(
        DecisionBody(decision=DECISION, evidence=EVIDENCE, evidence_at="https://store/evidence.json"),
        key=decision_key(run, 0),
        model=case.model,
        run=run,
        subject=f"version {version}",
    )


@pytest.mark.parametrize("moved", [False, True])
async def test_a_promotion_whose_run_has_ended_is_void_or_told(
    night: Night, champions: Case, mlflow_client: MlflowClient, moved: bool
) -> None:
    """The run was reported as failed: it promotes nothing afterwards; and if the alias had moved, a person must
    know."""
    record = _promotion(champions, "1")
    champions.services.ledger.append(record)
    failing = without_alias(champions.services, ServiceUnavailableError("MLflow", "503"))
    with pytest.raises(ServiceUnavailableError):
        move_champion(
            failing,
            model=champions.model,
            expected="3",
            version="1",
            run=record.run,
            decided_by=record.key,
            kind="rollback",
        )
    if moved:
        mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "1")
    assert (await night.sweep()).found == 1
    last = champions.services.champions.moves(champions.model)[-1]
    assert (last.state, champions.champion) == (("done", "1") if moved else ("void", "3"))
    ((_, body),) = night.notifications()
    assert ("had become champion" in body) == moved
    await night.quiet()


async def test_a_withdrawal_that_broke_off_is_carried_out(night: Night, champions: Case) -> None:
    """The endpoint had not followed; alias and endpoint must not stay apart."""
    withdraw = WithdrawRequest(
        model=champions.model, run="lifecycle-x", version="3", previous="2", reason="the endpoint did not follow"
    )
    with pytest.raises(ServiceRefusedError):
        withdraw_promotion(without_alias(champions.services, REFUSED), withdraw)
    assert champions.champion == "3"
    assert (await night.sweep()).found == 1
    assert (champions.champion, champions.reigns) == ("2", ["1", "2", "3", "2"])
    await night.quiet()


@pytest.mark.parametrize("state", ["void", "failed"])
async def test_what_an_older_release_has_not_told_of_a_review_is_reported(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, state: str
) -> None:
    """Closed, and killed before anybody was told: whoever comes next sends it, once."""
    review = flag(case, mlflow_client, tmp_path)
    night = Night(case, tmp_path)
    decided = decide_review(case.services, review, choice="approve", by="ann", comment="looks right")
    silent = cast("Services", Replaced(case.services, notifications=Silent(case.services.notifications)))
    if state == "void":
        case.services.registry.tag(case.model, "2", TAG_QUARANTINE, "i7")
        await act_on_review(silent, Starts(), request(decided))
    else:
        close_review(silent, FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem="it broke"))
    assert night.notifications() == []
    await night.sweep()
    ((kind, body),) = night.notifications()
    assert (kind, review.review_id in body) == ("page" if state == "failed" else "notice", True)
    await night.quiet()


class Silent:
    """A notification store that says of each that it was sent."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def begin(self, record: Any) -> Any:
        return record.model_copy(update={"state": "sent"})

    def done(self, record: Any) -> None:
        """Nothing is owed."""


# --- alias, alias history and endpoint


@pytest.mark.parametrize("gone", [False, True])
async def test_an_alias_that_is_not_the_alias_historys_pages_once(
    night: Night, champions: Case, mlflow_client: MlflowClient, gone: bool
) -> None:
    """Moved or deleted in MLflow: theirs stands, and a person is notified."""
    if gone:
        mlflow_client.delete_registered_model_alias(champions.model, CHAMPION)
    else:
        mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "1")
    assert ((await night.sweep()).found, (await night.sweep()).found) == (1, 1)
    ((kind, body),) = night.notifications()
    assert (kind, ("gone" if gone else "version 1") in body, "version 3" in body) == ("page", True, True)
    assert champions.champion == (None if gone else "1")


async def test_a_move_that_was_begun_long_ago_is_closed(night: Night, champions: Case) -> None:
    """Nobody's order is known: by the alias, so that the next change of champion does not wait."""
    failing = without_alias(champions.services, ServiceUnavailableError("MLflow", "503"))
    with pytest.raises(ServiceUnavailableError):
        move_champion(
            failing, model=champions.model, expected="3", version="1", run="r", decided_by="unknown", kind="promotion"
        )
    assert (await night.sweep()).found == 0
    night.passed = ABANDONED_AFTER + timedelta(minutes=1)
    assert (await night.sweep()).found == 1
    assert champions.services.champions.moves(champions.model)[-1].state == "void"
    await night.quiet()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_sweep_at_a_broken_move_that_is_killed_anywhere_loses_no_page(
    night: Night, champions: Case, after: bool
) -> None:
    """The page is on record before the move ends: afterwards nothing shows that it had broken off."""
    failing = without_alias(champions.services, ServiceUnavailableError("MLflow", "503"))
    finished, number = False, 0
    while not finished:
        number += 1
        key, before = f"unknown-{number}-{after}", len(night.notifications())
        with pytest.raises(ServiceUnavailableError):
            move_champion(
                failing, model=champions.model, expected="3", version="1", run="r", decided_by=key, kind="promotion"
            )
        night.passed += ABANDONED_AFTER + timedelta(minutes=1)
        with contextlib.suppress(KilledError):
            await night.sweep(Interrupted(night.services, last=number, after=after))
            finished = True
        await night.sweep()
        await deliver(night)
        moves = champions.services.champions.moves(champions.model)
        assert (moves[-1].decided_by, moves[-1].state) == (key, "void")
        assert key in "".join(body for _, body in night.notifications()[before:])


async def test_an_alias_that_was_removed_and_is_on_record_so_is_no_difference(
    night: Night, champions: Case, mlflow_client: MlflowClient
) -> None:
    """Who removed it was told when it was found; what the alias history and the alias both say pages nobody."""
    mlflow_client.delete_registered_model_alias(champions.model, CHAMPION)
    enter_outside_change(champions.services, champions.model)
    assert ((await night.sweep()).found, night.notifications()) == (0, [])


def _set_late(case: Case, run: str) -> str:
    """A writer was fenced off, set the alias to version 1 all the same, and its activity is never called again."""
    failing = without_alias(case.services, ServiceUnavailableError("MLflow", "503"))
    with pytest.raises(ServiceUnavailableError):
        move_champion(failing, model=case.model, expected="3", version="1", run=run, decided_by=run, kind="promotion")
    move = case.services.champions.moves(case.model)[-1]
    assert move.epoch
    case.services.champions.finalize(move, "void")
    case.services.registry.set_alias(case.model, CHAMPION, "1")
    return run


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_an_alias_that_a_fenced_writer_has_set_late_is_put_back_once(
    night: Night, champions: Case, after: bool
) -> None:
    """Whatever call the sweep is killed at, the alias ends as the alias history says and on-call is paged once."""
    finished, number = False, 0
    while not finished:
        number += 1
        run, before = _set_late(champions, f"late-{number}"), len(night.notifications())
        with contextlib.suppress(KilledError):
            await night.sweep(Interrupted(night.services, last=number, after=after))
            finished = True
        night.passed += timedelta(minutes=11)
        await night.sweep()
        await deliver(night)
        assert champions.champion == "3"
        bodies = {body for _, body in night.notifications()[before:]}
        assert len(bodies) == 1
        assert f"nightshift explain {run}" in bodies.pop()
    champions.services.registry.set_alias(champions.model, CHAMPION, "1")
    assert (await night.sweep()).found == 1
    assert (champions.champion, "changed outside" in night.notifications()[-1][1]) == ("1", True)


async def test_an_endpoint_that_has_not_followed_is_asked_and_told(night: Night, champions: Case) -> None:
    """A review's end was killed before the endpoint went back: what serves must be the champion."""
    champions.specify(serving_endpoint="revenue")
    serving = MemoryServing("1")
    champions.replace(serving=serving)
    assert ((await night.sweep()).found, serving.asked) == (0, [])
    night.passed = timedelta(minutes=20)
    assert ((await night.sweep()).found, serving.asked) == (1, ["3"])
    ((kind, body),) = night.notifications()
    assert (kind, "serves version 1" in body, "champion of" in body) == ("page", True, True)
    await night.quiet()
    serving.end_update()
    await night.quiet()


async def test_a_sweep_that_is_killed_after_asking_the_endpoint_has_paged(night: Night, champions: Case) -> None:
    """The endpoint follows then, and no later look has a reason to page."""
    champions.specify(serving_endpoint="revenue")
    serving = MemoryServing("1")
    champions.replace(serving=serving)
    night.passed = timedelta(minutes=20)
    number = 0
    while not serving.asked:
        number += 1
        with contextlib.suppress(KilledError):
            await night.sweep(Interrupted(night.services, last=number, after=True))
    await deliver(night)
    assert ["serves version 1" in body for _, body in night.notifications()] == [True]


async def test_an_endpoint_that_was_changed_by_hand_is_left_and_told(night: Night, champions: Case) -> None:
    """It had followed: somebody has a reason, and on-call must know it."""
    champions.specify(serving_endpoint="revenue")
    serving = MemoryServing("3")
    champions.replace(serving=serving)
    night.passed = timedelta(minutes=20)
    assert (await night.sweep()).found == 0
    serving.state = serving.state.model_copy(update={"version": "1"})
    await night.sweep()
    await night.sweep()
    assert (len(night.notifications()), serving.asked) == (1, [])


async def test_what_is_done_is_read_once(night: Night, champions: Case) -> None:
    """After a look the mark is at the end of the ledger, and the next look reads nothing of it."""
    incident = champions.alert("a1")
    roll_back(champions.services, champions.request(incident, "rollback"))
    complete_mitigation(
        champions.services,
        CompleteMitigationRequest(
            model=champions.model, incident_id=incident.incident_id, mitigation="rollback", state="done", detail="done"
        ),
    )
    assert await night.sweep() == Swept(found=0)
    mark = champions.services.sweeps.mark(champions.model)
    assert (mark.sequence, mark.open) == (len(champions.entries()), ())
    assert champions.services.ledger.since(champions.model, mark.sequence, 10) == ()
