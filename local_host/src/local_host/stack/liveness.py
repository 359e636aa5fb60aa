"""Whether a component that has been ready still answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future

from local_host.stack.component import Component

logger = logging.getLogger(__name__)


class Liveness:
    """Asks one component for its readiness, as its `LivenessPolicy` says, beside the loop that supervises.

    `poll` and `reset` never wait and belong to one thread. `processor_seconds` is the processor time that the
    component's processes have used so far.
    """

    def __init__(self, component: Component, executor: Executor, processor_seconds: Callable[[], float]) -> None:
        self._component = component
        self._executor = executor
        self._processor_seconds = processor_seconds
        self._question: Future[str | None] | None = None
        self._next = 0.0
        self._failures = 0
        self._first_failure = (0.0, 0.0)

    def reset(self, now: float) -> None:
        """Begins anew after the component has become ready; the answer to an open question no longer counts."""
        self._question = None
        self._failures = 0
        self._next = now + self._component.liveness.interval

    def poll(self, now: float) -> str | None:
        """What is wrong, if the component must be restarted; `now` is of the monotonic clock."""
        policy = self._component.liveness
        if self._question is None:
            if now >= self._next:
                self._question = self._executor.submit(self._component.readiness, policy.answer_within)
                self._next = now + policy.interval
            return None
        if not self._question.done():
            return None
        problem = self._question.result()
        self._question = None
        if problem is None:
            self._failures = 0
            return None
        self._failures += 1
        if self._failures == 1:
            self._first_failure = (now, self._processor_seconds())
        share = self._share(now)
        logger.warning(
            "component_unanswered component=%s failures=%d core_share=%.2f problem=%s",
            *(self._component.name, self._failures, share, problem),
        )
        limit = policy.idle_failures if share < policy.idle_share else policy.busy_failures
        return f"no answer to {self._failures} questions in a row: {problem}" if self._failures >= limit else None

    def _share(self, now: float) -> float:
        """The share of a core that the component has used since the first unanswered question."""
        at, used = self._first_failure
        return max(0.0, self._processor_seconds() - used) / max(now - at, 1e-3)
