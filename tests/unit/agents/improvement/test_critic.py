"""The critic's table: accept what the gate would promote, retry what can still get better, reject with the reason."""

from collections.abc import Callable

import pytest

from agents.champions.promotion import decide
from agents.improvement.critic import evaluate_round
from agents.improvement.feedback import feedback_on
from agents.lifecycle.holdout_spending import policy_at_interim_look
from nightshift.domain.improvement.loop import Budget, Critique, Feedback, ImprovementPolicy, MetricGap, Round
from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison, SliceComparison
from nightshift.domain.lifecycle.training_overlap import TrainingOverlap
from nightshift.domain.platform.spec import EvaluationPolicy, Metric, Slice
from tests.support.evidence_examples import make_evidence

MakeMetric = Callable[..., MetricComparison]
MakeRound = Callable[..., Round]

POLICY = EvaluationPolicy(
    metrics=(Metric(name="rmse"), Metric(name="r2", tracked=False, minimum=0.5)), slices=(Slice(column="weekend"),)
)
LOOP = ImprovementPolicy(max_iterations=5, max_stalled_rounds=2, min_progress=0.05)
SPENT = Budget(job_runs=1, dbu=1, tokens=0)


def _limit_gap(gap: float, progress: float | None = None) -> Feedback:
    found = MetricGap(metric="r2", value=0.5 - gap, wanted=0.5, gap=gap, because="limit")
    return Feedback(gaps=(found,), likely_reason="r", progress=progress)


@pytest.fixture
def short_of_limit(make_metric: MakeMetric) -> Callable[[float], Evidence]:
    """Better than the champion, but R2 is below 0.5."""

    def make(r2: float) -> Evidence:
        broken = f"r2 = {r2:.4g} is below the minimum 0.5"
        metric = make_metric("better", name="r2", champion=0.1, challenger=r2, tracked=False, broken=broken)
        return make_evidence(make_metric("better"), metric)

    return make


@pytest.fixture
def good(make_metric: MakeMetric) -> Evidence:
    """Better, within every limit."""
    return make_evidence(
        make_metric("better"), make_metric("better", name="r2", champion=0.1, challenger=0.8, tracked=False)
    )


def _judge(
    evidence: Evidence | None, rounds: tuple[Round, ...], *, policy: ImprovementPolicy = LOOP, spent: Budget = SPENT
) -> tuple[str, str]:
    found = evaluate_round(evidence, POLICY, rounds=rounds, policy=policy, spent=spent)
    return found.judgement, found.rule


def test_what_the_gate_would_promote_is_accepted(good: Evidence, make_round: MakeRound) -> None:
    """Even in the last round with nothing left: the work is done."""
    last = tuple(make_round(number) for number in range(1, 6))
    assert _judge(good, last, spent=LOOP.budget) == ("accept", "accepted")


def test_a_missed_limit_is_tried_again_with_the_gap_named(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound
) -> None:
    """The feedback holds metric, value, limit, gap, a reason, and what the round closed of the gap at the start."""
    found = evaluate_round(
        short_of_limit(0.336),
        POLICY,
        rounds=(make_round(),),
        policy=LOOP,
        spent=SPENT,
        start=_limit_gap(0.259),
    )
    assert (found.judgement, found.rule) == ("retry", "limit_missed")
    (gap,) = found.feedback.gaps
    assert (gap.metric, gap.value, gap.wanted, gap.because) == ("r2", 0.336, 0.5, "limit")
    assert "r2 0.336, wanted 0.5, gap 0.164" in found.reason
    assert "not far enough" in found.feedback.likely_reason
    assert found.feedback.progress == pytest.approx(1 - 0.164 / 0.259)


def test_the_last_round_is_not_tried_again(short_of_limit: Callable[[float], Evidence], make_round: MakeRound) -> None:
    """Rounds used up end the loop."""
    rounds = tuple(make_round(number) for number in range(1, 6))
    assert _judge(short_of_limit(0.4), rounds) == ("reject", "rounds_used_up")


