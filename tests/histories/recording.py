"""Records the histories of orchestrations: the real orchestrators on the real engine, in virtual time."""

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from local_host.durable.history import Record
from local_host.durable.instance import Instance
from local_host.durable.settings import DurableSettings
from local_host.durable.work import Turn
from local_host.testing.hand_driven import HandDriven
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.step import Failure
from orchestrators.registration import ORCHESTRATORS

ROOT = Path(__file__).resolve().parents[2]
# Far more turns than any case takes: one that does not come to an end must not record for ever.
_PARENT = "f" * 32
_OTHER_EXECUTION = re.compile(r'"ExecutionId": "(?!0{24})[0-9a-f]{32}"')
_MOST_STEPS = 2_000


@dataclass(frozen=True)
class Raise:
    """An external event, raised when everything waits."""

    event: str
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Pass:
    """Time that passes before the next move."""

    span: timedelta


@dataclass(frozen=True)
class Case:
    """One course of an orchestration.

    Attributes:
        answers: of each activity, used up from the front, the last one again and again; an exception is raised.
        moves: what people and time do while it waits; after them time goes on until it has ended.
    """

    orchestrator: str
    name: str
    order: Message
    answers: Mapping[str, Sequence[Message | Exception]]
    moves: tuple[Raise | Pass, ...] = ()


@dataclass(frozen=True)
class Recorded:
    """One generation of one instance; ``records`` are its events in the shape of the .NET extension.

    The engine's own field ``Retry`` stands beside them; the SDK reads past it.
    """

    orchestrator: str
    case: str
    instance_id: str
    version: str | None
    records: list[Record]


def record(case: Case) -> list[Recorded]:
    """Run a case to its end, and return what it and its sub-orchestrations have left, generation by generation."""
    left = {name: list(answers) for name, answers in case.answers.items()}

    def body(name: str) -> Callable[[Any], Any]:
        def answer(_: Any) -> Any:
            found = left[name].pop(0) if len(left[name]) > 1 else left[name][0]
            if isinstance(found, Exception):
                raise found
            return {"failure": found.to_json()} if isinstance(found, Failure) else found.to_json()

        return answer

    with tempfile.TemporaryDirectory() as folder:
        settings = DurableSettings.from_host_json(json.loads((ROOT / "host.json").read_text(encoding="utf-8")))
        engine = HandDriven(Path(folder) / "db", ORCHESTRATORS, {name: body(name) for name in left}, settings=settings)
        instance = f"{case.orchestrator}-m-{case.name}"
        with _listening(engine, case.name) as found:
            engine.start(case.orchestrator, case.order.to_json(), instance)
            engine.run()
            for move in case.moves:
                if isinstance(move, Raise):
                    engine.raise_event(instance, move.event, json.dumps(dict(move.value)))
                    engine.run()
                else:
                    engine.advance(seconds=move.span.total_seconds())
            _run_out(engine, instance)
        engine.close()
    return found


def _run_out(engine: HandDriven, instance: str) -> None:
    for _ in range(_MOST_STEPS):
        due = engine.hub.next_timer()
        if engine.status(instance).is_final or due is None:
            return
        engine.advance(seconds=max(0.0, (due - engine.now).total_seconds()))
    raise RuntimeError(f"{instance} has not ended after {_MOST_STEPS} steps")


@contextmanager
def _listening(engine: HandDriven, case: str) -> Iterator[list[Recorded]]:
    """Hear every turn before it is stored: continuing as new deletes the history of the generation before."""
    found: dict[str, Recorded] = {}
    apply = engine.hub.turns._apply

    def hear(instance: Instance, turn: Turn, now: Any) -> None:
        number = f"{len(found):032x}"
        known = found.setdefault(
            instance.execution_id, Recorded(instance.name, case, instance.instance_id, instance.version, [])
        )
        known.records.extend(_renamed(turn.records, instance.execution_id, number))
        apply(instance, turn, now)

    engine.hub.turns._apply = hear  # type: ignore[method-assign]
    heard: list[Recorded] = []
    yield heard
    heard.extend(found.values())


def _renamed(records: list[Record], execution: str, number: str) -> list[Record]:
    """The records without random execution ids, so that recording twice gives the same files: a number stands for the
    instance's own, and its parent's has one digit only.
    """
    text = json.dumps(records).replace(execution, number)
    renamed: list[Record] = json.loads(_OTHER_EXECUTION.sub(f'"ExecutionId": "{_PARENT}"', text))
    return renamed
