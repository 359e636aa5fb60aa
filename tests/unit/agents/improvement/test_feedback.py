"""What a challenger misses, in figures: which gaps, in which order, how much a round has closed, and the guess why."""

from collections.abc import Callable
from typing import Any

import pytest

from agents.improvement.feedback import feedback_on, gaps_of
from nightshift.domain.improvement.loop import Feedback, MetricGap
from nightshift.domain.lifecycle.evidence import MetricComparison, SliceComparison
from nightshift.domain.platform.spec import EvaluationPolicy, Metric
from tests.support.evidence_examples import make_evidence

MakeMetric = Callable[..., MetricComparison]

RMSE = EvaluationPolicy(metrics=(Metric(name="rmse"),))


def _policy(**limits: Any) -> EvaluationPolicy:
    """RMSE alone, with limits or untracked."""
    others = (Metric(name="mae"),) if not limits.get("tracked", True) else ()
    return EvaluationPolicy(metrics=(Metric(name="rmse", **limits), *others))


def _feedback(*gaps: tuple[str, float, str]) -> Feedback:
    """Feedback on a round before: metric, gap and cause of each gap."""
    found = tuple(
        MetricGap.model_validate({"metric": name, "value": 1.0, "wanted": 1.0, "gap": gap, "because": because})
        for name, gap, because in gaps
    )
    return Feedback(gaps=found, likely_reason="r")


def test_gaps_come_in_the_order_in_which_they_are_to_be_closed(make_metric: MakeMetric) -> None:
    """Undefined, then limits, then worse; of one cause in the order of the spec. Equal counts only while nothing beats
    the champion.
    """
    policy = EvaluationPolicy(
        metrics=(
            Metric(name="mape"),
            Metric(name="mae"),
            Metric(name="rmse"),
            Metric(name="r2", minimum=0.5),
            Metric(name="f1"),
        )
    )
    metrics = [
        make_metric("equal", name="mape", difference=(-1.0, 2.0)),
        make_metric("worse", name="mae", challenger=105.0),
        make_metric("worse", challenger=102.0),
        make_metric("equal", name="r2", champion=0.4, challenger=0.4, difference=(-0.1, 0.1)),
    ]
    found = gaps_of(make_evidence(*metrics), policy)
    assert [(gap.metric, gap.because) for gap in found] == [
        ("f1", "undefined"),
        ("r2", "limit"),
        ("mae", "champion"),
        ("rmse", "champion"),
        ("mape", "champion"),
        ("r2", "champion"),
    ]
    assert [gap.gap for gap in found] == pytest.approx([0.0, 0.1, 5.0, 2.0, 2.0, 0.1])
    assert (found[0].value, found[0].wanted) == (None, None)


@pytest.mark.parametrize(
    ("name", "verdict", "champion", "challenger", "difference", "gap"),
    [
        ("rmse", "worse", 100.0, 104.0, (1.0, 7.0), 4.0),
        ("rmse", "equal", 100.0, 104.0, (-1.0, 9.0), 9.0),
        ("rmse", "equal", 100.0, 104.0, None, 4.0),
        ("r2", "worse", 0.75, 0.5, (-0.5, -0.125), 0.25),
        ("r2", "equal", 0.75, 0.5, (-0.5, 0.125), 0.5),
        ("r2", "equal", 0.75, 0.5, None, 0.25),
    ],
)
def test_the_gap_to_the_champion_is_what_its_metric_must_move(
    make_metric: MakeMetric,
    name: str,
    verdict: str,
    champion: float,
    challenger: float,
    difference: tuple[float, float] | None,
    gap: float,
) -> None:
    """If it is worse, the difference; if it is equal, as far as the interval reaches to the wrong side."""
    metric = make_metric(verdict, name=name, champion=champion, challenger=challenger, difference=difference)
    policy = EvaluationPolicy(metrics=(Metric.model_validate({"name": name}),))
    (found,) = gaps_of(make_evidence(metric), policy)
    assert (found.value, found.wanted, found.gap, found.because) == (challenger, champion, gap, "champion")


