"""The rule-based planner: one table, read from the top; the first plan that is allowed and untried is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from agents.improvement.planner.context import PlannerContext
from agents.improvement.planner.request import asked_for
from nightshift.domain.improvement.actions.action import PlannedAction
from nightshift.domain.improvement.actions.adjust_training_window import AdjustTrainingWindow
from nightshift.domain.improvement.actions.augment_data import AugmentData
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import Action
from nightshift.domain.improvement.actions.tune_hyperparameters import TuneHyperparameters
from nightshift.domain.improvement.loop import PlanningEvidence
from nightshift.domain.improvement.plan import LONGEST_RATIONALE, Plan
from nightshift.domain.platform.text import escaped_line

REGRESSION, DETECTION = "regression", "anomaly_detection"
BOTH = frozenset({REGRESSION, DETECTION})
ONLY_REGRESSION = frozenset({REGRESSION})
_UNUSED_REQUEST = (
    "; the words of the person who asked were not used: they name no allowed action or feature group after `try`"
)


@dataclass(frozen=True)
class Rule:
    """A named rule.

    Attributes:
        kinds: of models that it makes sense for: a detector builds its profile itself and takes no groups or weights.
        holds: what the evidence must show.
        action: what to try; None if the bounds leave nothing of it.
    """

    name: str
    kinds: frozenset[str]
    holds: Callable[[PlannerContext], bool]
    action: Callable[[PlannerContext], Action | None]
    rationale: Callable[[PlannerContext], str]
    expected_effect: str


def plan_by_rules(evidence: PlanningEvidence) -> Plan | None:
    """What a person has asked for by name, else the first plan of the table; only what is allowed and untried.

    None if there is no such plan, and if the budget has no job run or no DBU left for another run like the dearest so
    far.
    """
    context = PlannerContext(evidence)
    if not context.affordable:
        return None
    asked = asked_for(context)
    for named in asked:
        if not context.was_tried(named):
            said = escaped_line(evidence.request, LONGEST_RATIONALE)
            return Plan(
                action=named,
                rationale=f"asked_for: a person has asked for this improvement: {said}"[:LONGEST_RATIONALE],
                expected_effect="what the person who asked expects; the critic judges it like any other plan",
            )
    unused = _UNUSED_REQUEST if evidence.request and not asked else ""
    for rule in RULES:
        if evidence.kind not in rule.kinds or not rule.holds(context):
            continue
        action = rule.action(context)
        if action is None:
            continue
        plan = Plan(
            action=action,
            rationale=_rationale(f"{rule.name}: {rule.rationale(context)}", unused),
            expected_effect=rule.expected_effect,
        )
        if not context.was_tried(action) and not evidence.bounds.check(action):
            return plan
    return None


def _rationale(text: str, unused: str) -> str:
    # Values of slices and names of columns are from the data.
    return escaped_line(text, LONGEST_RATIONALE - len(unused)) + unused


def _target_moved(context: PlannerContext) -> bool:
    return context.target_moved


def _features_moved(context: PlannerContext) -> bool:
    return bool(context.moved)


def _anything_moved(context: PlannerContext) -> bool:
    return context.target_moved or bool(context.moved)


def _moderate(action: type[PlannedAction]) -> Callable[[PlannerContext], Action | None]:
    return lambda context: action.moderate(context.bounds, context.evidence.quality.days)


def _always(_: PlannerContext) -> bool:
    return True


RULES: tuple[Rule, ...] = (
    # The level of the target has moved: first what forgets slowly, then what follows the level, then what forgets fast.
    Rule(
        "target_level_shift",
        ONLY_REGRESSION,
        _target_moved,
        lambda context: AugmentData.forget(context.bounds, slowly=True),
        lambda context: f"{context.target_text}; {context.missed_text}; recent rows should count more",
        "the level of the predictions follows the newer rows; every metric of error should fall",
    ),
    Rule(
        "target_level_features",
        ONLY_REGRESSION,
        _target_moved,
        lambda context: RetrainWithFeatures.past_of(context.bounds, context.evidence.target),
        lambda context: (
            f"{context.target_text}; {context.missed_text};"
            f" values of {context.evidence.target} before the row show its level as it is now"
        ),
        "predictions start from the present level; error falls most where the level has moved most",
    ),
    Rule(
        "target_level_window",
        ONLY_REGRESSION,
        _target_moved,
        _moderate(AdjustTrainingWindow),
        lambda context: f"{context.target_text}; {context.missed_text}; rows from before the shift mislead",
        "only rows near the present level are learned from; a season may be lost",
    ),
    Rule(
        "target_level_forget_fast",
        ONLY_REGRESSION,
        _target_moved,
        lambda context: AugmentData.forget(context.bounds, slowly=False),
        lambda context: f"{context.target_text}; {context.missed_text}; milder measures are used up or forbidden",
        "the newest weeks decide; spread may grow",
    ),
    # Some group of rows loses: let the model tell it apart.
    Rule(
        "losing_slices",
        ONLY_REGRESSION,
        lambda context: bool(context.losing_slices),
        lambda context: RetrainWithFeatures.interactions(context.bounds, context.losing_columns),
        lambda context: f"worse than the champion for {', '.join(context.losing_slices)}; {context.missed_text}",
        "the named slices gain, the rest stays",
    ),
    # The inputs have moved, the target has not: old rows describe another world.
    Rule(
        "profile_drift_window",
        frozenset({DETECTION}),
        _anything_moved,
        _moderate(AdjustTrainingWindow),
        lambda context: f"{context.moved_text}; {context.missed_text}; the profile is built from older weeks",
        "what counts as usual is taken from newer weeks",
    ),
    Rule(
        "feature_drift_weighting",
        ONLY_REGRESSION,
        _features_moved,
        lambda context: AugmentData.forget(context.bounds, slowly=True),
        lambda context: f"{context.moved_text}; {context.missed_text}; rows like today's should count more",
        "rows like those of the holdout weigh more; error falls where the inputs have moved",
    ),
    Rule(
        "feature_drift_window",
        ONLY_REGRESSION,
        _features_moved,
        _moderate(AdjustTrainingWindow),
        lambda context: f"{context.moved_text}; {context.missed_text}; weighting alone was not enough",
        "only rows like today's are learned from",
    ),
    # Nothing has moved: the fit itself is what is left to improve.
    Rule(
        "tuning",
        BOTH,
        _always,
        _moderate(TuneHyperparameters),
        lambda context: f"{context.moved_text}; {context.missed_text}; the parameters have not been searched",
        "a better balance of fit and noise; a gain of some percent",
    ),
    Rule(
        "calendar",
        ONLY_REGRESSION,
        _always,
        lambda context: RetrainWithFeatures.calendars(context.bounds),
        lambda context: f"{context.missed_text}; parts of the time that the model does not see may explain the rest",
        "seasons and weekly rhythm that were left over are learned",
    ),
    Rule(
        "past_of_target",
        ONLY_REGRESSION,
        _always,
        lambda context: RetrainWithFeatures.past_of(context.bounds, context.evidence.target),
        lambda context: f"{context.missed_text}; earlier values of {context.evidence.target} are not used yet",
        "errors that last for days shrink",
    ),
    Rule(
        "all_features",
        ONLY_REGRESSION,
        _always,
        _moderate(RetrainWithFeatures),
        lambda context: f"{context.missed_text}; single groups were tried or do not fit the evidence",
        "whatever the groups hold is used; more noise is possible",
    ),
    # The rest of what may be tried, mildest first.
    Rule(
        "last_weighting",
        ONLY_REGRESSION,
        _always,
        lambda context: AugmentData.forget(context.bounds, slowly=True),
        lambda context: f"{context.missed_text}; what the evidence points at is used up, this is not",
        "newer rows weigh more",
    ),
    Rule(
        "last_window",
        BOTH,
        _always,
        _moderate(AdjustTrainingWindow),
        lambda context: f"{context.missed_text}; what the evidence points at is used up, this is not",
        "only newer rows are learned from",
    ),
    Rule(
        "last_step_weighting",
        ONLY_REGRESSION,
        _always,
        lambda context: AugmentData.emphasise(context.bounds),
        lambda context: f"{context.missed_text}; what the evidence points at is used up, this is not",
        "the newest weeks weigh more",
    ),
)
