"""A call ends within its budget; what is abandoned is counted until it ends."""

import threading
from contextvars import ContextVar

import pytest

from clients.call_budget import AbandonedCalls, bounded, call_within
from domain.errors import ServiceRefusedError, ServiceUnavailableError

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
    """Its caller hears the budget, and only so many may hang."""
    hanging, abandoned = threading.Event(), AbandonedCalls(most=2)
    try:
        for _ in range(2):
            with pytest.raises(ServiceUnavailableError, match=r"X is not available: no answer within 0\.05 s"):
                call_within("X", SHORT, hanging.wait, abandoned)
        with pytest.raises(ServiceUnavailableError, match="earlier calls have not ended yet"):
            call_within("X", LONG, lambda: "never asked", abandoned)
        assert call_within("Y", LONG, lambda: "asked", abandoned) == "asked"
    finally:
        hanging.set()
    while abandoned.full("X"):
        pass
    assert call_within("X", LONG, lambda: "asked again", abandoned) == "asked again"


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


def test_an_abandoned_client_is_told() -> None:
    """So that it does not try a second time for nobody."""
    hanging, told = threading.Event(), []

    class Client:
        def ask(self) -> None:
            hanging.wait()

    client = bounded("X", SHORT, Client, on_abandon=lambda made: told.append(type(made)))
    with pytest.raises(ServiceUnavailableError):
        client.ask()
    hanging.set()
    assert told == [Client]
