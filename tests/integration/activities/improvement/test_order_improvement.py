"""A person asks for an improvement: a run's data once more, marked for the loop, once per improved run."""

from typing import Any, cast

import azure.durable_functions as df
import pytest

from activities.improvement.order_improvement import order_improvement
from nightshift.domain.improvement.messages import ImproveOrder, ImproveOrdered
from nightshift.domain.ledger.bodies import OutcomeBody, record
from nightshift.domain.ledger.keys import outcome_key
from nightshift.domain.platform.errors import BadInputError, NightshiftError, UnknownModelError
from nightshift.domain.platform.names import MODEL_QUEUE
from tests.support.model_data import Starts, validate
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")


def _decided(case: Case, name: str) -> str:
    """Let a run have come to its outcome."""
    run = f"lifecycle-{case.model}-{name}"
    case.services.ledger.append(
        record(OutcomeBody(outcome="rejected"), key=outcome_key(run, 0), model=case.model, run=run, subject="version 1")
    )
    return run


async def _order(case: Case, client: Starts, **given: Any) -> ImproveOrdered:
    order = ImproveOrder(**({"model": case.model, "by": "ann", "reason": "it must get better"} | given))
    return await order_improvement(case.services, cast("df.DurableOrchestrationClient", client), order)


async def test_the_data_of_the_last_decided_run_is_one_batch_for_the_loop(trained: Case, client: Starts) -> None:
    """From where its content is kept; who asked and why is in the ledger; the queue is woken."""
    _decided(trained, "c")
    run = _decided(trained, "d")
    ordered = await _order(trained, client)
    (upload,) = trained.services.uploads.claim(trained.model, 1, 0).uploads
    assert (ordered.improves, ordered.files, ordered.repeated) == (run, (f"{trained.model}/d.csv",), False)
    assert (upload.improve, upload.identity, upload.blob.container) == (True, ordered.identity, "silver")
    assert client.started == [(MODEL_QUEUE, f"queue-{trained.model}-1")]
    (entry,) = trained.services.ledger.of_kind(trained.model, "order")
    assert (entry.actor, entry.run, entry.body["reason"]) == ("ann", run, "it must get better")
    assert validate(trained, f"lifecycle-{trained.model}-again", upload).refused == ()


async def test_a_run_is_improved_once(trained: Case, client: Starts) -> None:
    """The second request gets the first order; the same call again is no second order either."""
    _decided(trained, "d")
    first = await _order(trained, client)
    again = await _order(trained, client)
    other = await _order(trained, client, by="bob")
    assert (again, other) == (first, first.model_copy(update={"repeated": True}))
    assert len(trained.services.ledger.of_kind(trained.model, "order")) == 1
    assert len(trained.services.uploads.claim(trained.model, 1, 0).uploads) == 1


async def test_an_earlier_run_can_be_named(trained: Case, client: Starts) -> None:
    """Its data is taken, not the newest."""
    run = _decided(trained, "b")
    _decided(trained, "d")
    assert (await _order(trained, client, run=run)).files == (f"{trained.model}/b.csv",)


@pytest.mark.parametrize(
    ("given", "error", "reason"),
    [
        ({}, BadInputError, "no run that was decided"),
        ({"run": "lifecycle-x-1"}, BadInputError, "no run that was decided"),
        ({"model": "nobody"}, UnknownModelError, "'nobody'"),
    ],
)
async def test_what_cannot_be_ordered_says_why(
    trained: Case, client: Starts, given: dict[str, str], error: type[NightshiftError], reason: str
) -> None:
    """Nothing is ordered."""
    with pytest.raises(error) as refused:
        await _order(trained, client, **given)
    assert refused.value.fields["field"] == "model"
    assert reason in refused.value.message
    assert client.started == []


async def test_a_spec_that_allows_nothing_is_said_at_once(trained: Case, client: Starts) -> None:
    """No job trains the same model again to find that there was nothing to try; an order that was given stands."""
    run = _decided(trained, "d")
    given = await _order(trained, client)
    trained.specify(improvement={})
    assert await _order(trained, client) == given
    client.started.clear()
    _decided(trained, "c")
    with pytest.raises(BadInputError) as refused:
        await _order(trained, client)
    assert (refused.value.code, refused.value.fields["field"]) == ("bad_input", "improvement.bounds.actions")
    assert client.started == []
    assert [entry.run for entry in trained.services.ledger.of_kind(trained.model, "order")] == [run]


async def test_a_run_of_another_model_is_refused(trained: Case, client: Starts) -> None:
    """The run must be this model's."""
    _decided(trained, "d")
    with pytest.raises(BadInputError) as refused:
        await _order(trained, client, run="lifecycle-other-1")
    assert (refused.value.fields["field"], refused.value.fields["value"]) == ("run", "lifecycle-other-1")
    assert f"is no run of {trained.model} " in refused.value.fields["rule"]
