"""The look at the champion: moves that are still owed, and differences of alias and endpoint that come back."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from activities.reviews.act_on_review import act_on_review
from activities.reviews.close_review import close_review
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.platform.errors import MoveCalledOffError
from nightshift.domain.platform.names import CHAMPION
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import FinalizeReviewRequest
from nightshift.domain.reviews.review import Review
from nightshift.domain.watch.sweep import Swept
from nightshift.services.champions.move_champion import ABANDONED_AFTER, move_champion
from nightshift.services.reviews.decide_review import decide_review
from tests.integration.sweeps.night import STATES, Night
from tests.support.interruptions import Interrupted, KilledError
from tests.support.memory_ports import MemoryServing
from tests.support.model_data import Starts
from tests.support.refusals import refusal
from tests.support.responder import Case
from tests.support.reviewing import flag, read, request

pytestmark = pytest.mark.xdist_group("mlflow")


def _last(case: Case) -> AliasChange:
    return case.services.champions.moves(case.model)[-1]


def _killed_after_begin(case: Case, act: Callable[[Services], object]) -> None:
    """Do something that moves the champion, killed between the intent and the alias."""
    number = 0
    while _last(case).state != "begun":
        number += 1
        with pytest.raises(KilledError):
            act(Interrupted(case.services, last=number, after=False))


def _approved(case: Case, client: MlflowClient, folder: Path, **spec: str) -> Review:
    review = flag(case, client, folder, **spec)
    return decide_review(case.services, review, choice="approve", by="ann", comment="looks right")


@pytest.fixture
def night(case: Case, tmp_path: Path) -> Night:
    """Sixteen minutes after what the test does, while the orchestration of every order runs."""
    night = Night(case, tmp_path)
    night.passed, night.state = ABANDONED_AFTER + timedelta(minutes=1), STATES.Running
    return night


# --- a move that a review owes


async def test_the_promotion_that_an_approval_owes_is_not_called_off(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, night: Night
) -> None:
    """Killed between intent and alias: the sweep leaves it, and the review's orchestration makes it."""
    review = _approved(case, mlflow_client, tmp_path)
    await asyncio.to_thread(
        _killed_after_begin, case, lambda services: asyncio.run(act_on_review(services, Starts(), request(review)))
    )
    assert (await night.sweep(), _last(case).state, night.notifications()) == (Swept(found=0), "begun", [])
    assert (await act_on_review(night.services, Starts(), request(review))).state == "promoted"
    assert (case.champion, case.reigns) == ("2", ["1", "2"])
    await night.quiet()


async def test_the_return_that_a_failed_approval_owes_is_not_called_off(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, night: Night
) -> None:
    """The endpoint did not follow: the champion before comes back, whoever looks in between."""
    case.replace(serving=MemoryServing("1"))
    review = _approved(case, mlflow_client, tmp_path, serving_endpoint="revenue")
    await act_on_review(case.services, Starts(), request(review))
    order = FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem="the endpoint did not follow")
    _killed_after_begin(case, lambda services: close_review(services, order))
    assert (await night.sweep(), _last(case).state) == (Swept(found=0), "begun")
    close_review(night.services, order)
    assert (case.champion, case.reigns, read(case, review).state) == ("1", ["1", "2", "1"], "failed")
    assert "version 1 is champion again" in read(case, review).detail


async def test_an_approval_whose_move_was_called_off_says_so(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, night: Night
) -> None:
    """Another change of champion came after it had rested for long: nothing that it was given for has changed."""
    review = _approved(case, mlflow_client, tmp_path)
    await asyncio.to_thread(
        _killed_after_begin, case, lambda services: asyncio.run(act_on_review(services, Starts(), request(review)))
    )
    case.services.champions.finalize(_last(case), "void")
    with refusal(MoveCalledOffError, model=case.model, expected="1", actual="1", version="2"):
        move_champion(
            case.services,
            model=case.model,
            expected="1",
            version="2",
            run="r",
            decided_by=review.decision_key,
            kind="review",
        )
    assert (await act_on_review(night.services, Starts(), request(review))).state == "void"
    kept = read(case, review)
    assert (kept.changed, "was called off" in kept.detail, "has changed" in kept.detail) == ((), True, False)
    assert kept.fresh


# --- differences that come back


async def _look(night: Night, *, day: int) -> list[str]:
    """What a sweep on that day reports."""
    before = len(night.notifications())
    night.move_to(day)
    await night.sweep()
    return [body for _, body in night.notifications()[before:]]


async def test_an_endpoint_that_is_only_not_ready_is_reported_each_time_it_goes_down(
    champions: Case, tmp_path: Path
) -> None:
    """Nobody has changed it, and nobody is said to have; within some hours it is reported once."""
    night, serving = Night(champions, tmp_path), MemoryServing("3")
    champions.specify(serving_endpoint="revenue")
    champions.replace(serving=serving)
    up, down = serving.state, serving.state.model_copy(update={"ready": False})
    assert await _look(night, day=1) == []
    for day in (2, 9):
        serving.state = down
        (said,) = await _look(night, day=day)
        assert ("is not ready" in said, "outside" in said, "followed" in said) == (True, False, False)
        assert await _look(night, day=day) == []
        serving.state = up
        assert await _look(night, day=day + 1) == []
    assert serving.asked == []


async def test_an_endpoint_that_the_spec_names_since_is_asked_to_follow(champions: Case, tmp_path: Path) -> None:
    """It has never served the champion: nobody has moved it away."""
    night = Night(champions, tmp_path)
    champions.specify(serving_endpoint="revenue")
    champions.replace(serving=MemoryServing("3"))
    assert await _look(night, day=1) == []
    new = MemoryServing("1")
    new.state = new.state.model_copy(update={"endpoint": "new"})
    champions.specify(serving_endpoint="new")
    champions.replace(serving=new)
    (said,) = await _look(night, day=2)
    assert ("endpoint new serves version 1" in said, "outside" in said, new.asked) == (True, False, ["3"])
    new.end_update()
    assert await _look(night, day=3) == []


async def test_an_endpoint_of_a_mark_of_an_earlier_release_is_the_one_that_the_spec_names(
    champions: Case, tmp_path: Path
) -> None:
    """Such a mark knows that the champion was served, and not by what: what was changed by hand is left."""
    night, serving = Night(champions, tmp_path), MemoryServing("1")
    champions.specify(serving_endpoint="revenue")
    champions.replace(serving=serving)
    sweeps, last = champions.services.sweeps, _last(champions)
    mark = sweeps.mark(champions.model)
    sweeps.move_mark(mark, mark.model_copy(update={"served": last.sequence}))
    (said,) = await _look(night, day=1)
    assert ("outside Nightshift" in said, serving.asked) == (True, [])


async def test_an_alias_that_is_moved_by_hand_again_is_reported_again(
    champions: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """It was moved back in between: a month later it is news."""
    night = Night(champions, tmp_path)
    for day in (1, 31):
        mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "1")
        (said,) = await _look(night, day=day)
        assert "changed outside" in said
        assert await _look(night, day=day) == []
        mlflow_client.set_registered_model_alias(champions.model, CHAMPION, "3")
        assert await _look(night, day=day + 1) == []
