"""Turn a plan into the order to the training job: the last check of the allowlist before anything runs."""

from nightshift.domain.improvement.actions.table import PlanBounds
from nightshift.domain.improvement.plan import Plan, PlanOrder
from nightshift.domain.platform.errors import BadInputError


def order_of(plan: Plan, bounds: PlanBounds) -> PlanOrder:
    """The action, with what its feature groups mean in the spec.

    A plan has passed the bounds when it was made. It is held against them once more here, because between there and the
    job run it has lain in the orchestration's history.

    Raises:
        BadInputError: the plan breaks a rule of the spec; says each. Nothing may run.
    """
    violations = bounds.check(plan.action)
    if violations:
        raise BadInputError(field="plan", value=plan.action.kind, rule="; ".join(violations))
    groups = {name: bounds.feature_groups[name] for name in plan.action.group_names}
    return PlanOrder(action=plan.action, feature_groups=groups)
