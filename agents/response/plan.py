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
class ResponseContext:
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
    holds: Callable[[ResponseContext], bool]
    reason: Callable[[ResponseContext], str]
    mitigations: Callable[[ResponseContext], tuple[Mitigation, ...]] = lambda _: ()
    until: Callable[[ResponseContext], datetime | None] = lambda _: None
    names_cause: bool = False


def plan_response(context: ResponseContext) -> ResponsePlan:
    """Decide what is done about an incident now."""
    rule = next(rule for rule in RULES if rule.holds(context))
    cause = context.cause
    return ResponsePlan(
        verdict=rule.verdict,
        rule=rule.name,
        reason=rule.reason(context),
        mitigations=rule.mitigations(context),
        until=rule.until(context),
        cause=cause.incident_id if cause is not None and rule.names_cause else "",
        verify_minutes=context.playbook.verify_minutes,
    )


def _window_end(context: ResponseContext) -> datetime | None:
    window = context.playbook.maintained(context.at)
    return None if window is None else window.ends


def _in_window(context: ResponseContext) -> str:
    window = context.playbook.maintained(context.at)
    assert window is not None, "the rule maintenance holds only within a maintenance window"
    return f"maintenance until {window.ends.isoformat()}: {window.reason}"


def _cause_text(context: ResponseContext) -> str:
    cause = context.cause
    assert cause is not None, "the rules about a cause hold only where an open incident is one"
    return f"it may be a symptom of incident {cause.incident_id} ({cause.title})"


RULES: tuple[Rule, ...] = (
    Rule(
        "resolved_already",
        "leave",
        lambda context: context.incident.state == "resolved",
        lambda _: "its source has resolved it",
    ),
    Rule(
        "maintenance",
        "mute",
        lambda context: _window_end(context) is not None,
        _in_window,
        until=_window_end,
    ),
    Rule(
        "nothing_to_do",
        "leave",
        lambda context: not context.mitigations and context.incident.rule != UNKNOWN,
        lambda context: f"the playbook does nothing about {context.incident.severity} {context.incident.category}",
    ),
    Rule(
        "cause_open",
        "hold",
        lambda context: context.cause is not None and context.at < context.held_until,
        lambda context: f"{_cause_text(context)}; nothing is done while that is open",
        until=lambda context: context.held_until,
        names_cause=True,
    ),
    Rule(
        "cause_lasts",
        "act",
        lambda context: context.cause is not None,
        lambda context: f"{_cause_text(context)}, which has lasted too long: a person must look",
        mitigations=lambda _: ("ask",),
        names_cause=True,
    ),
    Rule(
        "nobody_knows",
        "act",
        lambda context: context.incident.rule == UNKNOWN,
        lambda context: f"{context.incident.reason}: a person must look",
        mitigations=lambda _: ("ask",),
    ),
    Rule(
        "playbook",
        "act",
        lambda _: True,
        lambda context: (
            f"the playbook's line for {context.incident.severity} {context.incident.category}:"
            f" {', '.join(context.mitigations)}"
        ),
        mitigations=lambda context: context.mitigations,
    ),
)
