"""The rule of instance ids."""

from __future__ import annotations

import pytest

from local_host.durable.errors import InvalidRequestError
from local_host.durable.instance_id import check_instance_id, new_instance_id


def test_new_ids_are_guids_without_dashes() -> None:
    """Each is new, and follows the rule."""
    one, other = new_instance_id(), new_instance_id()
    assert one != other
    assert len(one) == 32
    assert check_instance_id(one) == one


@pytest.mark.parametrize("good", ["lifecycle:revenue:2026-11-21", "0123456789abcdef:3", "x" * 256, "a@b", "ü"])
def test_ids_that_azure_takes_are_taken(good: str) -> None:
    """Colons, dashes and letters of any language are fine."""
    assert check_instance_id(good) == good


@pytest.mark.parametrize(
    ("bad", "rule"),
    [
        ("", "1 to 256"),
        ("x" * 257, "1 to 256"),
        ("@x", "must not start with"),
        ("a/b", "must not hold"),
        ("a\tb", "must not hold"),
    ],
)
def test_others_are_refused_with_the_rule(bad: str, rule: str) -> None:
    """The error says which part of the rule was broken."""
    with pytest.raises(InvalidRequestError, match=rule):
        check_instance_id(bad)
