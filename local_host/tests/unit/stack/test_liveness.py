"""When a component that does not answer is restarted: by the number of questions and the work that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from local_host.stack.component import Component, LivenessPolicy
from local_host.stack.liveness import Liveness

POLICY = LivenessPolicy(interval=10, answer_within=7, idle_failures=3, busy_failures=5, idle_share=0.02)


class _AtOnce(Executor):
    """Answers each question before the next poll."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


class _Never(Executor):
    """Leaves each question open, and counts them."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.asked += 1
        return Future()


def _liveness(answers: Iterator[str | None], processor_seconds: Callable[[], float]) -> Liveness:
    def ask(seconds: float = 0, /) -> str | None:
        assert seconds == POLICY.answer_within
        return next(answers)

    component = Component("app", (), {}, Path("log"), ask, Path(), liveness=POLICY)
    return Liveness(component, _AtOnce(), processor_seconds)


def _failed_at(answers: list[str | None], core_share: float) -> int | None:
    """The question after which the component is to be restarted; one question every ten seconds."""
    now = 0.0
    liveness = _liveness(iter(answers), lambda: now * core_share)
    liveness.reset(now)
    for question in range(1, len(answers) + 1):
        now += POLICY.interval
        assert liveness.poll(now) is None
        if liveness.poll(now) is not None:
            return question
    return None


def test_one_that_does_nothing_is_restarted_after_three_questions() -> None:
    """It is stopped, or waits for ever."""
    assert _failed_at([None, *["no answer"] * 9], core_share=0.001) == 4


def test_one_that_works_is_given_more_time() -> None:
    """It may be slow because the machine is busy; one that works for ever and never answers is restarted, too."""
    assert _failed_at([None, *["no answer"] * 9], core_share=0.5) == 6


def test_an_answer_starts_the_count_again() -> None:
    """Only failures in a row count."""
    assert _failed_at(["no answer", "no answer", None] * 5, core_share=0.0) is None


def test_a_question_that_is_open_is_not_asked_again() -> None:
    """However late the answer is; nothing is counted meanwhile, such as while the supervisor was suspended."""
    executor = _Never()
    component = Component("app", (), {}, Path("log"), lambda _seconds=0, /: None, Path(), liveness=POLICY)
    liveness = Liveness(component, executor, lambda: 0.0)
    liveness.reset(0.0)
    assert [liveness.poll(now) for now in (1.0, 10.0, 500.0, 100_000.0)] == [None] * 4
    assert executor.asked == 1


def test_a_restart_forgets_the_failures_before_it() -> None:
    """The new process has its own count."""
    liveness = _liveness(iter(["no answer"] * 9), lambda: 0.0)
    liveness.reset(0.0)
    for now in (10.0, 10.0, 20.0, 20.0):
        assert liveness.poll(now) is None
    liveness.reset(20.0)
    polls = [liveness.poll(now) for now in (30.0, 30.0, 40.0, 40.0, 50.0, 50.0)]
    assert polls == [None] * 5 + ["no answer to 3 questions in a row: no answer"]
