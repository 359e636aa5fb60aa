"""Instances that another release has left in flight go on: recorded histories are replayed by the code of today.

``make histories`` records them (tests/histories). A failure here says that an orchestrator does not repeat what it did:
in an environment, each instance in flight would fail at the deployment. CONTRIBUTING.md says what to do.
"""

import json
import re
import tomllib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest
from azure.durable_functions.models.history import HistoryEventType

from activities.registration import declared
from local_host.durable.errors import NonDeterminismError
from local_host.durable.functions import DurableFunctions
from local_host.durable.history import Record
from nightshift.domain.platform.names import UNDO
from orchestrators.platform.versions import version_of
from orchestrators.registration import ORCHESTRATORS
from tests.histories.cases import CASES
from tests.histories.record import main
from tests.histories.recording import ROOT, Case, record
from tests.histories.replaying import FOLDER, History, functions, histories, replay

HISTORIES = histories()
CURRENT = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]["defaultVersion"]
# JSON objects whose keys are data and not fields.
_MAPPINGS = {"data", "facts", "feature_groups", "fields", "job_reports", "parameters"}
_PAYLOADS = {
    HistoryEventType.EXECUTION_STARTED: "Input",
    HistoryEventType.TASK_COMPLETED: "Result",
    HistoryEventType.SUB_ORCHESTRATION_INSTANCE_COMPLETED: "Result",
    HistoryEventType.EVENT_RAISED: "Input",
}


@pytest.fixture(scope="module")
def app() -> DurableFunctions:
    """The orchestrators of today."""
    return functions()


def _name(history: History) -> str:
    return str(history.file.relative_to(FOLDER).with_suffix(""))


@pytest.mark.parametrize("history", HISTORIES, ids=_name)
def test_an_instance_in_flight_goes_on_as_it_began(history: History, app: DurableFunctions) -> None:
    """At the end of each of its turns: kind and name of each task as recorded, nothing more, and the same end."""
    replay(history, app)


@pytest.mark.parametrize("history", HISTORIES, ids=_name)
def test_what_a_newer_release_has_added_does_not_stop_it(history: History, app: DurableFunctions) -> None:
    """After a rollback inputs, results and events hold fields that nobody knows, at any depth."""
    replay(History(**{**vars(history), "records": [_newer(found) for found in history.records]}), app)


def _newer(found: Record) -> Record:
    field = _PAYLOADS.get(found["EventType"])
    if field is None or found.get(field) is None:
        return found
    return {**found, field: json.dumps(_extended(json.loads(found[field])))}


def _extended(value: Any, within: str = "") -> Any:
    """A JSON value with a field more in each of its objects; JSON text within JSON text included."""
    if isinstance(value, dict):
        inner = {name: _extended(item, name) for name, item in value.items()}
        return inner if within in _MAPPINGS else {"of_a_newer_release": {"a": [1]}, **inner}
    if isinstance(value, list):
        return [_extended(item) for item in value]
    if isinstance(value, str) and value[:1] == "{":
        return json.dumps(_extended(json.loads(value)))
    return value


def test_an_activity_takes_the_orders_that_another_release_has_left() -> None:
    """An order may lie in the queue while the package is replaced; one with a field more may come from a newer one."""
    messages = {name: activity.request for name, activity in declared().items()}
    for history in HISTORIES:
        for found in history.records:
            if found["EventType"] == HistoryEventType.TASK_SCHEDULED:
                order = json.loads(json.loads(found["Input"])[0])
                kind = messages[found["Name"]]
                assert kind.from_json(_extended(order)) == kind.from_json(order), f"{_name(history)}: {found['Name']}"


def test_every_orchestrator_and_activity_is_in_a_history_of_this_version() -> None:
    """A new one, and a new version, is recorded before it is released; each orchestrator to its end."""
    current = [history for history in HISTORIES if history.version == CURRENT]
    ended = {history.orchestrator for history in current if history.ended == "Completed"}
    scheduled = {
        found["Name"]
        for history in current
        for found in history.records
        if found["EventType"] == HistoryEventType.TASK_SCHEDULED
    }
    assert ended == set(ORCHESTRATORS)
    assert scheduled == set(declared())


def test_every_version_that_the_release_claims_to_go_on_with_is_recorded() -> None:
    """``make deploy`` trusts replayed_versions.json; a version is dropped there together with its histories."""
    oldest = json.loads((ROOT / "orchestrators/replayed_versions.json").read_text(encoding="utf-8"))["oldest"]
    recorded = {int(str(history.version).partition(".")[0]) for history in HISTORIES}
    assert recorded == set(range(oldest, int(CURRENT.partition(".")[0]) + 1))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.orchestrator}-{case.name}")
