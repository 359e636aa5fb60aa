"""Prints on the terminal what happens in the demo, while it happens."""

import re
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from nightshift.cli import ledger_report, rendering
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.view import Explanation, RunDetail

_WEB_FONT = re.compile(r"@font-face\s*\{[^}]*\}")


class Narrator:
    """Prints headings, progress with elapsed time, and what a run decided and why."""

    def __init__(self, console: Console, pictures: Path | None = None) -> None:
        self.console = console
        self._pictures = pictures
        self._started = time.monotonic()

    def chapter(self, number: int, title: str, what: str) -> None:
        """Open a chapter."""
        self.console.print()
        self.console.rule(Text(f"{number}. {title}", style="bold"), align="left")
        self.console.print(Text(what, style="dim"))

    def say(self, text: str) -> None:
        """One line of progress, with the time since the demo began."""
        self.console.print(Text(f"{time.monotonic() - self._started:7.1f} s  {text.strip()}"))

    def picture(self, name: str) -> None:
        """Write what was printed since the last picture as an SVG, if pictures are wanted."""
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            # Without the web fonts that rich asks for: a picture must not need the network.
            picture = _WEB_FONT.sub("", self.console.export_svg(title="make demo"))
            (self._pictures / f"{name}.svg").write_text(picture, encoding="utf-8")

    def decided(self, run: RunDetail, explanation: Explanation) -> None:
        """What a run decided, with its evidence."""
        self.console.print(ledger_report.explanation_report(explanation))
        outcome = RunOutcome.from_json(run.output)
        self.console.print(Text.assemble("=> ", rendering.styled(outcome.outcome), f": {first_line(outcome.reason)}"))


def first_line(text: str) -> str:
    """The first line of a text."""
    return text.partition("\n")[0]
