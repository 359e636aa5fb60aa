"""What follows from the end of a review is done and notified, wherever a call breaks off: real storage, real
registry."""

import contextlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from mlflow import MlflowClient

from activities.reviews.act_on_review import act_on_review
from activities.reviews.close_review import close_review
from nightshift.clients.notifications.notifier import AppriseNotifier
from nightshift.domain.platform.errors import ServiceRefusedError
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.platform.ports import Services
from nightshift.domain.reviews.messages import FinalizeReviewRequest, ReviewResult
from nightshift.domain.reviews.review import Review
from nightshift.services.champions.move_champion import move_champion
from nightshift.services.reviews.decide_review import decide_review, expire
from tests.support.failing_ports import without_alias
from tests.support.interruptions import Interrupted, KilledError
from tests.support.model_data import Starts
from tests.support.responder import Case, Replaced
from tests.support.reviewing import flag, read, request

pytestmark = pytest.mark.xdist_group("mlflow")

KILLED = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


@pytest.fixture
def titles(case: Case, tmp_path: Path) -> Callable[[], set[str]]:
    """Titles of what was sent; twice is allowed where the process dies between sending and its record."""
    file = tmp_path / "told.jsonl"
    case.replace(notifier=AppriseNotifier("", file))

    def read_titles() -> set[str]:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return {json.loads(line)["title"] for line in lines}

    return read_titles


async def _killed_at_each_call(
    case: Case, after: bool, call: Callable[[Services], Awaitable[ReviewResult]]
) -> ReviewResult:
    number = 0
    while True:
        number += 1
        try:
            result = await call(Interrupted(case.services, last=number, after=after))
        except KilledError:
            continue
        assert number > 5
        return result


def _approved(case: Case, client: MlflowClient, folder: Path, **spec: Any) -> Review:
    review = flag(case, client, folder, **spec)
    return decide_review(case.services, review, choice="approve", by="ann", comment="looks right")


@KILLED
async def test_an_endpoint_that_did_not_follow_goes_back_and_pages(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, titles: Callable[[], set[str]], after: bool
) -> None:
    """Killed between the review's end and what follows, and called again: the same endpoint, the same page."""
    review = _approved(case, mlflow_client, tmp_path, serving_endpoint="revenue")
    await act_on_review(case.services, Starts(), request(review))
    assert case.champion == "2"
    settle = FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem="the endpoint failed")

    async def call(services: Services) -> ReviewResult:
        return close_review(services, settle)

    result = await _killed_at_each_call(case, after, call)
    assert (result.state, result.endpoint, result.version) == ("failed", "revenue", "1")
    assert (case.champion, case.reigns) == ("1", ["1", "2", "1"])
    assert titles() == {f"What was decided about {case.model} did not work"}
    assert close_review(case.services, settle) == result


async def test_an_endpoint_is_not_sent_back_once_the_champion_has_moved_on(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """A repeat that comes late names no endpoint: it would serve a version that is champion no more."""
    review = _approved(case, mlflow_client, tmp_path, serving_endpoint="revenue")
    await act_on_review(case.services, Starts(), request(review))
    settle = FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem="the endpoint failed")
    close_review(case.services, settle)
    move_champion(
        case.services, model=case.model, expected="1", version="3", run="other", decided_by="other", kind="promotion"
    )
    assert close_review(case.services, settle).endpoint == ""


@KILLED
async def test_a_void_approval_is_reported(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, titles: Callable[[], set[str]], after: bool
) -> None:
    """The approver believes that it is promoted."""
    review = _approved(case, mlflow_client, tmp_path)
    case.services.registry.tag(case.model, "2", TAG_QUARANTINE, "i7")

    async def call(services: Services) -> ReviewResult:
        return await act_on_review(services, Starts(), request(review))

    assert (await _killed_at_each_call(case, after, call)).state == "void"
    assert titles() == {f"The approval of {case.model} is void"}
    assert [entry.kind for entry in case.entries()].count("order") == 1


class _KilledAfter:
    """A port whose process is gone right after one call."""

    def __init__(self, port: Any, call: str) -> None:
        self._port = port
        self._call = call

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._call:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            found(*args, **kwargs)
            raise KilledError

        return call


@pytest.mark.parametrize(("port", "call"), [("reviews", "change"), ("notifications", "begin")])
@pytest.mark.parametrize("end", ["void", "expired", "failed"])
async def test_an_end_is_reported_after_a_kill_right_behind_it(
    case: Case,
    mlflow_client: MlflowClient,
    tmp_path: Path,
    titles: Callable[[], set[str]],
    port: str,
    call: str,
    end: str,
) -> None:
    """The review is closed and nobody was notified: the next call sends it."""
    review = flag(case, mlflow_client, tmp_path)
    settle = FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem="it broke")
    if end == "expired":
        expire(case.services, review)
    else:
        decide_review(case.services, review, choice="approve", by="ann", comment="looks right")
    if end == "void":
        case.services.registry.tag(case.model, "2", TAG_QUARANTINE, "i7")
    killed = cast("Services", Replaced(case.services, **{port: _KilledAfter(getattr(case.services, port), call)}))
    for services, kills in ((killed, True), (case.services, False)):
        with pytest.raises(KilledError) if kills else contextlib.nullcontext():
            if end == "failed":
                close_review(services, settle)
            else:
                await act_on_review(services, Starts(), request(review))
    assert read(case, review).state == end
    assert len(titles()) == 1


@KILLED
async def test_an_expiry_is_reported(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, titles: Callable[[], set[str]], after: bool
) -> None:
    """Nobody has decided, and everybody who was asked must know that it is over."""
    review = expire(case.services, flag(case, mlflow_client, tmp_path))

    async def call(services: Services) -> ReviewResult:
        return await act_on_review(services, Starts(), request(review))

    assert (await _killed_at_each_call(case, after, call)).state == "expired"
    assert (titles(), read(case, review).settled) == ({f"The review of {case.model} has expired"}, True)


@KILLED
async def test_a_promotion_is_one_move(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path, titles: Callable[[], set[str]], after: bool
) -> None:
    """The promoting path, at each call: one move, one outcome, and nobody is notified of a failure."""
    review = _approved(case, mlflow_client, tmp_path)

    async def call(services: Services) -> ReviewResult:
        return await act_on_review(services, Starts(), request(review))

    assert (await _killed_at_each_call(case, after, call)).state == "promoted"
    assert (case.champion, case.reigns, titles()) == ("2", ["1", "2"], set())


async def test_a_move_that_was_begun_and_failed_is_called_off(
    case: Case, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    """MLflow refused it: the review has failed, and the next change of champion does not wait for its move."""
    review = _approved(case, mlflow_client, tmp_path)
    refusing = without_alias(case.services, ServiceRefusedError("MLflow", "403", "the identity may not set aliases"))
    with pytest.raises(ServiceRefusedError) as refused:
        await act_on_review(refusing, Starts(), request(review))
    settle = FinalizeReviewRequest(model=case.model, review_id=review.review_id, problem=refused.value.message)
    close_review(case.services, settle)
    assert read(case, review).detail.endswith("the champion was not changed")
    move_champion(
        case.services, model=case.model, expected="1", version="3", run="other", decided_by="other", kind="promotion"
    )
    assert case.champion == "3"
