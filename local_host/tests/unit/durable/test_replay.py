"""The official executor over ready-made events, against the official handle over the document."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any, TypeAlias

import azure.durable_functions as df
import pytest

from local_host.durable.history import ParsedEvent
from local_host.durable.replay import Outcome, Replayer, failed_outcome, invocation_fields, read_outcome

Context: TypeAlias = df.DurableOrchestrationContext
Steps: TypeAlias = Generator[Any, Any, Any]
Drive: TypeAlias = Callable[..., Any]


def identities(context: Context) -> Steps:
    """Everything that the SDK derives from time and position."""
    seen = [context.is_replaying, str(context.current_utc_datetime), context.new_uuid(), str(context.new_guid())]
    yield context.call_activity("echo", seen)
    yield context.create_timer(context.current_utc_datetime + timedelta(days=30))
    context.set_custom_status("timer fired")
    seen += [context.is_replaying, str(context.current_utc_datetime), context.new_uuid(), context.version]
    if context.get_input() == "raise":
        raise ValueError("as asked")
    return [*seen, context.instance_id, context.parent_instance_id]


@pytest.mark.parametrize("value", ["return", "raise"])
def test_every_turn_agrees_with_the_document_protocol(drive: Drive, value: str) -> None:
    """Same actions, output, status and error in each turn, replayed or live."""
    driven = drive({"identities": identities}, {"echo": lambda value: value})
    instance_id = driven.start("identities", value)
    driven.run()
    driven.advance(days=30)
    instance, episodes = driven.instance(instance_id), driven.hub.store.episodes(instance_id)
    handle = df.Orchestrator.create(identities)
    for count in range(1, len(episodes) + 1):
        # As the protocol has it: what was played before is marked, what is new in this turn is not.
        records = [{**record, "IsPlayed": index < count - 1} for index in range(count) for record in episodes[index]]
        document = {**invocation_fields(instance), "history": records}
        try:
            official = read_outcome(handle(json.dumps(document)))
        except Exception as error:  # noqa: BLE001  # the executor raises the bare class
            official = failed_outcome(error)
        events = [ParsedEvent(record, played=record["IsPlayed"]) for record in records]
        assert Replayer().run(handle, invocation_fields(instance), events) == official
    assert official.error == ("as asked" if value == "raise" else None)


def test_replay_flag_is_false_only_in_new_code(drive: Drive) -> None:
    """Code that logs unless replaying logs each line once."""
    lines = []

    def logs(context: Context) -> Steps:
        for step in range(4):
            if not context.is_replaying:
                lines.append(step)
            yield context.call_activity("echo", step)

    driven = drive({"logs": logs}, {"echo": lambda value: value})
    driven.start("logs")
    driven.run()
    assert lines == [0, 1, 2, 3]


def test_replay_flag_after_a_restart(drive: Drive) -> None:
    """A history read from storage is replayed as replay."""
    lines = []

    def logs(context: Context) -> Steps:
        for step in range(3):
            if not context.is_replaying:
                lines.append(step)
            yield context.call_activity("echo", step)

    driven = drive({"logs": logs}, {"echo": lambda value: value})
    driven.start("logs")
    driven.turns()
    driven.crash()
    driven.run_activity(driven.waiting[0])
    driven.crash()
    driven.run()
    assert lines == [0, 1, 2]


def test_error_without_a_state_is_the_whole_message() -> None:
    """What was raised outside the executor has no state label."""
    assert failed_outcome(ValueError("plain")) == Outcome(False, (), error="plain")
    assert failed_outcome(ValueError()) == Outcome(False, (), error="ValueError")


def test_replaced_handle_is_used(drive: Drive) -> None:
    """A name given to another function runs that function."""
    driven = drive({"subject": lambda _: 1})
    instance_id = driven.start("subject")
    driven.turns()
    instance, replayer = driven.instance(instance_id), Replayer()
    one, other = df.Orchestrator.create(lambda _: 1), df.Orchestrator.create(lambda _: 2)
    outputs = [
        replayer.run(handle, invocation_fields(instance), instance.events).output for handle in (one, other, one)
    ]
    assert outputs == ["1", "2", "1"]
