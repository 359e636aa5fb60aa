"""``python -m nightshift.delivery.terraform_rules``: plan each environment and hold the rules against the plan."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from nightshift.delivery.command import CommandError
from nightshift.delivery.terraform_rules.plan import Plan
from nightshift.delivery.terraform_rules.planning import Terraform, Workshop
from nightshift.delivery.terraform_rules.rule import Breach, Rule
from nightshift.delivery.terraform_rules.table import RULES

_ROOT = Path(__file__).resolve().parents[3]


def value_files(root: Path) -> dict[str, Path]:
    """The values of each environment and of each example, by the name under which they are reported."""
    terraform = root / "terraform"
    environments = {file.stem: file for file in sorted((terraform / "envs").glob("*.tfvars"))}
    examples = {f"examples/{file.stem}": file for file in sorted((terraform / "examples").glob("*.tfvars"))}
    return environments | examples


def broken_rules(plan: Plan) -> list[tuple[Rule, list[Breach]]]:
    """Everything in a plan that Azure would refuse, by rule."""
    found = [(rule, list(rule.check(plan))) for rule in RULES]
    return [(rule, breaches) for rule, breaches in found if breaches]


def describe(name: str, rule: Rule, breaches: list[Breach]) -> str:
    """The lines that say what is refused, where, why, and who says so."""
    return "\n".join(
        [
            f"  refused  {name}  {rule.id}: {rule.forbids}",
            *(f"             {breach.address}: {breach.value}" for breach in breaches),
            f"           {rule.because}",
            f"           source: {rule.source}",
            "",
        ]
    )


def check(root: Path, terraform: Terraform, say: Callable[[str], object]) -> int:
    """Plan and check every environment; return how many rules are broken."""
    found = 0
    with tempfile.TemporaryDirectory(prefix="nightshift-rules-") as folder:
        say("rules: copying the configuration, terraform init\n")
        workshop = Workshop(root, Path(folder), terraform)
        workshop.prepare()
        for name, file in value_files(root).items():
            say(f"rules: {name}: planning\n")
            plan = workshop.plan(file)
            broken = broken_rules(plan)
            for rule, breaches in broken:
                say(describe(name, rule, breaches))
            say(f"rules: {name}: {len(plan.resources)} resources, {len(RULES)} rules, {len(broken)} broken\n")
            found += len(broken)
    return found


def main() -> None:
    """Check all environments; exit 1 if a rule is broken."""
    parser = argparse.ArgumentParser(prog="python -m nightshift.delivery.terraform_rules", description=__doc__)
    parser.add_argument("--root", type=Path, default=_ROOT, help="checkout to check; this one by default")
    wrapper = "program that runs `WRAPPER --chdir FOLDER -- COMMAND` in place of terraform"
    parser.add_argument("--wrapper", default="", help=wrapper)
    arguments = parser.parse_args()

    def say(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    try:
        found = check(arguments.root.resolve(), Terraform(arguments.wrapper), say)
    except CommandError as error:
        sys.exit(f"error: {error}")
    if found:
        sys.exit(
            f"{found} rules are broken: Azure would refuse it, or it could not work (delivery/terraform_rules/table.py)"
        )


if __name__ == "__main__":
    main()
