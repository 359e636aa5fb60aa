"""Identities depend on the event alone."""

from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.platform.identity import digest, idempotency_token, instance_id, slug


@given(st.text())
def test_a_slug_is_safe_for_instance_ids_table_keys_and_blob_names(text: str) -> None:
    """Any text, hostile or not, becomes a short name of harmless characters."""
    name = slug(text)
    assert 1 <= len(name) <= 64
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-")


def test_an_instance_id_is_kind_model_and_event() -> None:
    """The id of a run can be read."""
    assert instance_id("lifecycle", "revenue_forecast", "0011") == "lifecycle-revenue_forecast-0011"


def test_each_attempt_has_a_token_of_its_own_that_fits_databricks() -> None:
    """The same attempt has the same token; tokens have at most 64 characters."""
    first = idempotency_token("run", "train:0", 1)
    assert first == idempotency_token("run", "train:0", 1)
    assert first != idempotency_token("run", "train:0", 2)
    assert len(first) == 64


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    """Canonical JSON: two ways to write one value have one digest."""
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
