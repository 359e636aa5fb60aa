"""docs/deploy.md counts and names what the code deploys."""

import re

from tests.unit.terraform.hcl import ENVIRONMENTS, ROOT, TERRAFORM, declared, sources

PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_endpoints_and_zones_are_counted_right() -> None:
    """The fixed cost of a private environment is that of the endpoints and zones which are made."""
    table = (TERRAFORM / "main.private_link.tf").read_text(encoding="utf-8")
    endpoints = len(re.findall(r"subresource\s*=", table))
    zones = len(set(re.findall(r'"(privatelink\.[\w.-]+)"', table)))
    assert re.findall(r"^\| private endpoints .* (\d+): \$([\d.]+) \|$", PAGE, re.MULTILINE) == [
        (str(endpoints), f"{endpoints * 7.30:.2f}")
    ]
    assert re.findall(r"^\| private DNS zones .* (\d+): \$([\d.]+) \|$", PAGE, re.MULTILINE) == [
        (str(zones), f"{zones * 0.50:.2f}")
    ]


def test_the_sum_adds_up() -> None:
    """The last line of the table is the sum of what has a price."""
    rows = re.findall(r"^\| .*\|$", PAGE[PAGE.index("Fixed cost") : PAGE.index("**sum of")], re.MULTILINE)
    dev, private = 0.0, 0.0
    for row in rows:
        *_, left, right = (cell.strip() for cell in row.strip("|").split("|"))
        for cell, add_dev in ((left, True), (right, False)):
            price = re.search(r"\$([\d.]+)", cell)
            if price and add_dev:
                dev += float(price[1])
            elif price:
                private += float(price[1])
    assert f"**${dev:.2f}** | **${private:.2f}**" in PAGE


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
