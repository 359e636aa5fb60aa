"""Only compute that says of itself that it is not essential is paused."""

import pytest

from agents.response.compute import ESSENTIAL_TAG, choose, excluded_because, excluded_shown, leased
from nightshift.domain.response.compute import ComputeResource, ComputeState


def _resource(name: str, tag: str | None = "false", state: ComputeState = "running") -> ComputeResource:
    tags = {} if tag is None else {ESSENTIAL_TAG: tag}
    return ComputeResource(kind="all_purpose_cluster", id=f"id-{name}", name=name, state=state, tags=tags)


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (_resource("a"), ""),
        (_resource("a", tag=" False "), ""),
        (_resource("a", state="changing"), ""),
        (_resource("a", tag="true"), "it is tagged essential"),
        (_resource("a", tag=" TRUE"), "it is tagged essential"),
        (_resource("a", tag=None), "it has no tag nightshift-essential=false"),
        (_resource("a", tag="no"), "it has no tag nightshift-essential=false"),
        (_resource("a", tag=""), "it has no tag nightshift-essential=false"),
        (_resource("a", state="stopped"), "it does not run"),
        (_resource("essential-by-name"), "the playbook protects it"),
        (_resource("by-id"), "the playbook protects it"),
    ],
)
def test_what_is_excluded_and_why(resource: ComputeResource, reason: str) -> None:
    """In doubt it runs on: no tag, another value, a name or an id that the playbook protects."""
    assert excluded_because(resource, ("essential-by-name", "id-by-id")) == reason


def test_compute_is_split_into_paused_and_excluded() -> None:
    """Each resource is in one of them, the excluded with their reasons."""
    resources = (_resource("a"), _resource("b", tag="true"), _resource("c"), _resource("d", state="stopped"))
    paused, spared = choose(resources, ())
    assert [resource.name for resource in paused] == ["a", "c"]
    assert spared == {"b": "it is tagged essential", "d": "it does not run"}


def test_no_compute_is_nothing_to_pause() -> None:
    """An empty workspace."""
    assert choose((), ()) == ((), {})


def test_what_another_lease_has_stopped_is_held_too() -> None:
    """So that the end of the other starts nothing; what its owner has stopped stays theirs."""
    resources = (_resource("a", state="stopped"), _resource("b", state="stopped"))
    paused, spared = choose(resources, (), held=("id-a",))
    assert ([resource.name for resource in paused], spared) == (["a"], {"b": "it does not run"})


@pytest.mark.parametrize(
    ("there", "length", "name", "held"),
    [
        (101, 10, "n", 100),
        (100, 10, "n", 100),
        (99, 10, "n", 99),
        (99, 100, "n" * 60, 50),
        (99, 100, "n" * 61, 50),
        (99, 100, "n" * 59, 50),
        (99, 101, "n" * 60, 49),
        (99, 50, "\U0001f600" * 60, 57),
    ],
)
def test_a_lease_holds_what_its_records_hold(there: int, length: int, name: str, held: int) -> None:
    """At most 100 resources and 16,000 units: an id counts twice, a name of at most 60 characters once, and 60 for the
    rest. With an id of 100 and a name of 60 that is 320, of which 50 fit exactly; an emoji is two units.
    """
    one = _resource("a").model_copy(update={"id": "i" * length, "name": name})
    found = leased([one] * there)
    assert (len(found), {len(item.name) for item in found}) == (held, {min(len(name), 60)})


def test_one_unit_too_many_leaves_the_last_resource_out() -> None:
    """49 of 320 units and one of 321 are 16,001: an id of 101 twice, a name of 59, and 60."""
    one = _resource("a").model_copy(update={"id": "i" * 100, "name": "n" * 60})
    last = one.model_copy(update={"id": "i" * 101, "name": "n" * 59})
    assert (len(leased([one] * 50)), len(leased([*[one] * 49, last]))) == (50, 49)


def test_one_unit_too_many_leaves_the_last_excluded_out() -> None:
    """79 of 100 units and one of 101 are 8,001."""
    spared = {f"{number:03d}".ljust(60, "n"): "r" * 30 for number in range(79)}
    assert len(excluded_shown({**spared, "n" * 60: "r" * 30})) == 80
    assert excluded_shown({**spared, "n" * 60: "r" * 31}) == {**spared, "left out": "1 more"}


@pytest.mark.parametrize(
    ("there", "reason", "shown"),
    [(99, "r", 99), (100, "r", 100), (101, "r", 100), (81, "r" * 30, 80), (80, "r" * 30, 80), (80, "r" * 31, 79)],
)
def test_the_excluded_are_shown_as_far_as_an_entry_holds_them(there: int, reason: str, shown: int) -> None:
    """At most 100, and 8,000 units: 60 of a name, 30 of a reason and 10 are 100, of which 80 fit exactly."""
    spared = {f"{number:03d}".ljust(70, "n"): reason for number in range(there)}
    found = excluded_shown(spared)
    left = found.pop("left out", "0 more")
    assert (len(found), left, {len(name) for name in found}) == (shown, f"{there - shown} more", {60})
