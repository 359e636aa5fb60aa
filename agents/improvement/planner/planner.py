"""The planner: a language model first if the policy asks for one, the rules otherwise and whenever it fails."""

from agents.improvement.planner.llm import propose
from agents.improvement.planner.rules import plan_by_rules
from nightshift.domain.improvement.language_model import LanguageModel
from nightshift.domain.improvement.loop import ImprovementPolicy, Planned, PlanningEvidence


def plan(evidence: PlanningEvidence, policy: ImprovementPolicy, model: LanguageModel | None) -> Planned:
    """What to try next, and who planned it.

    Args:
        model: None where no language model is set up.
    """
    if policy.planner == "rules":
        return Planned(plan=plan_by_rules(evidence), planned_by="rules")
    if model is None:
        note = "the policy asks for a language model, and none is set up"
        return Planned(plan=plan_by_rules(evidence), planned_by="rules_after_llm", note=note)
    proposal = propose(evidence, model)
    if proposal.plan is not None:
        return Planned(
            plan=proposal.plan,
            planned_by="llm",
            note=proposal.note,
            refused=proposal.refused,
            tokens=proposal.tokens,
        )
    return Planned(
        plan=plan_by_rules(evidence),
        planned_by="rules_after_llm",
        note=proposal.note,
        refused=proposal.refused,
        tokens=proposal.tokens,
    )
