"""docs/deploy.md counts and names what the code deploys."""

import re

from tests.unit.terraform.hcl import ENVIRONMENTS, ROOT, TERRAFORM, declared, sources

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_each_step_by_hand_says_what_to_do_and_how_to_see_it() -> None:
    """Each step has a name of its own, a command or place, and a way to see that it worked."""
    table = PAGE[PAGE.index("### Steps by hand, in order") : PAGE.index("## 4. Code")]
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines() if line.startswith("| ")
    ]
    steps = rows[1:]
    names = [re.sub(r" \(private\)$", "", step[0]) for step in steps]
    assert len(names) >= 15
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert [step for step in steps if len(step) != 3 or not step[1] or "`" not in step[2]] == []


def test_every_environment_is_described() -> None:
    """Service Bus and redundancy of each environment are what its tfvars say."""
    for environment in ENVIRONMENTS:
        text = (TERRAFORM / "envs" / f"{environment}.tfvars").read_text(encoding="utf-8")
        column = {"dev": 2, "qa": 3, "prod": 4}[environment]
        replication = re.search(r'^storage_replication\s*= "(\w+)"', text, re.MULTILINE)
        sku = re.search(r'^service_bus = \{\n\s*sku\s*= "(\w+)"', text, re.MULTILINE)
        assert replication is not None
        assert sku is not None
        for row, wanted in (("storage", replication[1]), ("Service Bus", sku[1])):
            line = next(line for line in PAGE.splitlines() if re.match(rf"\| {row} \| (Standard|LRS)", line))
            assert line.split("|")[column].strip().startswith(wanted)


def test_outputs_on_the_page_exist() -> None:
    """A command of the page asks for outputs that the root has."""
    asked = set(re.findall(r"output (?:-raw )?([a-z_]+)", PAGE)) - {"backend"}
    assert asked - set(declared("output", TERRAFORM)) == set()
    assert "backend" in declared("output", TERRAFORM / "bootstrap")


def test_variables_on_the_page_exist() -> None:
    """A variable that the page names is one of the root."""
    named = set(
        re.findall(r"`(alert_webhook|notify_urls_version|data_producers|alert_sources|allowed_ip_ranges)", PAGE)
    )
    assert named - set(declared("variable", TERRAFORM)) == set()
    assert "deploy_content" in sources(TERRAFORM)