@pytest.mark.parametrize(
    ("limits", "challenger", "gap"),
    [
        ({"maximum": 80.0}, 90.0, 10.0),
        ({"maximum": 90.0}, 90.0, None),
        ({"minimum": 95.0}, 90.0, 5.0),
        ({"minimum": 90.0}, 90.0, None),
        ({"minimum": 10.0, "maximum": 80.0, "tracked": False}, 90.0, 10.0),
        ({"minimum": 95.0, "maximum": 100.0, "tracked": False}, 90.0, 5.0),
    ],
)
def test_the_gap_to_a_limit_is_how_far_it_is_missed(
    make_metric: MakeMetric, limits: dict[str, Any], challenger: float, gap: float | None
) -> None:
    """Tracked or not; at the limit itself nothing is missed."""
    tracked = bool(limits.get("tracked", True))
    metric = make_metric("better", challenger=challenger, tracked=tracked)
    found = gaps_of(make_evidence(metric, make_metric("better", name="mae")), _policy(**limits))
    assert [(item.gap, item.because) for item in found] == ([] if gap is None else [(gap, "limit")])


@pytest.mark.parametrize(
    ("limits", "changes", "undefined"),
    [
        ({}, {"challenger": None}, True),
        ({}, {"challenger": float("nan")}, True),
        ({}, {"champion": float("inf")}, True),
        ({}, {"champion": float("inf"), "verdict": "worse"}, True),
        ({}, {"champion": None}, False),
        ({}, {"verdict": "undefined"}, True),
        ({"tracked": False}, {"challenger": None}, False),
        ({"tracked": False, "minimum": 0.0}, {"challenger": None}, True),
        ({"tracked": False, "maximum": 999.0}, {"challenger": None}, True),
        ({"tracked": False}, {"champion": float("inf")}, False),
        ({"tracked": False, "minimum": 0.0}, {"champion": float("inf")}, False),
        ({"tracked": False}, {"verdict": "undefined"}, False),
    ],
)
def test_a_metric_without_a_value_is_a_gap_if_it_counts(
    make_metric: MakeMetric,
    limits: dict[str, Any],
    changes: dict[str, Any],
    undefined: bool,
) -> None:
    """The challenger's figure counts if it is tracked or limited, the champion's only if it is tracked. An untracked
    metric without a limit is only shown.
    """
    metric = make_metric("better", tracked=bool(limits.get("tracked", True))).model_copy(update=changes)
    found = gaps_of(make_evidence(metric, make_metric("better", name="mae")), _policy(**limits))
    assert [gap.because for gap in found] == (["undefined"] if undefined else [])


@pytest.mark.parametrize(("beats", "gaps"), [("better", 0), ("unopposed", 0), ("equal", 2), ("worse", 2)])
def test_equal_is_a_gap_only_while_nothing_beats_the_champion(make_metric: MakeMetric, beats: str, gaps: int) -> None:
    """One tracked metric that is better is enough; an untracked one that is better is not."""
    policy = EvaluationPolicy(metrics=(Metric(name="rmse"), Metric(name="mae"), Metric(name="mape", tracked=False)))
    metrics = (
        make_metric("equal"),
        make_metric(beats, name="mae"),
        make_metric("better", name="mape", tracked=False),
    )
    assert len(gaps_of(make_evidence(*metrics), policy)) == gaps


def test_an_untracked_metric_has_no_gap_to_the_champion(make_metric: MakeMetric) -> None:
    """Worse or equal, it is only shown."""
    policy = EvaluationPolicy(metrics=(Metric(name="rmse"), Metric(name="mae", tracked=False)))
    for verdict in ("worse", "equal"):
        metrics = (make_metric("worse", challenger=101.0), make_metric(verdict, name="mae", tracked=False))
        assert [gap.metric for gap in gaps_of(make_evidence(*metrics), policy)] == ["rmse"]


