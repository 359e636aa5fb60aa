"""The ceilings of tokens, on real table storage."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.improvement.token_usage import TableTokenUsage
from nightshift.domain.improvement.token_usage import Reservation, TokenCeilings

NO_CEILING = 10**9


@pytest.fixture
def day() -> str:
    """A day of this test's own."""
    return f"2026-11-29-{uuid.uuid4().hex[:12]}"


def _usage(tables: TableServiceClient, *, day: int = NO_CEILING, model_and_day: int = NO_CEILING) -> TableTokenUsage:
    return TableTokenUsage(tables, TokenCeilings(day=day, model_and_day=model_and_day))


def _reservation(model: str, day: str, tokens: int = 1_000, loop: str = "") -> Reservation:
    return Reservation(loop=loop or f"improvement-{model}-1", model=model, day=day, tokens=tokens)


def test_what_is_reserved_counts_at_once_and_is_closed_by_what_was_used(
    tables: TableServiceClient, model: str, day: str
) -> None:
    """For the loop, the model's day and the day; an answer may have cost more than was thought."""
    usage = _usage(tables)
    first, second = _reservation(model, day), _reservation(model, day, loop=f"improvement-{model}-2")

    def counted() -> tuple[int, ...]:
        return (usage.of_loop(first.loop), usage.of_loop(second.loop), usage.of_day(day, model), usage.of_day(day))

    assert counted() == (0, 0, 0, 0)
    assert (usage.reserve(first, 5_000), usage.reserve(second, 5_000)) == ("", "")
    assert counted() == (1_000, 1_000, 2_000, 2_000)
    usage.settle(first, 250)
    assert counted() == (250, 1_000, 1_250, 1_250)
    usage.settle(second, 3_000_000_000)
    assert counted() == (250, 3_000_000_000, 3_000_000_250, 3_000_000_250)


def test_each_ceiling_refuses_what_would_pass_it(tables: TableServiceClient, model: str, day: str) -> None:
    """To the token; what a later ceiling refuses is given back to the earlier one."""
    usage = _usage(tables, day=2_500, model_and_day=1_500)
    mine, other = _reservation(model, day, 1_000), _reservation(f"{model}b", day, 1_000)
    assert "999 of 999 are left" in usage.reserve(mine, 999)
    assert usage.reserve(mine, 1_000) == ""
    assert usage.reserve(mine, 1_999).startswith("this loop: ")
    again = mine.model_copy(update={"loop": "improvement-other"})
    refusal = usage.reserve(again, NO_CEILING)
    assert f"500 of 1500 are left (model-{model})" in refusal
    assert usage.of_loop(again.loop) == 0
    assert usage.reserve(other, NO_CEILING) == ""
    refusal = usage.reserve(_reservation(f"{model}c", day, 1_000), NO_CEILING)
    assert "500 of 2500 are left (all)" in refusal
    assert (usage.of_day(day), usage.of_day(day, f"{model}c")) == (2_000, 0)


def test_a_new_day_has_its_own_ceiling(tables: TableServiceClient, model: str, day: str) -> None:
    """The loop's goes on over midnight."""
    usage = _usage(tables, model_and_day=1_000)
    assert usage.reserve(_reservation(model, day), 1_500) == ""
    assert "(model-" in usage.reserve(_reservation(model, day), NO_CEILING)
    assert usage.reserve(_reservation(model, f"{day}b"), 1_500).startswith("this loop: ")
    assert usage.reserve(_reservation(model, f"{day}b"), NO_CEILING) == ""


def test_sixteen_loops_at_once_stay_below_the_ceilings(tables: TableServiceClient, model: str, day: str) -> None:
    """Of 10,000 tokens of the day and 3,000 of each model's, in questions of 700."""
    usage = _usage(tables, day=10_000, model_and_day=3_000)

    def ask(number: int) -> int:
        name = f"{model}{number % 4}"
        granted = 0
        for attempt in range(3):
            wanted = _reservation(name, day, 700, loop=f"improvement-{model}-{number}-{attempt}")
            granted += not usage.reserve(wanted, NO_CEILING)
        return granted

    with ThreadPoolExecutor(16) as pool:
        granted = sum(pool.map(ask, range(16)))
    # Four of each model's 3,000, and fourteen of the day's 10,000.
    assert granted == 14
    assert usage.of_day(day) == 9_800
    assert all(usage.of_day(day, f"{model}{number}") <= 3_000 for number in range(4))
    assert sum(usage.of_day(day, f"{model}{number}") for number in range(4)) == 9_800
