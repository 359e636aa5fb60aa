"""The same providers everywhere, each pinned to one version, whether or not a lock file is there."""

import re
from pathlib import Path

import pytest

from tests.unit.terraform.hcl import ROOT, TERRAFORM, block, sources

FILES = sorted(file for file in TERRAFORM.rglob("terraform.tf") if ".terraform" not in file.parts)
_PROVIDER = re.compile(r'source\s*=\s*"([\w/]+)"\n\s*version = "([^"]+)"')


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_each_version_is_exact(file: Path) -> None:
    """A range takes another provider on another day: plan, apply and drift would differ."""
    found = _PROVIDER.findall(file.read_text(encoding="utf-8"))
    assert found != []
    assert [version for _, version in found if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_modules_and_root_name_the_same_version() -> None:
    """Two exact versions of one provider cannot both be had."""
    versions: dict[str, set[str]] = {}
    for file in FILES:
        for source, version in _PROVIDER.findall(file.read_text(encoding="utf-8")):
            versions.setdefault(source, set()).add(version)
    assert {source: found for source, found in versions.items() if len(found) > 1} == {}


def test_the_drift_plan_keeps_to_the_lock() -> None:
    """With a lock file, its digests hold; without one, the drift plan still runs."""
    assert "LOCKED = $(if $(wildcard terraform/.terraform.lock.hcl),-lockfile=readonly)" in (
        ROOT / "Makefile"
    ).read_text(encoding="utf-8")
    assert ".terraform.lock.hcl" not in (TERRAFORM / ".gitignore").read_text(encoding="utf-8")


def test_what_subnets_are_delegated_to_is_registered() -> None:
    """Azure refuses a delegation to a provider that the subscription has not registered; azurerm knows Web only."""
    delegated = re.search(r'functions_delegation = local.flex \? "([\w.]+)/', sources(TERRAFORM))
    registered = re.search(
        r"resource_providers_to_register = \[(.*)\]", block(sources(TERRAFORM), 'provider "azurerm" {')
    )
    assert delegated is not None
    assert registered is not None
    assert delegated[1] in re.findall(r'"([\w.]+)"', registered[1])
