"""A deployment says what is in flight, waits for what would break, and is held back by it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from nightshift.delivery.archive import write_zip
from nightshift.delivery.environment import Environment
from nightshift.delivery.in_flight import (
    InFlightBrokenError,
    InFlightUnknownError,
    Replayed,
    RunsInFlight,
    refuse_breaking,
    report,
)
from nightshift.domain.platform.errors import BadInputError
from nightshift.domain.platform.view import InFlight
from tests.support.refusals import figures
from tests.unit.delivery.environments import OUTPUT

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ENVIRONMENT = Environment.parse("dev", json.dumps(OUTPUT), "here")
# Goes on with version 2, starts version 3.
RELEASE = Replayed(oldest=2, newest=3)


def group(orchestrator: str, version: int | None, count: int = 1, hours: float = 1) -> InFlight:
    """Some that have not ended."""
    return InFlight(
        orchestrator=orchestrator,
        version=version,
        count=count,
        oldest=NOW - timedelta(hours=hours),
        steps={"await_decision": count},
    )


def package(folder: Path, **files: Any) -> Path:
    """A package with these JSON files."""
    path = folder / "nightshift.zip"
    write_zip(path, {name: json.dumps(content).encode() for name, content in files.items()})
    return path


@dataclass
class App:
    """An app that answers with what is in flight, one answer after the other; the last one again and again."""

    answers: list[list[InFlight] | int]
    now: datetime = NOW
    said: list[str] = field(default_factory=list)

    def runs(self, monkeypatch: pytest.MonkeyPatch) -> RunsInFlight:
        """What a delivery asks; a pause lets the time pass."""
        monkeypatch.setattr("nightshift.delivery.sign_in.SignIn.token", lambda _: "t")
        return RunsInFlight(
            ENVIRONMENT,
            httpx.MockTransport(self._answer),
            pause=self._pause,
            clock=lambda: self.now,
            say=self.said.append,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url == f"{ENVIRONMENT.app_url}/api/orchestrations"
        assert request.headers["Authorization"] == "Bearer t"
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, int):
            return httpx.Response(found)
        return httpx.Response(200, json={"items": [item.to_json() for item in found], "next": None})

    def _pause(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_a_package_says_which_versions_it_goes_on_with(tmp_path: Path) -> None:
    """The newest is the one that it starts."""
    host = {"extensions": {"durableTask": {"defaultVersion": "12.0"}}}
    found = package(tmp_path, **{"host.json": host, "orchestrators/replayed_versions.json": {"oldest": 3}})
    assert Replayed.of_package(found) == Replayed(oldest=3, newest=12)


def test_a_package_from_before_versions_goes_on_with_what_has_none(tmp_path: Path) -> None:
    """A rollback may put it back."""
    assert Replayed.of_package(package(tmp_path, **{"host.json": {"version": "2.0"}})) == Replayed(0, 0)


def test_a_package_that_says_nonsense_is_refused(tmp_path: Path) -> None:
    """With the file's name."""
    host = {"extensions": {"durableTask": {"defaultVersion": "new"}}}
    with pytest.raises(BadInputError, match="host.json"):
        Replayed.of_package(package(tmp_path, **{"host.json": host}))


def test_the_report_says_what_becomes_of_each() -> None:
    """Kind, version, how many, since when, and what the release does with them."""
    found = (
        group("lifecycle", 3, 2, hours=0.5),
        group("response", None),
        group("review", 1, hours=240),
        group("undo", 4, hours=5),
    )
    head, *lines = report(found, RELEASE, NOW)
    assert head.split() == ["orchestration", "version", "count", "oldest", "under", "this", "release"]
    assert [line.split()[:3] for line in lines] == [
        ["lifecycle", "3", "2"],
        ["response", "-", "1"],
        ["review", "1", "1"],
        ["undo", "4", "1"],
    ]
    assert [" ".join(line.split()[3:]) for line in lines] == [
        "30 min go on",
        "60 min go on",
        "10 days would break: the release goes on with version 2 and later",
        "5 h wait until a release of version 4 is back; nothing of them is lost",
    ]
    assert report((), RELEASE, NOW) == ["nothing is in flight"]


@pytest.mark.parametrize("version", [None, 2, 3, 4])
def test_what_does_not_break_holds_nothing_back(version: int | None) -> None:
    """Older than the release but replayed by it, of its own version, newer, or not begun."""
    refuse_breaking([group("review", version)], RELEASE)


def test_what_would_break_holds_a_deployment_back() -> None:
    """The message names it and both ways on."""
    with pytest.raises(InFlightBrokenError, match=r"^3 review of version 1 .*--drain.*--break-in-flight"):
        refuse_breaking([group("review", 1, 3), group("undo", 3)], RELEASE)


@pytest.mark.parametrize("status", [302, 403, 404, 503])
def test_an_app_that_does_not_say_it_is_deployable(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first deployment, and one that mends an app; what is not known is said."""
    app = App([status])
    assert app.runs(monkeypatch).report_in_flight(RELEASE) is None
    (line,) = app.said
    assert line.startswith("what is in flight is not known: ")
    assert line.endswith(f" {ENVIRONMENT.app_url}/api/orchestrations: HTTP {status}")


@pytest.mark.parametrize("body", ["[]", "null", '{"items": null}', "<html>"])
def test_an_answer_of_another_kind_is_none(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever answers at the app's address, it is deployable."""
    runs = App([503]).runs(monkeypatch)
    there = httpx.MockTransport(lambda _: httpx.Response(200, text=body))
    with pytest.raises(InFlightUnknownError, match="does not say it"):
        RunsInFlight(ENVIRONMENT, there, say=runs.say).read()


def test_a_drain_waits_until_nothing_would_break(monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins meanwhile does not hold it up."""
    app = App([[group("review", 1, 2)], [group("review", 1), group("undo", 3)], [group("undo", 3, 5)]])
    app.runs(monkeypatch).drain(RELEASE, minutes=10)
    assert [figures(line) for line in app.said] == [["2", "1"], ["1", "1"], []]
    assert ["review" in line for line in app.said] == [True, True, False]
    assert app.now == NOW + timedelta(seconds=60)


def test_a_drain_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is left, and that nothing was done."""
    app = App([[group("review", 1)]])
    with pytest.raises(InFlightBrokenError, match="2 minutes 1 review of version 1 "):
        app.runs(monkeypatch).drain(RELEASE, minutes=2)
    assert app.now == NOW + timedelta(minutes=2)


@pytest.mark.parametrize("answer", [503, 404])
def test_who_wants_to_drain_must_know(answer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that does not answer is no empty one."""
    with pytest.raises(InFlightUnknownError, match=f"HTTP {answer}"):
        App([answer]).runs(monkeypatch).drain(RELEASE, minutes=2)


def test_an_unreachable_app_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network's own words."""

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)

    runs = App([503]).runs(monkeypatch)
    unreachable: Callable[[], Any] = RunsInFlight(ENVIRONMENT, httpx.MockTransport(away), say=runs.say).read
    with pytest.raises(InFlightUnknownError, match="connection refused"):
        unreachable()