@pytest.mark.parametrize("spent", [Budget(job_runs=6, dbu=1, tokens=0), Budget(job_runs=1, dbu=50, tokens=0)])
def test_a_spent_budget_ends_the_loop(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound, spent: Budget
) -> None:
    """Job runs and DBU are hard ceilings."""
    assert _judge(short_of_limit(0.4), (make_round(),), spent=spent) == ("reject", "budget_spent")


def test_spent_tokens_do_not_end_the_loop(short_of_limit: Callable[[float], Evidence], make_round: MakeRound) -> None:
    """The rules plan without tokens."""
    spent = Budget(job_runs=1, dbu=1, tokens=LOOP.budget.tokens)
    assert _judge(short_of_limit(0.4), (make_round(),), spent=spent) == ("retry", "limit_missed")


def test_two_stalled_rounds_end_the_loop(short_of_limit: Callable[[float], Evidence], make_round: MakeRound) -> None:
    """One plan that does not help is no verdict on the next; two in a row are."""
    first = evaluate_round(
        short_of_limit(0.241), POLICY, rounds=(make_round(),), policy=LOOP, spent=SPENT, start=_limit_gap(0.259)
    )
    assert first.judgement == "retry"
    assert first.feedback.progress == pytest.approx(0)
    rounds = (make_round(1, criticism=first), make_round(2))
    second = evaluate_round(
        short_of_limit(0.245), POLICY, rounds=rounds, policy=LOOP, spent=SPENT, start=_limit_gap(0.259)
    )
    assert (second.judgement, second.rule) == ("reject", "no_progress")
    assert second.reason.startswith("2 rounds in a row closed less than 5% ")


def test_progress_after_a_stall_starts_the_count_again(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound
) -> None:
    """Only stalls in a row count."""
    stalled = evaluate_round(
        short_of_limit(0.241), POLICY, rounds=(make_round(),), policy=LOOP, spent=SPENT, start=_limit_gap(0.259)
    )
    rounds = (make_round(1, criticism=stalled), make_round(2))
    assert _judge(short_of_limit(0.45), rounds) == ("retry", "limit_missed")


def test_falling_back_and_recovering_is_no_progress(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound
) -> None:
    """Progress is measured from the best round, not from the last."""
    earlier = (_limit_gap(0.2), _limit_gap(0.4))
    assert feedback_on(short_of_limit(0.3), POLICY, earlier).progress == pytest.approx(0)


def test_a_failed_run_is_tried_once_more(make_round: MakeRound) -> None:
    """The first failure becomes feedback with its text, the second ends the loop."""
    failed = make_round(1, error="task train: out of memory")
    first = evaluate_round(None, POLICY, rounds=(failed,), policy=LOOP, spent=SPENT)
    assert (first.judgement, first.rule) == ("retry", "run_failed")
    assert "task train: out of memory" in first.feedback.likely_reason
    rounds = (failed.model_copy(update={"criticism": first}), make_round(2, error="task train: again"))
    second = evaluate_round(None, POLICY, rounds=rounds, policy=LOOP, spent=SPENT)
    assert (second.judgement, second.rule) == ("reject", "run_failed_twice")
    assert second.reason.startswith("2 job runs")
    assert second.reason.endswith("task train: again")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_a_metric_without_a_value_is_a_rejection(
    make_metric: MakeMetric, make_round: MakeRound, name: str, value: float | None
) -> None:
    """Tracked or limited: what cannot be measured is not tried again, and never accepted."""
    metrics = {
        "rmse": make_metric("better"),
        "r2": make_metric("better", name="r2", champion=0.1, challenger=0.8, tracked=False),
    }
    metrics[name] = metrics[name].model_copy(update={"challenger": value})
    found = evaluate_round(make_evidence(*metrics.values()), POLICY, rounds=(make_round(),), policy=LOOP, spent=SPENT)
    assert (found.judgement, found.rule) == ("reject", "metric_undefined")
    assert name in found.reason


