"""The promotion rules: one table, read from the top; the first rule that holds decides.

Better on all tracked metrics, that is at least one better, none worse and no limit broken, is a promotion; worse is a
rejection; mixed evidence is a person's. Within noise is "equal", and equal alone never replaces a champion.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nightshift.domain.champions.decision import Action, Decision
from nightshift.domain.lifecycle.evidence import Evidence, SliceComparison, Verdict
from nightshift.domain.platform.spec import EvaluationPolicy


@dataclass(frozen=True)
class Rule:
    """A named rule: when it holds, its action is taken for its reason."""

    name: str
    action: Action
    holds: Callable[[Evidence, EvaluationPolicy], bool]
    reason: Callable[[Evidence, EvaluationPolicy], str]


def decide(evidence: Evidence, policy: EvaluationPolicy, quarantined_by: str = "", loss: str = "") -> Decision:
    """Decide about the challenger of this evidence under this policy.

    Args:
        quarantined_by: the incident in which the challenger was rolled back; only a person may promote it again.
        loss: why there is no champion to compare with although there was one, as a sentence; only a person may promote
            a challenger then. Empty if the model has a champion, or never had one.
    """
    rule = next(rule for rule in RULES if rule.holds(evidence, policy))
    action, name, reason = rule.action, rule.name, rule.reason(evidence, policy)
    if action == "promote" and quarantined_by:
        reason = f"{reason}; but it is in quarantine since incident {quarantined_by}"
        action, name = "flag", "quarantined"
    if action == "promote" and loss and evidence.champion_version is None:
        action, name, reason = "flag", "champion_lost", loss
    return Decision(
        action=action,
        rule=name,
        reason=reason,
        model=evidence.model,
        challenger_version=evidence.challenger_version,
        champion_version=evidence.champion_version,
        evidence_digest=evidence.digest,
    )


def _broken(evidence: Evidence) -> list[str]:
    return [metric.broken_limit for metric in evidence.metrics if metric.broken_limit]


def _tracked(evidence: Evidence, verdict: Verdict) -> list[str]:
    return [metric.name for metric in evidence.metrics if metric.tracked and metric.verdict == verdict]


def _losing_slices(evidence: Evidence, policy: EvaluationPolicy) -> list[str]:
    allowed = {item.column: item.max_worse_fraction for item in policy.slices}
    return [
        f"{item.column} = {item.value}"
        for item in evidence.slices
        if item.verdict == "worse" and _worse_fraction(item) > allowed[item.column]
    ]


def _worse_fraction(item: SliceComparison) -> float:
    if not item.champion or item.challenger is None:
        return float("inf")
    return abs(item.challenger - item.champion) / abs(item.champion)


def _spoiled(evidence: Evidence) -> str:
    overlap = evidence.overlap
    assert overlap is not None, "the rule judged_on_training_rows holds only for evidence with a training overlap"
    were = "were" if overlap.known_by == "rows" else "may have been"
    return (
        f"{overlap.rows} of the {evidence.rows} rows {were} trained on by champion version {evidence.champion_version},"
        " and too few others are left to compare on: the champion's figures on its own training rows prove nothing"
    )


def _names(names: list[str]) -> str:
    return ", ".join(names)


RULES: tuple[Rule, ...] = (
    Rule(
        "limit_broken",
        "reject",
        lambda evidence, _: bool(_broken(evidence)),
        lambda evidence, _: f"the challenger breaks a limit: {'; '.join(_broken(evidence))}",
    ),
    Rule(
        "judged_on_training_rows",
        "flag",
        lambda evidence, _: evidence.overlap is not None and evidence.overlap.spoils,
        lambda evidence, _: _spoiled(evidence),
    ),
    Rule(
        "undefined_metric",
        "flag",
        lambda evidence, _: bool(_tracked(evidence, "undefined")),
        lambda evidence, _: f"cannot be compared on these rows: {_names(_tracked(evidence, 'undefined'))}",
    ),
    Rule(
        "first_champion",
        "promote",
        lambda evidence, _: evidence.champion_version is None,
        lambda _evidence, _: "there is no champion yet and every limit is met",
    ),
    Rule(
        "mixed",
        "flag",
        lambda evidence, _: bool(_tracked(evidence, "better") and _tracked(evidence, "worse")),
        lambda evidence, _: (
            f"better on {_names(_tracked(evidence, 'better'))}, but worse on {_names(_tracked(evidence, 'worse'))}"
        ),
    ),
    Rule(
        "worse",
        "reject",
        lambda evidence, _: bool(_tracked(evidence, "worse")),
        lambda evidence, _: f"worse beyond noise on {_names(_tracked(evidence, 'worse'))}",
    ),
    Rule(
        "no_improvement",
        "reject",
        lambda evidence, _: not _tracked(evidence, "better"),
        lambda _evidence, _: "no tracked metric is better beyond noise; the champion stays",
    ),
    Rule(
        "slice_regressed",
        "flag",
        lambda evidence, policy: bool(_losing_slices(evidence, policy)),
        lambda evidence, policy: f"better overall, but worse for {_names(_losing_slices(evidence, policy))}",
    ),
    Rule(
        "better",
        "promote",
        lambda _evidence, _: True,
        lambda evidence, _: f"better beyond noise on {_names(_tracked(evidence, 'better'))}, worse on none",
    ),
)
