"""Identities depend on the event alone."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nightshift.domain.improvement.messages import improvement_of
from nightshift.domain.platform.identity import (
    RUN_IN_TEXT,
    RunId,
    digest,
    idempotency_token,
    instance_id,
    short,
    slug,
)
from nightshift.domain.platform.names import IMPROVEMENT, LIFECYCLE


@given(st.text())
def test_a_slug_is_safe_for_instance_ids_table_keys_and_blob_names(text: str) -> None:
    """Any text, hostile or not, becomes a short name of harmless characters."""
    name = slug(text)
    assert 1 <= len(name) <= 64
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.-")


def test_an_instance_id_is_kind_model_and_event() -> None:
    """The id of a run can be read."""
    assert instance_id("lifecycle", "revenue_forecast", "0011") == "lifecycle-revenue_forecast-0011"


@given(kind=st.sampled_from([LIFECYCLE, IMPROVEMENT]), model=st.text(), event=st.text().map(short))
@example(kind=LIFECYCLE, model="improvement", event=short("a"))
@example(kind=LIFECYCLE, model="lifecycle-improvement-1", event=short("a"))
def test_the_id_of_a_run_is_made_and_taken_apart_alike(kind: str, model: str, event: str) -> None:
    """Whatever the model is called, also as a kind of orchestration is; a run and its loop name each other."""
    made = instance_id(kind, model, event)
    taken = RunId.parse(made)
    assert taken is not None
    assert (taken.kind, taken.model, str(taken), taken.relative.relative) == (kind, slug(model), made, taken)
    assert {kind, taken.relative.kind} == {LIFECYCLE, IMPROVEMENT}
    assert improvement_of(instance_id(LIFECYCLE, model, event)) == instance_id(IMPROVEMENT, model, event)


@pytest.mark.parametrize("text", ["", "lifecycle", "lifecycle-", "lifecycles-m-1", "review-m-1", "response-m-1", "i1"])
def test_what_is_no_run_is_not_taken_for_one(text: str) -> None:
    """Ids of other orchestrations and of incidents, and words."""
    assert RunId.parse(text) is None


@given(
    kind=st.sampled_from([LIFECYCLE, IMPROVEMENT]), model=st.from_regex(r"\A[a-z][a-z0-9_]{1,20}\Z"), event=st.text()
)
def test_the_id_of_a_run_is_found_in_a_sentence(kind: str, model: str, event: str) -> None:
    """As pages link it."""
    made = instance_id(kind, model, short(event))
    assert RUN_IN_TEXT.findall(f"decided on by {made} at noon, not by review-{model}-1") == [made]


def test_each_attempt_has_a_token_of_its_own_that_fits_databricks() -> None:
    """The same attempt has the same token; tokens have at most 64 characters."""
    first = idempotency_token("run", "train:0", 1)
    assert first == idempotency_token("run", "train:0", 1)
    assert first != idempotency_token("run", "train:0", 2)
    assert len(first) == 64


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    """Canonical JSON: two ways to write one value have one digest."""
    assert digest({"a": 1, "b": [1, 2]}) == digest({"b": [1, 2], "a": 1})
