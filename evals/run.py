"""Evaluate the agents: ``python -m evals.run [--json]``; exit 1 if a gate is missed.

Prints a table and writes .nightshift/evals/report.json: a summary per suite and path, and every wrong case.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from evals.score import Outcome, Summary, evaluate, summaries
from nightshift.cli.rendering import make_console, plain_table

REPORT = Path(__file__).resolve().parents[1] / ".nightshift" / "evals" / "report.json"


def main(arguments: list[str] | None = None) -> int:
    """Run all suites; 0 if every gate is met, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="make evals", description="Score planner and critic on the sets of evals/.")
    parser.add_argument("--json", action="store_true", help="print the report instead of the table")
    parser.add_argument("--report", type=Path, default=REPORT, help="where the report is written")
    given = parser.parse_args(arguments)
    outcomes = evaluate()
    found = summaries(outcomes)
    report = _report(outcomes, found)
    given.report.parent.mkdir(parents=True, exist_ok=True)
    given.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if given.json:
        sys.stdout.write(json.dumps(report) + "\n")
    else:
        _print(outcomes, found)
    return 0 if all(item.passed for item in found) else 1


def _report(outcomes: tuple[Outcome, ...], found: tuple[Summary, ...]) -> dict[str, Any]:
    return {
        "passed": all(item.passed for item in found),
        "suites": [item.to_json() for item in found],
        "wrong": [item.to_json() for item in outcomes if not item.completed or item.violations],
    }


def _print(outcomes: tuple[Outcome, ...], found: tuple[Summary, ...]) -> None:
    console = make_console()
    table = plain_table("suite", "path", "cases", "completed", "violations", "tokens", "gate")
    for item in found:
        share = f"{item.completed}/{item.cases} ({item.completed / item.cases:.1%})"
        gate = "passed" if item.passed else "MISSED"
        table.add_row(item.suite, item.path, str(item.cases), share, str(item.violations), str(item.tokens), gate)
    console.print(table)
    for outcome in outcomes:
        if not outcome.completed or outcome.violations:
            said = "; ".join(outcome.violations) or outcome.found
            console.print(f"{outcome.suite} {outcome.path} {outcome.name}: {said}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
