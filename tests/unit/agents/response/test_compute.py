"""Only compute that says of itself that it is not essential is paused."""

import pytest

from agents.response.compute import ESSENTIAL_TAG, choose, spared_because
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
def test_what_is_spared_and_why(resource: ComputeResource, reason: str) -> None:
    """In doubt it runs on: no tag, another value, a name or an id that the playbook protects."""
    assert spared_because(resource, ("essential-by-name", "id-by-id")) == reason


def test_compute_is_split_into_paused_and_spared() -> None:
    """Each resource is in one of them, the excluded with their reasons."""
    resources = (_resource("a"), _resource("b", tag="true"), _resource("c"), _resource("d", state="stopped"))
    paused, spared = choose(resources, ())
    assert [resource.name for resource in paused] == ["a", "c"]
    assert spared == {"b": "it is tagged essential", "d": "it does not run"}


def test_no_compute_is_nothing_to_pause() -> None:
    """An empty workspace."""
    assert choose((), ()) == ((), {})
