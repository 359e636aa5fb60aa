"""What the rules can make of a person's words: an action or a feature group that is named after ``try``.

Rules understand no sentences, and guess at none: "without the weather" must not choose the weather. So only the exact
name of something that the spec allows counts, and only where the word before it is ``try``.
"""

import re

from agents.improvement.planner.context import PlannerContext
from nightshift.domain.improvement.actions.retrain_with_features import RetrainWithFeatures
from nightshift.domain.improvement.actions.table import ACTIONS, Action

_NAMED = re.compile(r"(?<!not )(?<!n't )(?<!never )\btry\s+([a-z][a-z0-9_]*)", re.IGNORECASE)


def asked_for(context: PlannerContext) -> tuple[Action, ...]:
    """The actions that the request names, in its order, as far as the spec allows them for this kind of model."""
    found = []
    for name in _NAMED.findall(context.evidence.request):
        action = _named(context, name.lower())
        if action is None or (context.evidence.kind == "anomaly_detection" and action.not_for_detectors):
            continue
        if not context.bounds.check(action):
            found.append(action)
    return tuple(found)


def _named(context: PlannerContext, name: str) -> Action | None:
    bounds = context.bounds
    if name in ACTIONS:
        return ACTIONS[name].moderate(bounds, context.evidence.quality.days)
    return RetrainWithFeatures(feature_groups=(name,)) if name in bounds.feature_groups else None
