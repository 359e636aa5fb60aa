"""Reviews for a terminal: the list and the packet, whatever the texts in them look like."""

from typing import Any

from rich.console import Console, RenderableType

from nightshift.cli.review_report import packet_report, reviews_table
from nightshift.domain.lifecycle.evidence import Interval, MetricComparison, SliceComparison
from nightshift.domain.reviews.packet import FeatureDrift, Link, ReviewPacket
from nightshift.domain.reviews.review import ChangedPrecondition, ReviewDecision
from tests.support.evidence_examples import make_evidence
from tests.support.review_examples import OPENED, make_review


def _text(shown: RenderableType) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def _packet(**given: Any) -> ReviewPacket:
    metric = MetricComparison(
        name="rmse", tracked=True, champion=10.0, challenger=8.0, difference=Interval(low=-2.5, high=-1.5),
        verdict="better",
    )  # fmt: skip
    lost = SliceComparison(
        column="season", value="[red]winter", rows=90, metric="rmse", champion=5.0, challenger=8.0, verdict="worse"
    )
    evidence = make_evidence(metric, rows=200, slices=(lost,))
    review = make_review(reason="better on [b]rmse[/b]")
    fields: dict[str, Any] = {
        "review": review,
        "evidence": evidence,
        "better": ("rmse",),
        "worse": (),
        "losing_slices": (lost,),
        "drift": (FeatureDrift(column="temp", psi=0.31, p=0.02),),
        "data_quality": (),
        "data_source": "station 7",
        "due_at": review.due_at,
        "next_step": review.next_step,
        "if_nobody_answers": ("03:10: on-call is notified again",),
        "cost_of_waiting": ("waiting costs that difference, 20.0%",),
        "stale": (),
        "entries": (),
        "links": (Link(title="MLflow: the comparison", url="http://mlflow/1"),),
        "missing": (),
    }
    return ReviewPacket(**{**fields, **given})


def test_an_empty_list_says_so() -> None:
    """Nothing waits."""
    assert _text(reviews_table([])).strip() == "no reviews: nothing waits for a person"


def test_the_list_says_what_came_of_each() -> None:
    """An open one with its time, a decided one with its verdict; ids are whole."""
    decision = ReviewDecision(choice="approve", by="ann", comment="c", at=OPENED)
    done = make_review(review_id="r2", state="void", decision=decision, detail="the approval is void")
    shown = _text(reviews_table([make_review(), done]))
    assert "2026-11-01 03:40:00Z" in shown
    assert "was approved by ann at 2026-11-01 03:00:00Z; the approval is void" in shown


def test_the_packet_is_whole_and_texts_stay_texts() -> None:
    """Every part has its heading; markup in a reason or a slice's value is shown, not obeyed."""
    shown = _text(packet_report(_packet()))
    for part in (
        "better on [b]rmse[/b]",
        "season = [red]winter",
        "0.31",
        "waiting costs that difference, 20.0%",
        "03:10: on-call is notified again",
        "MLflow: the comparison: http://mlflow/1",
        "nightshift approve|reject|ask-improvement r1 --comment WHY",
        "nobody known",
    ):
        assert part in shown
    assert "not available now" not in shown


def test_a_stale_packet_warns() -> None:
    """Before anybody approves for nothing."""
    change = ChangedPrecondition(what="champion", bound="version 1", found="version 3")
    shown = _text(packet_report(_packet(stale=(change,), evidence=None, missing=("evidence: it is gone",))))
    assert "champion was version 1, is version 3: an approval now would be void" in shown
    assert "evidence: it is gone" in shown


def test_a_decided_packet_asks_for_nothing() -> None:
    """No commands are offered any more."""
    decision = ReviewDecision(choice="reject", by="ann", comment="[i]no", at=OPENED)
    review = make_review(state="rejected", decision=decision, detail="the champion stays")
    shown = _text(packet_report(_packet(review=review)))
    assert "[i]no" in shown
    assert "nightshift approve" not in shown
