"""Run the package under Microsoft's own worker, and compare its answers with the local host's: ``make worker-check``.

1. Build the package of the commit and unpack it; make an environment that holds `azure-functions-runtime`, which
   Azure's worker for Python 3.13 is made of, and nothing of ours.
2. Start real services: for each side a storage and a broker of its own, one MLflow, one workspace.
3. Every function indexes and loads, as many as the checkout has, with the same bindings.
4. No request of a function reaches another one under the host's order of routes.
5. Each kind of trigger is called on both sides, and the answers are the same; so are the orchestrations started.
6. Each orchestrator is played to its end over histories as the .NET extension writes them, long timers included: it
   begins what it must, in time, and in each turn the local host answers the same.

It exits 1 if anything differs, and names function and difference.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from azure.storage.blob import BlobServiceClient

from local_host.durable.replay import failed_outcome, read_outcome
from local_host.functions.host_json import read_host_json
from local_host.watchdog import children_ended
from nightshift.domain.platform.errors import NightshiftError
from tests.worker.calls import UPLOAD, UPLOADED, Call, calls
from tests.worker.compare import differences, plain, plain_answer
from tests.worker.deployed import deploy
from tests.worker.extension import Played, Scenario, StuckError, play
from tests.worker.extension_history import ExtensionHistory, Record
from tests.worker.moment import START
from tests.worker.orchestrations import Orchestration, orchestrations
from tests.worker.report import Report
from tests.worker.routes import misrouted, routes_in_order
from tests.worker.services import DurableApi, environments, storage_of
from tests.worker.side import ROOT, Side, SideError

KINDS = {"HTTP", "Service Bus", "dead letter", "Event Grid", "timer", "activity"}


def main() -> None:
    """Check the commit."""
    report = Report()
    try:
        with children_ended(), tempfile.TemporaryDirectory(prefix="worker-check-") as folder:
            _check(Path(folder), report)
    except (NightshiftError, SideError) as error:
        sys.exit(f"worker-check: {error}")
    report.end()


def _check(folder: Path, report: Report) -> None:
    report.part("the package, unpacked, and an environment of the worker")
    deployed = deploy(ROOT, folder)
    report.part("storage, broker, MLflow and workspace")
    with ExitStack() as stack:
        theirs, ours = stack.enter_context(environments(ROOT, folder / "state", os.environ))
        worker = stack.enter_context(Side.worker(deployed.python, deployed.folder, theirs, folder / "worker.log"))
        local = stack.enter_context(Side.local(ours, folder / "local.log"))
        report.part("functions and routes")
        worker.load()
        local.load()
        _functions(worker, local, report)
        _routes(worker, report)
        report.part("calls")
        _calls(folder, worker, local, (theirs, ours), report)
        report.part("orchestrations")
        for case in orchestrations():
            report.hold(f"orchestrator {case.name}: {case.situation}", list(_orchestration(case, worker, local)))


def _functions(worker: Side, local: Side, report: Report) -> None:
    missing = sorted(local.functions.keys() - worker.functions.keys())
    report.hold(
        f"{len(worker.functions)} functions of {len(local.functions)} index and load",
        [f"{name} is missing in the package" for name in missing],
    )
    for name, function in local.functions.items():
        if name in worker.functions:
            faults = list(differences(list(function.bindings), list(worker.functions[name].bindings), "bindings"))
            if faults:
                report.hold(f"bindings of {name}", faults)
    report.hold("what runs comes from the package", [f"{name} comes from elsewhere" for name in worker.foreign_modules])


def _routes(worker: Side, report: Report) -> None:
    prefix = read_host_json(ROOT).route_prefix
    routes = routes_in_order(worker.functions.values(), prefix)
    report.hold(f"{len(routes)} routes under the host's order", misrouted(routes))


def _calls(
    folder: Path, worker: Side, local: Side, environment: tuple[dict[str, str], dict[str, str]], report: Report
) -> None:
    orchestrators = tuple(
        name for name, item in local.functions.items() if item.trigger["type"] == "orchestrationTrigger"
    )
    with (
        DurableApi(ROOT, folder / "durable" / "worker", orchestrators) as theirs,
        DurableApi(ROOT, folder / "durable" / "local", orchestrators) as ours,
    ):
        for side, api, settings in ((worker, theirs, environment[0]), (local, ours, environment[1])):
            side.clients = api.binding
            _upload(storage_of(settings))
        made = list(calls())
        report.hold("each kind of trigger is called", sorted(KINDS - {call.kind for call in made}))
        for call in (_routed(call, worker) for call in made):
            report.hold(f"{call.kind} {call.function} {call.label}".strip(), list(_call(call, worker, local)))
        started = plain(theirs.started())
        faults = list(differences(plain(ours.started()), started, "started"))
        report.hold(f"the same {len(started)} orchestrations are started", faults or ([] if started else ["none is"]))


def _upload(connection: str) -> None:
    """The blob that the events speak of."""
    with BlobServiceClient.from_connection_string(connection) as storage:
        storage.get_blob_client("bronze", UPLOAD).upload_blob(UPLOADED)


def _routed(call: Call, worker: Side) -> Call:
    """A request goes where the host's order sends it."""
    if call.kind != "HTTP":
        return call
    request = call.data[1]
    path = str(request["url"]).partition("://")[2].partition("/")[2]
    routes = routes_in_order(worker.functions.values(), read_host_json(ROOT).route_prefix)
    takers = [route.function for route in routes if route.takes(request["method"], path)]
    return replace(call, function=takers[0] if takers else "")