def test_recording_twice_gives_the_same(case: Case) -> None:
    """Each course comes to its end, and nothing random is in a file: two recordings differ only if the code does."""
    assert record(case) == record(case)


def test_the_version_is_one_that_durable_compares_by_number() -> None:
    """ "10.0" must be newer than "9.0"; and a release that is older than an instance leaves it alone."""
    durable = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["durableTask"]
    assert re.fullmatch(r"[1-9]\d*\.0", durable["defaultVersion"])
    assert (durable["versionMatchStrategy"], durable["versionFailureStrategy"]) == ("CurrentOrOlder", "Reject")
    # The first extension bundle that knows of versions is 4.26.0.
    document = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
    assert document["extensionBundle"]["version"] == "[4.26.0, 5.0.0)"


def _reordered(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """An undo that tells somebody first."""
    yield context.call_activity("tell_on_call", {})
    return (yield context.call_activity("undo_mitigations", {}))


def _shortened(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """An undo that does nothing."""
    yield context.wait_for_external_event("never")


def _lengthened(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """An undo that tells somebody at the end."""
    yield from ORCHESTRATORS[UNDO](context)
    yield context.call_activity("tell_on_call", {})


def _versioned(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """An undo that tells somebody first since version 2."""
    if version_of(context) >= 2:
        yield context.call_activity("tell_on_call", {})
    return (yield from ORCHESTRATORS[UNDO](context))


def _undone() -> History:
    return next(history for history in HISTORIES if history.orchestrator == UNDO and history.ended == "Completed")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            _reordered,
            "task 0, activity 'undo_mitigations', .* activity 'tell_on_call'",
        ),
        (_shortened, "task 0, activity 'undo_mitigations', .* nothing there"),
        (_lengthened, "more than was recorded: tell_on_call"),
    ],
)
def test_a_changed_order_without_a_version_is_found(changed: Any, message: str) -> None:
    """The check can fail."""
    with pytest.raises(NonDeterminismError, match=message):
        replay(_undone(), functions({**ORCHESTRATORS, UNDO: changed}))


def test_a_changed_order_with_a_version_leaves_the_older_instances_alone() -> None:
    """What docs/adr/0018 asks for: the order of before stays for those that began with it."""
    history = _undone()
    app = functions({**ORCHESTRATORS, UNDO: _versioned})
    replay(history, app)
    started = history.records[1]
    newer = [history.records[0], {**started, "Version": "2.0"}, *history.records[2:]]
    with pytest.raises(NonDeterminismError):
        replay(History(**{**vars(history), "version": "2.0", "records": newer}), app)


def test_histories_of_another_version_are_not_recorded_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who raises the version raises the release, or what stands for the instances in flight would be lost."""
    release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    kept = tmp_path / release / "undo" / "taken-back.json"
    kept.parent.mkdir(parents=True)
    document = {"orchestrator": UNDO, "instanceId": "undo-m-1", "version": "9.0", "history": []}
    kept.write_text(json.dumps(document), encoding="utf-8")
    monkeypatch.setattr("tests.histories.record.FOLDER", tmp_path)
    with pytest.raises(SystemExit, match=r"holds histories of version 9\.0 .* Raise the release in pyproject.toml"):
        main()
    assert [file.name for file in tmp_path.rglob("*.json")] == ["taken-back.json"]


def test_what_is_recorded_stays_and_what_is_missing_is_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new case is no reason to lose what stands for instances that began with the code of before."""
    release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    kept = tmp_path / release / "undo" / "taken-back.json"
    kept.parent.mkdir(parents=True)
    text = json.dumps({"orchestrator": UNDO, "instanceId": "undo-m-1", "version": CURRENT, "history": []})
    kept.write_text(text, encoding="utf-8")
    monkeypatch.setattr("tests.histories.record.FOLDER", tmp_path)
    monkeypatch.setattr("tests.histories.record.CASES", [case for case in CASES if case.orchestrator == UNDO])
    main()
    recorded = {file.stem: file.read_text(encoding="utf-8") for file in tmp_path.rglob("*.json")}
    assert recorded.pop("taken-back") == text
    assert set(recorded) == {case.name for case in CASES if case.orchestrator == UNDO} - {"taken-back"}
