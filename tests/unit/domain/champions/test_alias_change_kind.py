"""Moves of releases that wrote no kind: every spelling of the key of an order that they used."""

import pytest

from nightshift.domain.champions.alias_change_kind import OUTSIDE, AliasChangeKind, kind_of_order


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (OUTSIDE, "outside"),
        ("lifecycle-m-0123456789abcdef:decision:0", "promotion"),
        ("improvement-m-0123456789abcdef:decision:2", "promotion"),
        ("lifecycle-m-0123456789abcdef:withdrawal", "withdrawal"),
        ("review:lifecycle-m-0123456789abcdef-0:decision", "review"),
        ("review:lifecycle-m-0123456789abcdef-0:decision:undo", "withdrawal"),
        ("rollback:m:2", "rollback"),
        ("rollback:m:2:20260301T120000.000000", "rollback"),
        ("undo:0123456789ab:rollback", "undo"),
        ("undo:0123456789ab:retrain", "undo"),
        # Models whose names are words of the keys.
        ("lifecycle-review-0123456789abcdef:decision:0", "promotion"),
        ("rollback:undo:2", "rollback"),
        ("rollback:withdrawal:2", "rollback"),
    ],
)
def test_the_key_of_the_order_says_what_the_move_was(key: str, kind: AliasChangeKind) -> None:
    """The release before derived the kind from it each time that it was asked."""
    assert kind_of_order(key) == kind
