"""Every resource that costs has a price, every price its source and date, and the page shows what they come to."""

import re
from datetime import date

import pytest

from tests.unit.terraform.cost_table import COSTS, PAGE, USED, files, fixed, page_with_tables, prices
from tests.unit.terraform.hcl import TERRAFORM

_USED_PRICES = {price for _, price, _ in USED}


def test_the_page_shows_the_tables() -> None:
    """docs/deploy.md is what prices, tfvars and code render to."""
    page = PAGE.read_text(encoding="utf-8")
    assert page == page_with_tables(page)


@pytest.mark.parametrize("name", sorted(prices()))
def test_each_price_has_its_unit_region_source_and_dates(name: str) -> None:
    """A figure without its source cannot be asked again."""
    price = prices()[name]
    assert price["usd"] > 0
    assert price["unit"]
    assert price["region"]
    assert len(price["source"]) > 10
    assert isinstance(price["of"], date)
    assert price["of"] <= price["read"]


def test_every_resource_is_priced_or_free() -> None:
    """A new type of resource needs its price, or the reason why it has none."""
    made = {
        kind
        for file in TERRAFORM.rglob("*.tf")
        if ".terraform" not in file.parts
        for kind in re.findall(r'^resource "(\w+)"', file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(COSTS) == made


def test_every_price_is_of_a_resource_and_on_the_page() -> None:
    """No price is left over, none is missing, and each is in one of the tables."""
    shown = {item.price for item in fixed()} | _USED_PRICES
    of_resources = {price for cost in COSTS.values() if isinstance(cost, tuple) for price in cost}
    assert shown == set(prices())
    assert of_resources == set(prices())


def test_no_cell_is_blank() -> None:
    """Each environment has a figure for each fixed item."""
    for item in fixed():
        assert set(item.times) == set(files())


def test_nothing_is_kept_idle_that_need_not_be() -> None:
    """Neither machines of Databricks nor, outside prod, instances of the app wait for work."""
    times = {item.what: item.times for item in fixed()}
    assert set(times["machines kept idle"].values()) == {0}
    assert {times["app instances kept ready"][name] for name in ("dev", "qa", "smallest")} == {0}
