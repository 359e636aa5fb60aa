"""docs/architecture.mmd shows what the code deploys."""

import re

import yaml

from nightshift.delivery.terraform_rules.roles_page import role_table
from tests.unit.terraform.hcl import ROOT, TERRAFORM, block, declared, keys, modules, sources

DIAGRAM = (ROOT / "docs" / "architecture.mmd").read_text(encoding="utf-8")
# The vault's node shows what lies in it, and the right to publish is a right on the app.
NODES = {"key_vault": "vault", "function_app": "app"}
# modules/roles is the arrows.
NOT_DRAWN = {"roles"}


def test_every_module_is_a_part_of_the_picture() -> None:
    """No module is missing, and none is drawn that is not there."""
    assert sorted(re.findall(r"^  subgraph (\w+)", DIAGRAM, re.MULTILINE)) == sorted(set(modules()) - NOT_DRAWN)


def test_every_module_is_deployed() -> None:
    """A module that the root does not call is dead code."""
    called = set(re.findall(r'source\s*= "\./modules/(\w+)"', sources(TERRAFORM)))
    assert called == set(modules())


def test_every_right_is_an_arrow() -> None:
    """The solid arrows are exactly the rows of the role table."""
    arrows = set(re.findall(r"^  (\w+) -->\|[^|]+\| (\w+)$", DIAGRAM, re.MULTILINE))
    assert arrows == {(row["who"], NODES.get(row["scope"], row["scope"])) for row in role_table()["azure"]}


def test_every_node_of_an_arrow_is_drawn() -> None:
    """Mermaid would invent a node for a misspelt name."""
    nodes = set(re.findall(r"^ +(\w+)[\[(]", DIAGRAM, re.MULTILINE))
    ends = re.findall(r"^  (\w+) (?:-->|-\.->|-\.-)(?:\|[^|]+\|)? (\w+)$", DIAGRAM, re.MULTILINE)
    assert {name for pair in ends for name in pair} - nodes == set()


def test_queues_and_jobs_are_drawn() -> None:
    """The picture names each queue and each job."""
    queues = yaml.safe_load((TERRAFORM / "service_bus_queues.yml").read_text(encoding="utf-8"))["queues"]
    jobs = [
        yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in (ROOT / "training" / "job_definitions").glob("*.yml")
    ]
    for name in [*(queue["name"] for queue in queues), *(job["name"] for job in jobs)]:
        assert name in DIAGRAM


def test_identities_are_drawn() -> None:
    """The picture names each identity."""
    identities = keys(block(sources(TERRAFORM / "modules" / "identity"), "for_each = {"))
    assert sorted(re.findall(r"^    (\w+)_id\[", DIAGRAM, re.MULTILINE)) == sorted(identities)


def test_containers_are_drawn() -> None:
    """The picture names each container."""
    for name in [*keys(block(sources(TERRAFORM / "modules" / "storage"), "for_each = {")), "releases"]:
        assert name in DIAGRAM


def test_outputs_are_described() -> None:
    """Every output of the root says what it is."""
    assert len(re.findall(r'^output "\w+" \{\n  description', sources(TERRAFORM), re.MULTILINE)) == len(
        declared("output", TERRAFORM)
    )
