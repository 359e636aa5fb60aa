"""What the demo expected and what it saw, for people and for scripts."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class StepReport:
    """One step of the story; ``seconds`` is wall time."""

    step: str
    expected: str
    observed: str
    ok: bool
    seconds: float


@dataclass
class DemoReport:
    """The steps so far."""

    steps: list[StepReport] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every observed outcome matched."""
        return bool(self.steps) and all(step.ok for step in self.steps)

    def write(self, path: Path) -> None:
        """Write the steps as JSON: a list of {step, expected, observed, ok, seconds}."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([asdict(step) for step in self.steps], indent=2) + "\n", encoding="utf-8")

    def table(self) -> RenderableType:
        """The summary."""
        table = Table("", "step", "expected", "observed", "seconds", box=None, pad_edge=False)
        for step in self.steps:
            mark = Text("ok", style="green") if step.ok else Text("NOT", style="bold red")
            table.add_row(mark, step.step, step.expected, Text(step.observed), f"{step.seconds:.0f}")
        return table
