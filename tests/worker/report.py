"""What the check prints: a line for each part, and each fault at once."""

import sys
import time
from collections.abc import Sequence


class Report:
    """Counts what was held and what was not."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.faults = 0
        self.held = 0

    def part(self, text: str) -> None:
        """Say what comes now."""
        self._write(f"== {text} [{time.monotonic() - self._began:.0f} s]")

    def hold(self, what: str, faults: Sequence[str]) -> None:
        """One thing that was checked, and what is wrong with it."""
        self.held += 1
        if not faults:
            self._write(f"ok    {what}")
        for fault in faults:
            self.faults += 1
            self._write(f"FAULT {what}: {fault}")

    def end(self) -> None:
        """Say how it ended; exit 1 if something is wrong."""
        spent = f"{time.monotonic() - self._began:.0f} s"
        if self.faults:
            sys.exit(f"worker-check: {self.faults} faults in {self.held} checks, {spent}")
        self._write(f"worker-check: {self.held} checks held, {spent}")

    @staticmethod
    def _write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
