"""The functions that the engine runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DurableFunctions:
    """The app's durable functions, by name.

    An orchestrator or entity is the handle that `Orchestrator.create` or `Entity.create` made. An activity takes
    and gives JSON text; to fail it raises, and the text of its exception (as "ValueError: no such file") is the
    reason that the orchestrator sees.
    """

    orchestrators: Mapping[str, Callable[..., str]]
    activities: Mapping[str, Callable[[str | None], Awaitable[str | None]]]
    entities: Mapping[str, Callable[[str], str]]
