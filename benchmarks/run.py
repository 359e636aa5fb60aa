"""Run the benchmarks: ``python -m benchmarks.run [--only NAME] [--docs FILE]``.

Prints a table and writes .nightshift/bench/report.json, a list of {name, value, unit, peer, peer_value, ratio, runs,
note}; with --docs also the page that shows the last table.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import venv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.suites import SUITES, Script, Suite
from local_host.watchdog import children_ended
from nightshift.cli.rendering import make_console, plain_table

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".nightshift" / "bench"
HEADINGS = ("name", "value", "unit", "peer", "peer_value", "ratio", "runs", "note")

console = make_console()


def main() -> None:
    """Run the chosen suites; exit 1 if a script fails."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure, beside the peers that install here.")
    parser.add_argument("--only", choices=[suite.name for suite in SUITES], help="one suite")
    parser.add_argument("--docs", type=Path, help="write the page with the table")
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with children_ended():
        for suite in SUITES:
            if given.only in {None, suite.name}:
                rows.extend(_run(suite))
    FOLDER.mkdir(parents=True, exist_ok=True)
    report = FOLDER / "report.json"
    if given.only is not None and report.exists():
        # The other suites stay as they were measured last.
        new = {row["name"] for row in rows}
        rows = [row for row in json.loads(report.read_text(encoding="utf-8")) if row["name"] not in new] + rows
    report.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    table = plain_table(*HEADINGS)
    for row in rows:
        table.add_row(*("" if row[heading] is None else str(row[heading]) for heading in HEADINGS))
    console.print(table)
    if given.docs is not None:
        given.docs.write_text(_page(rows), encoding="utf-8")


def _run(suite: Suite) -> list[dict[str, Any]]:
    measured: dict[str, dict[str, Any]] = {}
    if suite.data:
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, *suite.data.split()], cwd=ROOT, check=True)
    for script in suite.scripts:
        if script.program and shutil.which(script.program) is None:
            console.print(f"{suite.name}: {script.path} is left out: {script.program} is not installed", style="yellow")
            continue
        console.print(f"{suite.name}: {script.path}", style="dim")
        for item in _measure(script):
            measured[item["name"]] = item
    rows = []
    shown: set[str] = set()
    for comparison in suite.comparisons:
        if comparison.peer not in measured:
            continue
        ours, peer = measured[comparison.ours], measured[comparison.peer]
        shown |= {comparison.ours, comparison.peer}
        rows.append(_row(ours, comparison.peer_name, peer["value"]))
    rows.extend(_row(item, None, None) for name, item in measured.items() if name not in shown)
    return rows


def _row(ours: dict[str, Any], peer: str | None, peer_value: float | None) -> dict[str, Any]:
    ratio = None if not peer_value else float(f"{ours['value'] / peer_value:.3g}")
    found = {name: ours.get(name, "") for name in ("name", "value", "unit", "runs", "note")}
    return {heading: {**found, "peer": peer, "peer_value": peer_value, "ratio": ratio}[heading] for heading in HEADINGS}


def _measure(script: Script) -> list[dict[str, Any]]:
    python = _peer_python(script.needs) if script.needs else Path(sys.executable)
    command = [str(python), str(ROOT / "benchmarks" / script.path), *script.arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{script.path} failed with exit code {done.returncode}:\n{done.stderr[-4000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _peer_python(needs: tuple[str, ...]) -> Path:
    """The Python of a peer's own virtual environment under the state folder, made once."""
    name = "-".join(need.partition("=")[0] for need in needs)
    folder = FOLDER / "peers" / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=False, clear=True)
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, *needs], check=True)
        (folder / "ready").touch()
    return python


def _page(rows: list[dict[str, Any]]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Each figure and its peer were measured in the same run by `make bench` (one suite: `make bench ONLY=engine`).",
        "Quote the ratios, not the figures: they depend on the machine and on what else it does. `ratio` is our value",
        "divided by the peer's. Scripts: `benchmarks/`; the page is written by `python -m benchmarks.run --docs FILE`.",
        "",
        f"Machine: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}."
        f" Date: {datetime.now(UTC).date().isoformat()}.",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|" + "---|" * len(HEADINGS),
    ]
    for row in rows:
        cells = ("" if row[heading] is None else str(row[heading]) for heading in HEADINGS)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