@pytest.mark.parametrize(
    ("earlier", "progress"),
    [
        ((), None),
        ((_feedback(),), None),
        ((_feedback(("rmse", 8.0, "champion")),), 0.5),
        ((_feedback(("rmse", 2.0, "champion")),), -1.0),
        # From the best value so far, wherever it stood among the gaps of its round; what was no gap is none.
        ((_feedback(("rmse", 5.0, "champion")), _feedback(("rmse", 8.0, "champion"))), 0.2),
        ((_feedback(("mae", 1.0, "champion"), ("rmse", 5.0, "champion")), _feedback(("rmse", 8.0, "champion"))), 0.2),
        ((_feedback(("rmse", 0.0, "champion")), _feedback(("rmse", 8.0, "champion"))), 0.5),
        ((_feedback(("rmse", 0.5, "champion")), _feedback(("rmse", 8.0, "champion"))), -7.0),
        # Of the round before that has a gap: a failed run has none, and one of 0 cannot be closed.
        ((_feedback(("rmse", 8.0, "champion")), _feedback()), 0.5),
        ((_feedback(("rmse", 8.0, "champion")), _feedback(("mae", 0.0, "champion"))), 0.5),
        ((_feedback(("mae", 9.0, "champion")), _feedback(("rmse", 8.0, "champion"))), 0.5),
        # Its first gap alone; closed is closed, also if it was missed for another cause.
        ((_feedback(("rmse", 8.0, "champion"), ("mae", 9.0, "champion")),), 0.5),
        ((_feedback(("rmse", 8.0, "champion"), ("mae", 0.0, "champion")),), 0.5),
        ((_feedback(("rmse", 0.5, "champion")),), -7.0),
        ((_feedback(("mae", 9.0, "champion"), ("rmse", 8.0, "champion")),), 1.0),
        ((_feedback(("rmse", 8.0, "limit")),), 1.0),
        ((_feedback(("rmse", 2.0, "limit")), _feedback(("rmse", 8.0, "champion"))), 0.5),
    ],
)
def test_progress_is_the_share_of_the_first_gap_before_that_is_closed(
    make_metric: MakeMetric, earlier: tuple[Feedback, ...], progress: float | None
) -> None:
    """RMSE is 4 behind the champion now."""
    evidence = make_evidence(make_metric("worse", challenger=104.0))
    assert feedback_on(evidence, RMSE, earlier).progress == (None if progress is None else pytest.approx(progress))


def test_nothing_can_be_said_of_progress_on_what_has_no_value(make_metric: MakeMetric) -> None:
    """A metric that is gone is not closed."""
    evidence = make_evidence(make_metric("undefined", challenger=None))
    assert feedback_on(evidence, RMSE, (_feedback(("rmse", 8.0, "champion")),)).progress is None


def _losing(verdict: str) -> SliceComparison:
    return SliceComparison.model_validate(
        {
            "column": "weekend", "value": "1", "rows": 50, "metric": "rmse",
            "champion": 10.0, "challenger": 15.0, "verdict": verdict,
        }
    )  # fmt: skip


def test_only_slices_that_are_worse_are_losing(make_metric: MakeMetric) -> None:
    """Within noise is not."""
    for verdict, losing in (("worse", ("weekend = 1",)), ("equal", ())):
        found = feedback_on(make_evidence(make_metric("better"), slices=(_losing(verdict),)), RMSE)
        assert found.losing_slices == losing


@pytest.mark.parametrize(
    ("rmse", "mae", "slices", "word"),
    [
        ({"verdict": "undefined", "challenger": None}, {"verdict": "better"}, (), "labels"),
        ({"verdict": "better", "challenger": 96.0}, {"verdict": "equal"}, (), "not far enough"),
        ({"verdict": "better", "challenger": 96.0}, {"verdict": "worse"}, (), "did not reach the cause"),
        ({"verdict": "equal", "challenger": 96.0}, {"verdict": "equal"}, (), "did not reach the cause"),
        ({"verdict": "better"}, {"verdict": "worse"}, (), "gained on rmse is paid for on mae"),
        ({"verdict": "equal"}, {"verdict": "worse"}, (), "takes away"),
        ({"verdict": "better"}, {"verdict": "equal"}, (_losing("worse"),), "at the cost of weekend = 1"),
        ({"verdict": "equal"}, {"verdict": "equal"}, (), "within noise"),
        ({"verdict": "better"}, {"verdict": "equal"}, (), "nothing is missed"),
    ],
)
def test_the_guess_is_that_of_the_first_sign_that_shows(
    make_metric: MakeMetric,
    rmse: dict[str, Any],
    mae: dict[str, Any],
    slices: tuple[SliceComparison, ...],
    word: str,
) -> None:
    """RMSE must stay below 95; MAPE is not tracked, and its verdict is no sign."""
    policy = EvaluationPolicy(
        metrics=(Metric(name="rmse", maximum=95.0), Metric(name="mae"), Metric(name="mape", tracked=False))
    )
    for verdict in ("better", "worse"):
        metrics = (
            make_metric(**rmse),
            make_metric(name="mae", **mae),
            make_metric(verdict, name="mape", tracked=False),
        )
        assert word in feedback_on(make_evidence(*metrics, slices=slices), policy).likely_reason
