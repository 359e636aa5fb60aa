"""Decide whether an incident is acted upon now: one table, read from the top."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from agents.response.classification import UNKNOWN
from nightshift.domain.response.alert import Category
from nightshift.domain.response.incident import Incident, Verdict
from nightshift.domain.response.messages import ResponsePlan
from nightshift.domain.response.mitigations import Mitigation
from nightshift.domain.response.playbook import Playbook

# A symptom waits while an open critical incident of its cause's category stands: drift that a broken pipeline makes is
# not cured by training on what the pipeline delivers.
CAUSES: dict[Category, tuple[Category, ...]] = {"drift": ("pipeline",)}


@dataclass(frozen=True)
class Situation:
    """What the rules may use.

    Attributes:
        others: open incidents of the model, then of the platform, the newest first; taken until one is the cause.
        at: the time of the orchestration that asks.
    """

    incident: Incident
    playbook: Playbook
    others: Iterable[Incident]
    at: datetime

    @cached_property
    def cause(self) -> Incident | None:
        """The open critical incident whose symptom this one may be.

        One of the platform may be the cause of any model's, unless it is about a single run: that of a model whose spec
        cannot be read, or is no longer there.
        """
        causes = CAUSES.get(self.incident.category, ())
        return next(
            (
                other
                for other in self.others
                if other.category in causes
                and other.severity == "critical"
                and other.waits
                and other.incident_id != self.incident.incident_id
                and (other.model == self.incident.model or not other.alert.run)
            ),
            None,
        )

    @property
    def held_until(self) -> datetime:
        """When waiting for a cause ends."""
        return self.incident.recorded_at + timedelta(minutes=self.playbook.hold_minutes)

    @property
    def mitigations(self) -> tuple[Mitigation, ...]:
        """What the playbook says."""
        return self.playbook.mitigations(self.incident.category, self.incident.severity)


@dataclass(frozen=True)
class Rule:
    """A named rule: when it holds, its verdict is taken for its reason."""

    name: str
    verdict: Verdict
    holds: Callable[[Situation], bool]
    reason: Callable[[Situation], str]
    mitigations: Callable[[Situation], tuple[Mitigation, ...]] = lambda _: ()
    until: Callable[[Situation], datetime | None] = lambda _: None
    names_cause: bool = False


def plan_response(situation: Situation) -> ResponsePlan:
    """Decide what is done about an incident now."""
    rule = next(rule for rule in RULES if rule.holds(situation))
    cause = situation.cause
    return ResponsePlan(
        verdict=rule.verdict,
        rule=rule.name,
        reason=rule.reason(situation),
        mitigations=rule.mitigations(situation),
        until=rule.until(situation),
        cause=cause.incident_id if cause is not None and rule.names_cause else "",
        verify_minutes=situation.playbook.verify_minutes,
    )


def _window_end(situation: Situation) -> datetime | None:
    window = situation.playbook.maintained(situation.at)
    return None if window is None else window.ends


def _in_window(situation: Situation) -> str:
    window = situation.playbook.maintained(situation.at)
    assert window is not None, "the rule holds"
    return f"maintenance until {window.ends.isoformat()}: {window.reason}"


def _cause_text(situation: Situation) -> str:
    cause = situation.cause
    assert cause is not None, "the rule holds"
    return f"it may be a symptom of incident {cause.incident_id} ({cause.title})"


RULES: tuple[Rule, ...] = (
    Rule(
        "resolved_already",
        "leave",
        lambda situation: situation.incident.state == "resolved",
        lambda _: "its source has resolved it",
    ),
    Rule(
        "maintenance",
        "mute",
        lambda situation: _window_end(situation) is not None,
        _in_window,
        until=_window_end,
    ),
    Rule(
        "nothing_to_do",
        "leave",
        lambda situation: not situation.mitigations and situation.incident.rule != UNKNOWN,
        lambda situation: (
            f"the playbook does nothing about {situation.incident.severity} {situation.incident.category}"
        ),
    ),
    Rule(
        "cause_open",
        "hold",
        lambda situation: situation.cause is not None and situation.at < situation.held_until,
        lambda situation: f"{_cause_text(situation)}; nothing is done while that is open",
        until=lambda situation: situation.held_until,
        names_cause=True,
    ),
    Rule(
        "cause_lasts",
        "act",
        lambda situation: situation.cause is not None,
        lambda situation: f"{_cause_text(situation)}, which has lasted too long: a person must look",
        mitigations=lambda _: ("ask",),
        names_cause=True,
    ),
    Rule(
        "nobody_knows",
        "act",
        lambda situation: situation.incident.rule == UNKNOWN,
        lambda situation: f"{situation.incident.reason}: a person must look",
        mitigations=lambda _: ("ask",),
    ),
    Rule(
        "playbook",
        "act",
        lambda _: True,
        lambda situation: (
            f"the playbook's line for {situation.incident.severity} {situation.incident.category}:"
            f" {', '.join(situation.mitigations)}"
        ),
        mitigations=lambda situation: situation.mitigations,
    ),
)
