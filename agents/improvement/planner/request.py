"""What the rules can make of a person's words: an action or a feature group that is named after ``try``.

Rules understand no sentences, and guess at none: "without the weather" must not choose the weather. So only the exact
name of something that the spec allows counts, and only where the word before it is ``try``.
"""

import re

from agents.improvement.planner import actions
from agents.improvement.planner.situation import Situation
from nightshift.domain.improvement.plan import Action, Plan, RetrainWithFeatures

_NAMED = re.compile(r"(?<!not )(?<!n't )(?<!never )\btry\s+([a-z][a-z0-9_]*)", re.IGNORECASE)
# A detector builds its profile itself: it takes no feature groups and no weights.
_OF_DETECTORS = frozenset({"tune_hyperparameters", "adjust_training_window"})


def asked_for(situation: Situation) -> tuple[Action, ...]:
    """The actions that the request names, in its order, as far as the spec allows them for this kind of model."""
    found = []
    for name in _NAMED.findall(situation.evidence.request):
        action = _named(situation, name.lower())
        if action is None or (situation.evidence.kind == "anomaly_detection" and action.kind not in _OF_DETECTORS):
            continue
        if not situation.bounds.check(Plan(action=action, rationale="r", expected_effect="e")):
            found.append(action)
    return tuple(found)


def _named(situation: Situation, name: str) -> Action | None:
    bounds = situation.bounds
    match name:
        case "augment_data":
            return actions.forget(bounds, slowly=True)
        case "adjust_training_window":
            return actions.shorter_window(bounds, situation.evidence.quality.days)
        case "tune_hyperparameters":
            return actions.search(bounds)
        case "retrain_with_features":
            return actions.all_groups(bounds)
    return RetrainWithFeatures(feature_groups=(name,)) if name in bounds.feature_groups else None
