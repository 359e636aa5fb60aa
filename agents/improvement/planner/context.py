"""What the planner's rules may ask of the evidence."""

from dataclasses import dataclass

from nightshift.domain.improvement.actions.table import Action, PlanBounds, alike
from nightshift.domain.improvement.loop import FeatureDrift, PlanningEvidence
from nightshift.domain.lifecycle.drift import LEVEL, MOVED

_NAMED = 3
_LIMITS = f"limits PSI {MOVED:g} and p {LEVEL:g}"


@dataclass(frozen=True)
class PlannerContext:
    """The evidence, read."""

    evidence: PlanningEvidence

    @property
    def bounds(self) -> PlanBounds:
        """The allowlist."""
        return self.evidence.bounds

    def was_tried(self, action: Action) -> bool:
        """Whether an earlier round, a failed one too, tried this or what differs from it by nothing that matters."""
        return any(alike(action, item.plan.action) for item in self.evidence.tried)

    @property
    def affordable(self) -> bool:
        """Whether another run fits what is left: a job run, and as many DBU as the dearest round has cost."""
        dearest = max((item.spent.dbu for item in self.evidence.tried), default=0.0)
        left = self.evidence.left
        return left.job_runs >= 1 and left.dbu > 0 and left.dbu >= dearest

    @property
    def target_moved(self) -> bool:
        """Whether the distribution of the target has moved beyond its season."""
        return self.evidence.kind == "regression" and self._target is not None and self._target.moved

    @property
    def moved(self) -> tuple[FeatureDrift, ...]:
        """The features that have moved beyond their season, the most first."""
        found = [item for item in self._features if item.moved]
        return tuple(sorted(found, key=lambda item: (-item.psi, item.feature)))

    @property
    def losing_slices(self) -> tuple[str, ...]:
        """The slices that are worse than the champion, as ``column = value``."""
        return tuple(f"{item.column} = {item.value}" for item in self.evidence.slices if item.verdict == "worse")

    @property
    def losing_columns(self) -> frozenset[str]:
        """The columns of these slices."""
        return frozenset(item.column for item in self.evidence.slices if item.verdict == "worse")

    @property
    def target_text(self) -> str:
        """The target's drift with its figures."""
        figures = "" if self._target is None else self._target.figures
        return f"the distribution of {self.evidence.target} has moved from the same season ({figures}; {_LIMITS})"

    @property
    def moved_text(self) -> str:
        """The features' drift with figures, and values that only one of both seasons has."""
        if self.moved:
            named = ", ".join(f"{item.feature} ({item.figures})" for item in self.moved[:_NAMED])
            said = f"moved from the same season ({_LIMITS}): {named}"
        else:
            measured = [item for item in self._features if item.p is not None]
            highest = max(measured, key=lambda item: item.psi, default=None)
            if highest is None:
                return "no reference of the same season: drift is not known"
            said = f"no feature has moved from the same season (highest: {highest.feature}, {highest.figures})"
        return "; ".join([said, *self._other_values])

    @property
    def missed_text(self) -> str:
        """What the challenger misses, with figures."""
        broken = [item.broken_limit for item in self.evidence.metrics if item.broken_limit]
        tracked = [item for item in self.evidence.metrics if item.tracked and item.verdict in {"worse", "equal"}]
        relation = {"worse": "worse than", "equal": "within noise of"}
        against = [
            f"{item.name} = {_figure(item.challenger)} is {relation[item.verdict]} the champion's"
            f" {_figure(item.champion)}"
            for item in tracked
        ]
        return "; ".join([*broken, *against][:_NAMED]) or "the challenger was not accepted"

    @property
    def _target(self) -> FeatureDrift | None:
        found = [item for item in self.evidence.drift if item.feature == self.evidence.target]
        return max(found, key=lambda item: (item.moved, item.psi), default=None)

    @property
    def _features(self) -> list[FeatureDrift]:
        return [item for item in self.evidence.drift if item.feature != self.evidence.target]

    @property
    def _other_values(self) -> list[str]:
        """Features with values that only one of both seasons has, those with the most rows first."""
        found = sorted(self._features, key=lambda item: -max(item.new, item.gone))
        return [f"{item.feature}: {item.other_values}" for item in found[:_NAMED] if item.other_values]


def _figure(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"