def test_a_champion_judged_on_its_own_training_rows_ends_the_loop(
    make_metric: MakeMetric, make_round: MakeRound
) -> None:
    """No plan could be compared better on these rows: no further job run is spent."""
    overlap = TrainingOverlap(known_by="rows", rows=90, left_out=False)
    evidence = make_evidence(make_metric("worse"), make_metric("equal", name="r2")).model_copy(
        update={"overlap": overlap}
    )
    found = evaluate_round(evidence, POLICY, rounds=(make_round(),), policy=LOOP, spent=SPENT)
    assert (found.judgement, found.rule) == ("reject", "judged_on_training_rows")


def test_a_metric_that_is_not_there_is_a_rejection(make_metric: MakeMetric, make_round: MakeRound) -> None:
    """A limit that nobody measured is not met."""
    assert _judge(make_evidence(make_metric("better")), (make_round(),)) == ("reject", "metric_undefined")


@pytest.mark.parametrize("verdict", ["worse", "equal"])
def test_worse_and_equal_are_tried_again(make_metric: MakeMetric, make_round: MakeRound, verdict: str) -> None:
    """The gate would not promote, so neither is accepted; the gap is against the champion."""
    rmse = make_metric(verdict, challenger=101.0, difference=(-2.0, 4.0))
    r2 = make_metric("equal", name="r2", champion=0.8, challenger=0.8, tracked=False)
    found = evaluate_round(make_evidence(rmse, r2), POLICY, rounds=(make_round(),), policy=LOOP, spent=SPENT)
    assert (found.judgement, found.rule) == ("retry", "not_promotable")
    assert [gap.because for gap in found.feedback.gaps] == ["champion"]
    assert found.feedback.gaps[0].gap == (1.0 if verdict == "worse" else 4.0)


def test_mixed_evidence_is_not_accepted(make_metric: MakeMetric, make_round: MakeRound) -> None:
    """What the gate would flag to a person does not pass the critic."""
    policy = EvaluationPolicy(metrics=(Metric(name="rmse"), Metric(name="mae")))
    evidence = make_evidence(make_metric("better"), make_metric("worse", name="mae", challenger=105.0))
    found = evaluate_round(evidence, policy, rounds=(make_round(),), policy=LOOP, spent=SPENT)
    assert (found.judgement, decide(evidence, policy).action) == ("retry", "flag")
    assert found.feedback.likely_reason.index("rmse") < found.feedback.likely_reason.index("mae")


def test_a_losing_slice_is_named(make_metric: MakeMetric, make_round: MakeRound) -> None:
    """The next plan can aim at it."""
    losing = SliceComparison(
        column="weekend", value="1", rows=50, metric="rmse", champion=10, challenger=15, verdict="worse"
    )
    r2 = make_metric("better", name="r2", champion=0.1, challenger=0.8, tracked=False)
    evidence = make_evidence(make_metric("better"), r2, slices=(losing,))
    found = evaluate_round(evidence, POLICY, rounds=(make_round(),), policy=LOOP, spent=SPENT)
    assert (found.judgement, found.feedback.losing_slices) == ("retry", ("weekend = 1",))
    assert "weekend = 1" in found.feedback.likely_reason


def test_the_confidence_of_the_interim_look_is_recorded(good: Evidence, make_round: MakeRound) -> None:
    """The criticism says at which confidence its intervals were judged."""
    policy = policy_at_interim_look(POLICY, 2)
    found = evaluate_round(good, policy, rounds=(make_round(1), make_round(2)), policy=LOOP, spent=SPENT)
    assert found.confidence == policy.bootstrap.confidence


