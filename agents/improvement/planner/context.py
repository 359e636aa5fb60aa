"""What the planner's rules may ask of the evidence."""

from dataclasses import dataclass

from nightshift.domain.improvement.actions.table import Action, PlanBounds, alike
from nightshift.domain.improvement.loop import FeatureDrift, PlanningEvidence

# Above this index a distribution counts as moved; the usual reading of the population stability index.
MOVED = 0.25
_NAMED = 3


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
        """Whether the distribution of the target has moved."""
        return self.evidence.kind == "regression" and self._target_psi >= MOVED

    @property
    def moved(self) -> tuple[FeatureDrift, ...]:
        """The features that have moved, the most first."""
        found = [item for item in self.evidence.drift if item.feature != self.evidence.target and item.psi >= MOVED]
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
        """The target's drift with its figure."""
        return f"the distribution of {self.evidence.target} has moved (PSI {self._target_psi:.2f}, limit {MOVED:g})"

    @property
    def moved_text(self) -> str:
        """The features' drift with figures."""
        if self.moved:
            named = ", ".join(f"{item.feature} (PSI {item.psi:.2f})" for item in self.moved[:_NAMED])
            return f"moved beyond PSI {MOVED:g}: {named}"
        highest = max((item.psi for item in self.evidence.drift if item.feature != self.evidence.target), default=None)
        return "no drift was measured" if highest is None else f"no feature has moved (highest PSI {highest:.2f})"

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
    def _target_psi(self) -> float:
        return max((item.psi for item in self.evidence.drift if item.feature == self.evidence.target), default=0.0)


def _figure(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.4g}"
