"""``python -m nightshift.delivery.terraform_rules.prove``: put every fault back; every rule must report its own.

All at once, because a plan for each takes minutes (``--each`` takes them). A fault may turn another's rule red, so that
red alone is no proof: each fault names the breach that its rule must report.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from nightshift.delivery.command import CommandError
from nightshift.delivery.terraform_rules.__main__ import broken_rules
from nightshift.delivery.terraform_rules.planning import Terraform, Workshop

ROOT = Path(__file__).resolve().parents[3]
FAULTS = Path(__file__).with_name("faults.yml")
# One of each kind: with public addresses, and private.
_ENVIRONMENTS = ("dev", "prod")


def faults() -> list[dict[str, Any]]:
    """How each fault is put back, by rule."""
    found: list[dict[str, Any]] = yaml.safe_load(FAULTS.read_text(encoding="utf-8"))
    return found


def put_back(fault: dict[str, Any], terraform: Path) -> None:
    """Write one fault into a copy of the configuration.

    Raises:
        CommandError: a file does not say any more what the fault takes the place of.
    """
    for change in fault["changes"]:
        path = terraform / change["file"]
        text = path.read_text(encoding="utf-8")
        if change["sound"] not in text:
            raise CommandError(
                f"{fault['rule']}: {change['file']} no longer says {change['sound']!r}; write into "
                "nightshift/delivery/terraform_rules/faults.yml how this fault is put back now"
            )
        path.write_text(text.replace(change["sound"], change["fault"], 1), encoding="utf-8")


def unreported(rows: list[dict[str, Any]], reported: set[tuple[str, str]]) -> list[str]:
    """The faults whose own breach no rule reports, whatever else the rules report."""
    return [f"{row['rule']} ({row['breach']})" for row in rows if (row["rule"], row["breach"]) not in reported]


def prove(root: Path, terraform: Terraform, say: Callable[[str], object], rows: list[dict[str, Any]]) -> list[str]:
    """Put faults back, together, and plan; return those that their rule does not report."""
    with tempfile.TemporaryDirectory(prefix="nightshift-faults-") as folder:
        workshop = Workshop(root, Path(folder), terraform)
        for fault in rows:
            put_back(fault, workshop.root)
        say(f"faults: {len(rows)} put back into a copy, terraform init\n")
        workshop.prepare()
        reported: set[tuple[str, str]] = set()
        for environment in _ENVIRONMENTS:
            say(f"faults: {environment}: planning\n")
            plan = workshop.plan(workshop.root / "envs" / f"{environment}.tfvars")
            reported |= {
                (rule.id, f"{item.address}: {item.value}") for rule, items in broken_rules(plan) for item in items
            }
    unseen = unreported(rows, reported)
    say(f"faults: {len(rows) - len(unseen)} of {len(rows)} were reported by their own rule\n")
    return unseen


def main() -> None:
    """Exit 1 if a rule does not see its fault."""
    parser = argparse.ArgumentParser(prog="python -m nightshift.delivery.terraform_rules.prove", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to prove it on; this one by default")
    parser.add_argument("--wrapper", default="", help="as of python -m nightshift.delivery.terraform_rules")
    parser.add_argument("--each", action="store_true", help="put each fault back alone, in a copy of its own")
    arguments = parser.parse_args()
    batches = [[fault] for fault in faults()] if arguments.each else [faults()]
    root, terraform = arguments.root.resolve(), Terraform(arguments.wrapper)
    try:
        unseen = [row for batch in batches for row in prove(root, terraform, sys.stdout.write, batch)]
    except CommandError as error:
        sys.exit(f"error: {error}")
    if unseen:
        sys.exit(f"these rules did not see their fault: {'; '.join(unseen)}")


if __name__ == "__main__":
    main()
