"""Which wait gets which external event, as the durable extension gives them out.

An event goes to the youngest wait for its name. Without a wait it is kept, and the next wait gets the oldest one kept.
Names are the same in any case. "At" is a place in the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Name:
    raised: Sequence[int]
    given_out: int = 0
    kept: int = 0
    waiting: list[Wait] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Wait:
    """One wait for an event; `at` is set once it can change no more."""

    of: _Name
    at: int | None = None

    def completed_at(self) -> int | None:
        """Where its event was raised, if no younger wait comes; None if it was not raised yet."""
        if self.at is not None:
            return self.at
        younger = len(self.of.waiting) - 1 - self.of.waiting.index(self)
        event = self.of.given_out + younger
        return self.of.raised[event] if event < len(self.of.raised) else None


class ExternalEvents:
    """The events of one generation of an instance; `wait` must be called in the order in which waits begin."""

    def __init__(self, raised: dict[str, list[int]]) -> None:
        self._raised = raised
        self._names: dict[str, _Name] = {}

    def wait(self, name: str, at: int) -> Wait:
        """Begins a wait at this place of the history."""
        key = name.lower()
        found = self._names.get(key)
        if found is None:
            found = self._names[key] = _Name(self._raised.get(key, ()))
        while found.given_out < len(found.raised) and found.raised[found.given_out] <= at:
            if found.waiting:
                found.waiting.pop().at = found.raised[found.given_out]
            else:
                found.kept += 1
            found.given_out += 1
        begun = Wait(found)
        if found.kept:
            found.kept -= 1
            begun.at = at
        else:
            found.waiting.append(begun)
        return begun
