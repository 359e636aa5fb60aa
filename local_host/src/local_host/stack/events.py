"""What a stack tells while it starts and stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

StackEventKind = Literal["starting", "ready", "unhealthy", "exited", "restarting", "stopping", "stopped", "up"]


@dataclass(frozen=True)
class StackEvent:
    """`component` is a component's name, or "stack". `seconds` is the time since its start, where known."""

    kind: StackEventKind
    component: str
    detail: str = ""
    seconds: float | None = None


Progress = Callable[[StackEvent], None]
