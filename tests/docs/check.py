"""``make docs-check``: execute the commands of the pages on a real local stack; say what was executed and what not."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.markdown import ROOT, Block, blocks, pages
from tests.docs.preparations import PLACEHOLDERS, PREPARATIONS, NotPreparedError, Workplace

_RUN = re.compile(
    r"run (?P<order>\d+)(?: after=(?P<after>\w+))?(?: exit=(?P<exit>\d))?(?: shows=\"(?P<shows>[^\"]+)\")?"
)
_NOT_RUN = "not run: "
_LONGEST_SECONDS = 900
# Settings of whoever runs this must not reach the stack.
_FOREIGN = re.compile(r"NIGHTSHIFT_|AZURE_|DATABRICKS_|MLFLOW_|OTEL_|APPLICATIONINSIGHTS_")
# Files that commands of the pages read or write, beside the checkout.
_FILES = ("alert.json", "fixed.json", "Config.json", "night.html")


@dataclass(frozen=True)
class Step:
    """A block that is executed.

    Attributes:
        after: what is prepared first; empty for nothing.
        code: the exit code that its page promises.
        shows: what its output must contain.
    """

    block: Block
    order: int
    after: str
    code: int
    shows: str

    @property
    def commands(self) -> int:
        """How many commands it has."""
        lines = self.block.text.replace("\\\n", " ").splitlines()
        return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in lines)


def shell_blocks() -> list[Block]:
    """Every block of commands in the pages."""
    return [block for page in pages() for block in blocks(page) if block.language == "sh"]


def steps(found: Sequence[Block]) -> list[Step]:
    """The blocks that are executed, in their order.

    Raises:
        ValueError: a block says neither in which order it is executed nor why it is not.
    """
    listed = []
    for block in found:
        marked = _RUN.fullmatch(block.marker)
        if marked is not None:
            code = int(marked["exit"] or 0)
            listed.append(Step(block, int(marked["order"]), marked["after"] or "", code, marked["shows"] or ""))
        elif not block.marker.startswith(_NOT_RUN):
            msg = f"{block.place}: must be marked `run NUMBER` or `{_NOT_RUN}REASON`, not {block.marker!r}"
            raise ValueError(msg)
    return sorted(listed, key=lambda step: step.order)


def not_run(found: Sequence[Block]) -> Counter[str]:
    """How many blocks are not executed, by the reason."""
    marks = [block.marker for block in found]
    return Counter(mark.removeprefix(_NOT_RUN) for mark in marks if mark.startswith(_NOT_RUN))


def substituted(text: str, place: Workplace, order: int) -> str:
    """The commands with values of the running stack in the place of words in capitals, and paths in its folder."""
    text = text.replace(".nightshift/demo/state", ".nightshift/state")
    text = text.replace(".nightshift/", f"{place.folder}/.nightshift/")
    for name in _FILES:
        text = re.sub(rf"(?<![\w/.]){re.escape(name)}", str(place.folder / name), text)
    lines = [line.partition("  #")[0] for line in text.splitlines()]
    for word, value in PLACEHOLDERS.items():
        pattern = re.compile(rf"(?<![\w-]){word}(?![\w-])")
        # Found when it is needed, and once for each block: its commands speak of the same thing.
        if any(pattern.search(line) for line in lines):
            found = value(place, order)
            lines = [pattern.sub(found, line) for line in lines]
    return "\n".join(lines)


def execute(step: Step, place: Workplace) -> str:
    """Execute a block; what is wrong, empty if nothing is."""
    try:
        if step.after:
            PREPARATIONS[step.after](place)
        script = substituted(step.block.text, place, step.order)
    except (NotPreparedError, LookupError) as error:
        return f"it could not be prepared: {error}"
    try:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],  # noqa: S607
            cwd=ROOT, env=dict(place.environment), capture_output=True, text=True, check=False,
            timeout=_LONGEST_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no end after {_LONGEST_SECONDS} s:\n{script}"
    output = done.stdout + done.stderr
    if done.returncode != step.code:
        return f"exit code {done.returncode} and not {step.code}:\n{script}\n{output}"
    if step.shows not in output:
        return f"its output does not contain {step.shows!r}:\n{script}\n{output}"
    return ""


def check(listed: Sequence[Step], place: Workplace, report: Callable[[str], None]) -> list[str]:
    """Execute the blocks in their order; the places of those that do not do what their page says."""
    failed = []
    for step in listed:
        began = time.monotonic()
        problem = execute(step, place)
        report(
            f"{'FAILED' if problem else 'ok':<7}{step.order:>3}  {step.block.place}  {time.monotonic() - began:.1f} s"
        )
        if problem:
            report(problem)
            failed.append(step.block.place)
    return failed


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}:{kept.get('PATH', '')}",
        "NIGHTSHIFT_STATE": str(folder / ".nightshift" / "state"),
        "NIGHTSHIFT_MODEL_SPECS": str(folder / "model_specs"),
        "COLUMNS": "200",
    }


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Execute everything, or the blocks up to a number; exit 1 if a block does not do what its page says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--until", type=int, default=10_000, help="only blocks up to this number")
    until = parser.parse_args().until
    found = shell_blocks()
    listed = [step for step in steps(found) if step.order <= until]
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nightshift-docs-") as made:
        folder = Path(made)
        shutil.copytree(ROOT / "model_specs", folder / "model_specs")
        place = Workplace(ROOT, folder, _environment(folder))
        place.written()
        try:
            failed = check(listed, place, _say)
        finally:
            subprocess.run(["nightshift", "down"], env=_environment(folder), capture_output=True, check=False)  # noqa: S607
    reasons = not_run(found)
    kinds = Counter(block.language for page in pages() for block in blocks(page) if block.language != "sh")
    commands, seconds = sum(step.commands for step in listed), time.monotonic() - began
    _say(f"\nexecuted: {len(listed)} blocks with {commands} commands in {seconds:.0f} s; failed: {len(failed)}")
    _say(f"not run: {reasons.total()} blocks")
    for reason, number in reasons.most_common():
        _say(f"  {number:>3}  {reason}")
    _say(f"samples, held against the product's parsers by the tests: {kinds['json'] + kinds['yaml']}")
    others = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()) if kind not in {"json", "yaml"})
    _say(f"shown only: {others}")
    if failed:
        sys.exit(f"these blocks do not do what their page says: {', '.join(failed)}")


if __name__ == "__main__":
    main()
