"""What the running code belongs to."""

import asyncio

import pytest
from pydantic import TypeAdapter, ValidationError

from nightshift.domain.platform.correlation import Correlation, Traceparent, correlate, correlated, current

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def test_outside_a_call_there_is_nothing() -> None:
    """Code that no trigger has called belongs to nothing."""
    assert current() == Correlation()


def test_a_call_belongs_to_its_id_and_what_it_turns_out_to_be_about() -> None:
    """A better id takes the place of the first one, and both end with the call."""
    with correlated("message-1", TRACE):
        assert current() == Correlation("message-1", TRACE)
        correlate("incident-7")
        assert current() == Correlation("incident-7", TRACE)
        correlate("")
        assert current().correlation_id == "incident-7"
    assert current() == Correlation()


async def test_calls_at_once_do_not_mix() -> None:
    """Each has its own, in its threads too."""

    async def call(name: str) -> str:
        with correlated(name):
            await asyncio.sleep(0)
            return await asyncio.to_thread(lambda: current().correlation_id)

    assert await asyncio.gather(*(call(f"run-{number}") for number in range(5))) == [f"run-{n}" for n in range(5)]


def test_an_id_can_neither_end_a_line_nor_be_a_format() -> None:
    """It comes from paths and messages of strangers."""
    with correlated("a\r\nSet-Cookie: x=%s " + "z" * 300):
        assert current().correlation_id == ("a-Set-Cookie:-x-s-" + "z" * 300)[:128]


@pytest.mark.parametrize("text", ["x", TRACE[:-1], TRACE + "\n", TRACE.upper()])
def test_a_trace_is_w3c_or_empty(text: str) -> None:
    """Anything else in a message is refused."""
    adapter = TypeAdapter(Traceparent)
    assert adapter.validate_python(TRACE) == TRACE
    assert adapter.validate_python("") == ""
    with pytest.raises(ValidationError):
        adapter.validate_python(text)
