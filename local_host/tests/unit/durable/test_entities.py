"""Entities: state, order, calls and signals."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.entities import entity_id, entity_input
from local_host.durable.errors import FunctionNotFoundError
from local_host.durable.work import EntityRequest

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def journal(context: df.DurableEntityContext) -> None:
    """Keeps a list of what was added, in order."""
    entries = context.get_state(list)
    match context.operation_name:
        case "add":
            context.set_state([*entries, context.get_input()])
        case "fail":
            raise ValueError("refused")
        case "drop":
            context.destruct_on_exit()
            return
    context.set_result(context.get_state(list))


def signal(operation: str, body: str | None) -> EntityRequest:
    return EntityRequest(entity_id("Journal", "k"), f"request-{operation}", operation, entity_input(body))


def state(driven: Any) -> Any:
    row = driven.hub.store.connection.execute("SELECT state FROM entities").fetchone()
    return None if row is None else row[0]


def test_signals_of_one_orchestration_are_in_order(drive: Drive) -> None:
    """Operations are applied in the order in which they were sent; the call sees them all."""

    def writes(context: Context) -> Steps:
        entity = df.EntityId("Journal", "k")
        for item in range(5):
            context.signal_entity(entity, "add", item)
        return (yield context.call_entity(entity, "add", "last"))

    driven = drive({"writes": writes}, entities={"Journal": journal})
    instance_id = driven.start("writes")
    driven.run()
    assert driven.output(instance_id) == [0, 1, 2, 3, 4, "last"]


def test_failed_call_raises_in_the_orchestrator_and_keeps_the_state(drive: Drive) -> None:
    """The entity's error text is the exception's; earlier state stays."""

    def calls(context: Context) -> Steps:
        entity = df.EntityId("journal", "k")
        yield context.call_entity(entity, "add", 1)
        try:
            yield context.call_entity(entity, "fail")
        except Exception as error:  # noqa: BLE001  # the SDK raises the bare class
            reason = str(error)
        return [reason, (yield context.call_entity(entity, "get"))]

    driven = drive({"calls": calls}, entities={"Journal": journal})
    instance_id = driven.start("calls")
    driven.run()
    assert driven.output(instance_id) == ["refused", [1]]


@pytest.mark.parametrize(
    ("body", "added"), [(None, None), ("5", 5), ('"5"', 5), ('{"a": 1}', {"a": 1}), ('"\\"x\\""', "x")]
)
def test_client_signals_carry_json_or_json_in_a_string(drive: Drive, body: str | None, added: Any) -> None:
    """As the SDK sends them, and as plain HTTP callers do."""
    driven = drive({}, entities={"Journal": journal})
    driven.do(lambda hub: hub.entities.signal(signal("add", body)))
    assert state(driven) == json.dumps([added])


def test_destructed_entity_is_gone(drive: Drive) -> None:
    """Its state is deleted; a later operation begins anew."""
    driven = drive({}, entities={"Journal": journal})
    driven.do(lambda hub: hub.entities.signal(signal("add", "1")))
    driven.do(lambda hub: hub.entities.signal(signal("drop", None)))
    assert state(driven) is None
    driven.do(lambda hub: hub.entities.signal(signal("add", "2")))
    assert state(driven) == "[2]"


def test_signal_to_an_unknown_entity_is_refused(drive: Drive) -> None:
    """The error lists the entities that exist."""
    driven = drive({}, entities={"Journal": journal})
    with pytest.raises(FunctionNotFoundError, match="known entity functions: 'Journal'"):
        driven.do(lambda hub: hub.entities.signal(EntityRequest("@absent@k", "r", "add", "null")))


def test_operations_queued_at_a_crash_run_after_it(drive: Drive) -> None:
    """A batch that was handed out but not answered is handed out again, with its operations in order."""
    driven = drive({}, entities={"Journal": journal})
    driven.hub.begin()
    driven.hub.entities.signal(signal("add", "1"))
    driven.hub.entities.signal(signal("add", "2"))
    _, (batch,), _ = driven.hub.commit()
    assert len(batch.requests) == 2
    driven.crash()
    driven.do(lambda hub: None)
    assert state(driven) == "[1, 2]"


def test_one_batch_of_an_entity_at_a_time(drive: Drive) -> None:
    """What arrives while a batch runs waits for the next."""
    driven = drive({}, entities={"Journal": journal})
    driven.hub.begin()
    driven.hub.entities.signal(signal("add", "1"))
    _, (first,), _ = driven.hub.commit()
    driven.hub.begin()
    driven.hub.entities.signal(signal("add", "2"))
    assert driven.hub.commit()[1] == []
    driven.hub.begin()
    driven.hub.entities.complete(first, df.Entity.create(journal)(first.document))
    _, (second,), _ = driven.hub.commit()
    assert [request.operation for _, request in second.requests] == ["add"]
    assert '"state": "[1]"' in second.document


def test_batch_that_cannot_run_answers_its_calls_with_the_reason(
    drive: Drive, caplog: pytest.LogCaptureFixture
) -> None:
    """An entity function that breaks outside its operations fails the calls, and the log says so."""

    def calls(context: Context) -> Steps:
        yield context.call_entity(df.EntityId("journal", "k"), "add", 1)

    driven = drive({"calls": calls}, entities={"Journal": journal})
    instance_id = driven.start("calls")
    driven.hub.begin()
    driven.take_turns()
    _, (batch,), _ = driven.hub.commit()
    driven.do(lambda hub: hub.entities.fail(batch, "TypeError: not JSON"))
    driven.run()
    assert driven.output(instance_id) == "Orchestrator function 'calls' failed: TypeError: not JSON"
    assert "entity_batch_failed entity_id=@journal@k operations=1" in caplog.text
