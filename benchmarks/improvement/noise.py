"""How often an improvement loop accepts by luck, and how often it finds a real gain.

Simulated holdouts of 30 days by the hour, whose errors last for hours and are shared by both models (correlation 0.8).
Each loop has up to three rounds with a new challenger each; all are compared on the same holdout by the code of the
platform: paired block bootstrap, promotion table, critic. Three rules are held against each other:

- spending: confidence grows with every look (agents.lifecycle.holdout_spending);
- fixed: 95 % at every look;
- mean: accept if RMSE and MAE are lower.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from agents.improvement.critic import evaluate_round
from agents.lifecycle.bootstrap import Array
from agents.lifecycle.evaluation import Predictions, compare
from agents.lifecycle.holdout_spending import policy_at_interim_look
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.loop import Budget, ImprovementPolicy, Round
from nightshift.domain.improvement.plan import Plan
from nightshift.domain.lifecycle.evidence import Evidence, MetricComparison
from nightshift.domain.platform.spec import Bootstrap, EvaluationPolicy, Metric

DAYS, HOURS, ROUNDS = 30, 24, 3
ROWS = DAYS * HOURS
SHARED, LASTING = 0.8, 0.5
REAL_GAIN = 0.10
EVALUATION = EvaluationPolicy(
    metrics=(Metric(name="rmse"), Metric(name="mae")), bootstrap=Bootstrap(resamples=1000, block_rows=HOURS)
)
LOOP = ImprovementPolicy(max_iterations=ROUNDS, max_stalled_rounds=ROUNDS)

Rule = Callable[[Predictions, int], bool]


def errors(generator: np.random.Generator) -> Array:
    """Errors of one source, shape (rows,): variance 1, correlated from hour to hour."""
    steps = generator.normal(size=ROWS) * np.sqrt(1 - LASTING**2)
    made = np.empty(ROWS)
    made[0] = generator.normal()
    for row in range(1, ROWS):
        made[row] = LASTING * made[row - 1] + steps[row]
    return made


def accepts(rule: Rule, seed: int, gain: float) -> bool:
    """Whether one loop ends in accept, with challengers whose errors are smaller by this share."""
    generator = np.random.default_rng(seed)
    truth = np.zeros(ROWS)
    common = np.sqrt(SHARED) * errors(generator)
    champion = common + np.sqrt(1 - SHARED) * errors(generator)
    for look in range(1, ROUNDS + 1):
        challenger = (1 - gain) * (common + np.sqrt(1 - SHARED) * errors(generator))
        if rule(Predictions(truth, challenger, champion, {}), look):
            return True
    return False


def spending(predictions: Predictions, look: int) -> bool:
    """The platform's rule."""
    return _critique_of(predictions, policy_at_interim_look(EVALUATION, look), look)


def fixed(predictions: Predictions, look: int) -> bool:
    """The same without counting looks."""
    return _critique_of(predictions, EVALUATION, look)


def lower_mean(predictions: Predictions, _look: int) -> bool:
    """Lower is better, by however little."""
    assert predictions.champion is not None, "the simulation makes predictions of a champion"
    ours, theirs = predictions.challenger, predictions.champion
    return bool(np.square(ours).mean() < np.square(theirs).mean() and np.abs(ours).mean() < np.abs(theirs).mean())


def _critique_of(predictions: Predictions, policy: EvaluationPolicy, look: int) -> bool:
    rounds = tuple(_round(number) for number in range(1, look + 1))
    evidence = _evidence(compare(predictions, policy))
    found = evaluate_round(evidence, policy, rounds=rounds, policy=LOOP, spent=Budget(job_runs=look, dbu=0, tokens=0))
    return found.judgement == "accept"


def _round(number: int) -> Round:
    plan = Plan(action=AdjustTrainingWindow(days=number), rationale="simulated", expected_effect="none")
    return Round(number=number, plan=plan, planned_by="rules", spent=Budget(job_runs=1, dbu=0, tokens=0))


def _evidence(metrics: tuple[MetricComparison, ...]) -> Evidence:
    return Evidence(
        model="simulated",
        challenger_version="2",
        champion_version="1",
        rows=ROWS,
        metrics=metrics,
        score_run="s",
        train_run="t",
        evaluation_set_digest="e",
        predictions_digest="p",
        dataset_digest="d",
        data_source="synthetic",
        policy_digest="pd",
        spec_digest="sd",
    )


def main() -> None:
    """Print the measurements as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loops", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    loops = parser.parse_args().loops
    rules: dict[str, Rule] = {"spending": spending, "fixed": fixed, "mean": lower_mean}
    situations = {"false_accept": (0.0, "no challenger is better"), "power": (REAL_GAIN, "errors 10 % smaller")}
    rows = []
    for situation, (gain, text) in situations.items():
        for name, rule in rules.items():
            # The same seeds for every rule: they judge the same loops.
            share = sum(accepts(rule, seed, gain) for seed in range(loops)) / loops
            note = f"share of loops of up to {ROUNDS} rounds that end in accept; {text}; {ROWS} rows"
            rows.append(
                {
                    "name": f"improvement_{situation}_{name}",
                    "value": round(100 * share, 1),
                    "unit": "%",
                    "runs": loops,
                    "note": note,
                }
            )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
