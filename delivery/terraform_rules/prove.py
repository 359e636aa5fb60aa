"""``python -m delivery.terraform_rules.prove``: put every fault back into a copy; every rule must turn red."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from delivery.command import CommandError
from delivery.terraform_rules.__main__ import broken_rules
from delivery.terraform_rules.planning import Terraform, Workshop

ROOT = Path(__file__).resolve().parents[2]
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
                "delivery/terraform_rules/faults.yml how this fault is put back now"
            )
        path.write_text(text.replace(change["sound"], change["fault"], 1), encoding="utf-8")


def prove(root: Path, terraform: Terraform, say: Callable[[str], object]) -> list[str]:
    """Put all faults back and plan; return the rules that stayed green."""
    with tempfile.TemporaryDirectory(prefix="nightshift-faults-") as folder:
        workshop = Workshop(root, Path(folder), terraform)
        for fault in faults():
            put_back(fault, workshop.root)
        say(f"faults: {len(faults())} put back into a copy, terraform init\n")
        workshop.prepare()
        red: set[str] = set()
        for environment in _ENVIRONMENTS:
            say(f"faults: {environment}: planning\n")
            plan = workshop.plan(workshop.root / "envs" / f"{environment}.tfvars")
            red |= {rule.id for rule, _ in broken_rules(plan)}
    green = [fault["rule"] for fault in faults() if fault["rule"] not in red]
    say(f"faults: {len(faults()) - len(green)} of {len(faults())} rules turned red\n")
    return green


def main() -> None:
    """Exit 1 if a rule does not see its fault."""
    parser = argparse.ArgumentParser(prog="python -m delivery.terraform_rules.prove", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout to prove it on; this one by default")
    parser.add_argument("--wrapper", default="", help="as of python -m delivery.terraform_rules")
    arguments = parser.parse_args()
    try:
        green = prove(arguments.root.resolve(), Terraform(arguments.wrapper), sys.stdout.write)
    except CommandError as error:
        sys.exit(f"error: {error}")
    if green:
        sys.exit(f"these rules did not see their fault: {', '.join(green)}")


if __name__ == "__main__":
    main()