def _call(call: Call, worker: Side, local: Side) -> Iterator[str]:
    if call.function not in worker.functions:
        yield "there is no such function"
        return
    answers = [side.call(call.function, call.data, call.metadata) for side in (local, worker)]
    expected, actual = (_without(plain_answer(answer), call.ignore) for answer in answers)
    found = _outcome(answers[1])
    if not found.startswith(call.expected):
        yield f"expected {call.expected}, the worker gives {found}"
    yield from differences(expected, actual)


def _outcome(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return str(answer["error"])
    value = answer["value"]
    return str(value[1]["status"]) if value is not None and value[0] == "http" else "done"


def _without(value: Any, fields: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, fields) for key, item in value.items() if key not in fields}
    return [_without(item, fields) for item in value] if isinstance(value, list) else value


def _orchestration(case: Orchestration, worker: Side, local: Side) -> Iterator[str]:
    if case.name not in worker.functions:
        yield "there is no such function"
        return
    order = json.dumps(case.order.to_json())
    version = str(read_host_json(ROOT).document["extensions"]["durableTask"].get("defaultVersion", ""))
    history = ExtensionHistory(case.name, f"{case.name}-1", order, START, parent=case.parent, version=version)
    try:
        played = play(history, Scenario(case.answers, case.events), partial(_answer, worker, case.name))
    except StuckError as error:
        yield str(error)
        return
    yield from _begun(case, played)
    for number, (document, answer) in enumerate(played.turns, 1):
        faults = list(differences(_answer(local, case.name, document), dict(answer), f"turn {number}"))
        if faults:
            # What comes after a turn that differs says nothing more.
            yield from faults
            return


def _begun(case: Orchestration, played: Played) -> Iterator[str]:
    if played.last["error"] is not None:
        yield f"failed: {played.last['error']}"
    names = [step.name for step in played.steps]
    if names != list(case.begun):
        yield f"expected to begin {', '.join(case.begun)}; began {', '.join(names)}"
    elif played.steps:
        last_event = max((after for after, _, _ in case.events), default=None)
        due = START + case.within + (last_event or case.within * 0)
        if played.steps[-1].at > due:
            late = played.steps[-1].at - due
            yield f"{played.steps[-1].name} is begun {late} later than {case.within} after what it waited for"


def _answer(side: Side, function: str, document: Record) -> dict[str, Any]:
    """An orchestrator's answer on a side: the fields that decide what happens."""
    answer = side.call(function, ["string", json.dumps(document)], {})
    failed = "error" in answer
    outcome = failed_outcome(RuntimeError(answer["error"])) if failed else read_outcome(answer["value"][1])
    return {
        "isDone": outcome.is_done,
        "actions": [list(outcome.actions)],
        "output": None if outcome.output is None else json.loads(outcome.output),
        "customStatus": None if outcome.custom_status is None else json.loads(outcome.custom_status),
        "error": outcome.error,
    }


if __name__ == "__main__":
    main()
