"""Orchestrations have versions, and an engine leaves alone those that are newer than it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import azure.durable_functions as df
import pytest

from local_host.durable.instance import RuntimeStatus
from local_host.durable.settings import DurableSettings
from local_host.durable.versions import compare_versions, takes_version


def tell(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Waits for a word and says which version it is of."""
    yield context.wait_for_external_event("go")
    return context.version


def parent(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Starts a child without naming a version, and one with."""
    given = yield context.call_sub_orchestrator("child")
    named = yield context.call_sub_orchestrator("child", version="0.5")
    return [given, named]


def child(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Says its version."""
    yield context.create_timer(context.current_utc_datetime)
    return context.version


def again(context: df.DurableOrchestrationContext) -> Generator[Any, Any, Any]:
    """Continues as new until it is told that it is over."""
    yield context.wait_for_external_event("go")
    if context.get_input() is not None:
        return context.version
    context.continue_as_new("last")
    return None


_ORCHESTRATORS = {"tell": tell, "parent": parent, "child": child, "again": again}


@pytest.fixture
def engine(drive: Callable[..., Any]) -> Any:
    """An engine of version 2.0."""
    return drive(_ORCHESTRATORS, settings=DurableSettings(default_version="2.0"))


def start(engine: Any, name: str, version: str | None = None) -> None:
    """Starts an instance under the name of its orchestrator."""
    engine.do(lambda hub: hub.requests.start(name, None, name, version))
    engine.run()


def go(engine: Any, instance_id: str) -> None:
    """Raises the event that the instance waits for."""
    engine.raise_event(instance_id, "go")
    engine.run()


def deploy(engine: Any, version: str, **more: Any) -> None:
    """Comes back on the same database as an engine of another version."""
    engine.settings = DurableSettings(default_version=version, **more)
    engine.crash()
    engine.run()


def test_an_instance_has_the_default_version_for_all_its_life(engine: Any) -> None:
    """A release with a newer default takes it up, and it is still told the version that it began with."""
    start(engine, "tell")
    deploy(engine, "3.0")
    go(engine, "tell")
    assert engine.output("tell") == "2.0"


def test_a_named_version_goes_before_the_default(engine: Any) -> None:
    """The durable client's ``version``."""
    start(engine, "tell", "1.5")
    go(engine, "tell")
    assert engine.output("tell") == "1.5"


def test_a_sub_orchestration_has_the_default_unless_it_is_named_another(engine: Any) -> None:
    """It does not have its parent's."""
    start(engine, "parent", "1.0")
    assert engine.output("parent") == ["2.0", "0.5"]


def test_continuing_as_new_keeps_the_version(engine: Any) -> None:
    """DTFx gives the next generation the version of the one before, whatever the default is by now."""
    start(engine, "again")
    deploy(engine, "3.0")
    go(engine, "again")
    go(engine, "again")
    assert engine.output("again") == "2.0"


def test_a_newer_instance_waits_for_an_engine_that_is_new_enough(engine: Any) -> None:
    """After a rollback it is left as it is, what it is sent included, and goes on when the newer release is back."""
    start(engine, "tell")
    deploy(engine, "1.0")
    go(engine, "tell")
    assert engine.status("tell") is RuntimeStatus.RUNNING
    deploy(engine, "2.0")
    assert engine.output("tell") == "2.0"


def test_a_newer_instance_is_terminated_when_its_engine_is_back(engine: Any) -> None:
    """Who asks for it gets no error; the order lies with its other messages."""
    start(engine, "tell")
    deploy(engine, "1.0")
    engine.do(lambda hub: hub.requests.terminate("tell", "by hand"))
    engine.run()
    assert engine.status("tell") is RuntimeStatus.RUNNING
    deploy(engine, "2.0")
    assert (engine.status("tell"), engine.output("tell")) == (RuntimeStatus.TERMINATED, "by hand")


def test_a_newer_instance_fails_where_the_settings_say_so(engine: Any) -> None:
    """``versionFailureStrategy`` is ``Fail``."""
    start(engine, "tell")
    deploy(engine, "1.0", version_failure_strategy="Fail")
    go(engine, "tell")
    assert engine.status("tell") is RuntimeStatus.FAILED
    assert "VersionMismatch" in engine.output("tell")


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        (None, None, 0),
        ("", None, 0),
        (None, "1.0", -1),
        ("1.0", "", 1),
        ("2.0", "10.0", -1),
        ("1.2.3", "1.2", 1),
        # .NET reads no version in a single number, so these are texts.
        ("10", "9", -1),
        ("Beta", "alpha", 1),
        ("V1", "v1", 0),
    ],
)
def test_versions_compare_as_in_dtfx(one: str | None, other: str | None, order: int) -> None:
    """The rules of VersioningSettings.CompareVersions."""
    assert compare_versions(one, other) == order


@pytest.mark.parametrize(
    ("strategy", "taken"),
    [("None", ["1.0", "2.0", "3.0", None]), ("Strict", ["2.0"]), ("CurrentOrOlder", ["1.0", "2.0", None])],
)
def test_strategies(strategy: Any, taken: list[str | None]) -> None:
    """Which versions an engine of version 2.0 takes."""
    settings = DurableSettings(default_version="2.0", version_match_strategy=strategy)
    assert [version for version in ("1.0", "2.0", "3.0", None) if takes_version(settings, version)] == taken