def test_a_first_champion_needs_only_its_limits(make_metric: MakeMetric, make_round: MakeRound) -> None:
    """Without a champion there is nothing to beat."""
    evidence = make_evidence(
        make_metric("unopposed", champion=None),
        make_metric("unopposed", name="r2", champion=None, challenger=0.6, tracked=False),
        champion_version=None,
    )
    assert _judge(evidence, (make_round(),)) == ("accept", "accepted")


def test_there_must_be_a_round_to_judge(good: Evidence) -> None:
    """The caller hands in the round itself."""
    with pytest.raises(ValueError, match="must hold the round"):
        evaluate_round(good, POLICY, rounds=(), policy=LOOP, spent=SPENT)


def _judged(make_round: MakeRound, *feedbacks: Feedback) -> tuple[Round, ...]:
    """Rounds that were judged, one with each feedback, and the one that is to be judged."""
    judged = tuple(
        make_round(
            number,
            criticism=Critique(judgement="retry", rule="limit_missed", reason="r", feedback=found, confidence=0.97),
        )
        for number, found in enumerate(feedbacks, start=1)
    )
    return (*judged, make_round(len(judged) + 1))


def test_progress_is_measured_from_every_earlier_round(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound
) -> None:
    """Gaps of 0.25 and 0.125 before, and of 0.0625 now: half of what the second round had left is closed."""
    rounds = _judged(make_round, _limit_gap(0.25), _limit_gap(0.125, 0.5))
    found = evaluate_round(short_of_limit(0.4375), POLICY, rounds=rounds, policy=LOOP, spent=SPENT)
    assert found.feedback.progress == 0.5


@pytest.mark.parametrize(
    ("before", "rule"),
    [((0.5, 0.0), "no_progress"), ((0.0, 0.5), "limit_missed"), ((0.0, 0.0), "no_progress"), ((0.5,), "limit_missed")],
)
def test_stalls_are_counted_back_from_this_round(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound, before: tuple[float, ...], rule: str
) -> None:
    """This round closes nothing of a gap of 0.25. The one before decides whether it is the second in a row."""
    rounds = _judged(make_round, *(_limit_gap(0.25, share) for share in before))
    assert _judge(short_of_limit(0.25), rounds)[1] == rule


@pytest.mark.parametrize(("wanted", "rule"), [(0.5, "limit_missed"), (0.51, "no_progress")])
def test_a_round_that_closes_just_what_is_asked_has_not_stalled(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound, wanted: float, rule: str
) -> None:
    """From 0.25 to 0.125 is half of the gap."""
    policy = LOOP.model_copy(update={"max_stalled_rounds": 1, "min_progress": wanted})
    assert _judge(short_of_limit(0.375), _judged(make_round, _limit_gap(0.25)), policy=policy)[1] == rule


@pytest.mark.parametrize(
    ("job_runs", "dbu", "rule"),
    [(1, 1.0, "limit_missed"), (1, 0.5, "limit_missed"), (0, 1.0, "budget_spent"), (1, 0.0, "budget_spent")],
)
def test_one_job_run_and_any_dbu_are_enough_to_go_on(
    short_of_limit: Callable[[float], Evidence], make_round: MakeRound, job_runs: int, dbu: float, rule: str
) -> None:
    """What is left of the budget."""
    left = Budget(job_runs=job_runs, dbu=dbu, tokens=0)
    assert _judge(short_of_limit(0.4), (make_round(),), spent=LOOP.budget.minus(left))[1] == rule


@pytest.mark.parametrize(("length", "said"), [(299, 299), (300, 300), (301, 300)])
def test_an_error_is_quoted_up_to_three_hundred_characters(make_round: MakeRound, length: int, said: int) -> None:
    """In the feedback that the planner reads, and in the reason."""
    failed = make_round(1, error="x" * length)
    found = evaluate_round(None, POLICY, rounds=(failed,), policy=LOOP, spent=SPENT)
    assert (found.feedback.likely_reason, found.reason) == (f"the job run failed: {'x' * said}",) * 2
