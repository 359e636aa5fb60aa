"""A call ends within its budget; what is under way is counted until it ends, abandoned or not."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pytest

from nightshift.clients.platform.call_budget import WHAT_ALL_NEED, CallsUnderWay, bounded, call_within
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from tests.support.refusals import refusal

SHORT, LONG = 0.05, 60.0
place: ContextVar[str] = ContextVar("place", default="nowhere")


def test_the_answer_and_the_error_of_a_call_are_the_calls_own() -> None:
    """It runs in its caller's context."""
    token = place.set("here")
    try:
        assert call_within("X", LONG, place.get) == "here"
    finally:
        place.reset(token)

    def refuse() -> None:
        raise ServiceRefusedError("X", "no", "ask")

    with pytest.raises(ServiceRefusedError, match="X refused: no"):
        call_within("X", LONG, refuse)


def test_an_error_about_time_is_not_mistaken_for_the_budget() -> None:
    """A client's own TimeoutError passes as it is."""

    def late() -> None:
        raise TimeoutError("the client's own")

    with pytest.raises(TimeoutError, match="the client's own"):
        call_within("X", LONG, late)


def test_a_call_that_hangs_is_left_behind() -> None:
    """Its caller hears the budget, and it counts until it ends."""
    hanging, under_way = threading.Event(), CallsUnderWay(most=2)
    try:
        for _ in range(2):
            with refusal(ServiceUnavailableError, "within 0.05 s", service="X"):
                call_within("X", SHORT, hanging.wait, under_way)
        with pytest.raises(ServiceUnavailableError, match="2 calls are under way"):
            call_within("X", LONG, lambda: "never asked", under_way)
        assert call_within("Y", LONG, lambda: "asked", under_way) == "asked"
    finally:
        hanging.set()
    for thread in threading.enumerate():
        if thread.name == "call of X":
            thread.join()
    assert call_within("X", LONG, lambda: "asked again", under_way) == "asked again"


def test_calls_that_are_waited_for_count_too() -> None:
    """One system that hangs holds only so many of the app's threads; the next caller hears so at once."""
    under_way, answer, begun = CallsUnderWay(most=2), threading.Event(), threading.Barrier(3)

    def ask() -> str:
        begun.wait()
        answer.wait()
        return "answered"

    with ThreadPoolExecutor(2) as callers:
        first = [callers.submit(call_within, "X", LONG, ask, under_way) for _ in range(2)]
        begun.wait()
        try:
            with pytest.raises(ServiceUnavailableError, match="2 calls are under way"):
                call_within("X", LONG, lambda: "never asked", under_way)
            assert call_within("Y", LONG, lambda: "asked", under_way) == "asked"
        finally:
            answer.set()
        assert [outcome.result() for outcome in first] == ["answered"] * 2
    assert call_within("X", LONG, lambda: "asked again", under_way) == "asked again"


def test_a_storm_is_not_refused_by_what_all_need() -> None:
    """Each of the app's 64 threads may ask storage, the bus or the sign-in at once; others are kept smaller."""
    threads = 64
    for service in sorted(WHAT_ALL_NEED):
        under_way, begun = CallsUnderWay(), threading.Barrier(threads)
        with ThreadPoolExecutor(threads) as callers:
            calls = [callers.submit(call_within, service, LONG, begun.wait, under_way) for _ in range(threads)]
            assert len([call.result() for call in calls]) == threads
    assert CallsUnderWay().most("MLflow") < 32


def test_what_all_need_are_systems_that_are_called() -> None:
    """A name that nobody uses would bound nothing."""
    root = Path(__file__).resolve().parents[4]
    files = [path for folder in ("clients", "wiring") for path in (root / "nightshift" / folder).rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert all(text.count(f'"{service}"') > 1 for service in WHAT_ALL_NEED)


def test_a_call_does_not_take_the_place_of_its_own_part() -> None:
    """As many may run as may begin, though each makes a call of the same system on its way."""
    under_way, begun = CallsUnderWay(most=2), threading.Barrier(2)

    def whole() -> str:
        begun.wait()
        return call_within("X", LONG, lambda: "part", under_way)

    with ThreadPoolExecutor(2) as callers:
        outcomes = [callers.submit(call_within, "X", LONG, whole, under_way) for _ in range(2)]
        assert [outcome.result() for outcome in outcomes] == ["part", "part"]


def test_a_call_that_fails_gives_its_place_back() -> None:
    """As one that is answered does."""
    under_way = CallsUnderWay(most=1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            call_within("X", LONG, lambda: 1 / 0, under_way)


def test_the_making_of_a_client_is_part_of_its_first_call() -> None:
    """Where it hangs the budget counts; once it is made it is kept."""
    hanging, made = threading.Event(), []

    class Client:
        def ask(self, what: str, *, kindly: bool) -> str:
            return f"{what} {kindly}"

    def make() -> Client:
        made.append(1)
        if len(made) == 1:
            hanging.wait()
        return Client()

    client = bounded("X", 1.0, make)
    assert not made
    with pytest.raises(ServiceUnavailableError):
        client.ask("first", kindly=True)
    hanging.set()
    assert client.ask("second", kindly=True) == "second True"
    before = len(made)
    assert client.ask("third", kindly=False) == "third False"
    assert len(made) == before
