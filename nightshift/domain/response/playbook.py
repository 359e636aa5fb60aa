"""The playbook: how alerts are judged and what is done about them; every model has one, and the platform."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from nightshift.domain.platform.message import Message
from nightshift.domain.response.alert import Category, Severity
from nightshift.domain.response.mitigations import Mitigation

Minutes = Annotated[float, Field(ge=0, le=14 * 24 * 60)]


class Thresholds(Message):
    """Where a signal becomes a warning and where critical.

    Attributes:
        error_ratio_warning, error_ratio_critical: error rate over baseline; for a metric that is better when higher,
            baseline over value.
        psi_warning, psi_critical: population stability index; 0.1 and 0.25 are the usual limits.
        staleness_warning_days, staleness_critical_days: age of the newest data.
        spend_warning, spend_critical: spend over budget.
    """

    error_ratio_warning: float = Field(default=1.2, ge=1)
    error_ratio_critical: float = Field(default=1.5, ge=1)
    psi_warning: float = Field(default=0.1, ge=0)
    psi_critical: float = Field(default=0.25, ge=0)
    staleness_warning_days: float = Field(default=7, gt=0)
    staleness_critical_days: float = Field(default=30, gt=0)
    spend_warning: float = Field(default=0.8, gt=0)
    spend_critical: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> "Thresholds":
        for warning, critical in (
            ("error_ratio_warning", "error_ratio_critical"),
            ("psi_warning", "psi_critical"),
            ("staleness_warning_days", "staleness_critical_days"),
            ("spend_warning", "spend_critical"),
        ):
            if getattr(self, warning) > getattr(self, critical):
                msg = f"{warning} = {getattr(self, warning)}: must not exceed {critical} = {getattr(self, critical)}"
                raise ValueError(msg)
        return self


class Debouncing(Message):
    """Act only when at least ``violations`` of the last ``of`` signals of one trouble fired (M of N)."""

    violations: int = Field(default=1, ge=1, le=20)
    of: int = Field(default=1, ge=1, le=20)

    @model_validator(mode="after")
    def _possible(self) -> "Debouncing":
        if self.violations > self.of:
            msg = f"violations = {self.violations}: must not exceed of = {self.of}"
            raise ValueError(msg)
        return self


class MaintenanceWindow(Message):
    """A time in which nothing is acted upon; everything is still recorded, and acted upon afterwards if it lasts."""

    starts: AwareDatetime
    ends: AwareDatetime
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> "MaintenanceWindow":
        if self.starts >= self.ends:
            msg = f"ends = {self.ends.isoformat()}: must be after starts = {self.starts.isoformat()}"
            raise ValueError(msg)
        return self


class Reaction(Message):
    """One line of the playbook: these mitigations for alerts of this category and severity, in this order."""

    category: Category
    severity: Severity
    mitigations: tuple[Mitigation, ...]


DEFAULT_REACTIONS: tuple[Reaction, ...] = (
    Reaction(category="degradation", severity="critical", mitigations=("rollback", "notify")),
    Reaction(category="degradation", severity="warning", mitigations=("ask",)),
    Reaction(category="degradation", severity="informational", mitigations=()),
    Reaction(category="drift", severity="critical", mitigations=("retrain", "notify")),
    Reaction(category="drift", severity="warning", mitigations=("retrain", "notify")),
    Reaction(category="drift", severity="informational", mitigations=()),
    Reaction(category="pipeline", severity="critical", mitigations=("page",)),
    Reaction(category="pipeline", severity="warning", mitigations=("notify",)),
    Reaction(category="pipeline", severity="informational", mitigations=()),
    Reaction(category="budget", severity="critical", mitigations=("pause_compute", "notify")),
    Reaction(category="budget", severity="warning", mitigations=("notify",)),
    Reaction(category="budget", severity="informational", mitigations=()),
)


class Playbook(Message):
    """What is done about alerts.

    Attributes:
        reactions: lines that replace the default line of the same category and severity.
        damping: the debouncing of each category; without a line the first signal is enough.
        window_minutes: repeats of one trouble within this time of its first alert belong to one incident.
        settle_minutes: after the champion changed, an alert that names no version is still about the one before.
        retrain_cooldown_minutes: no second retraining by drift within this time.
        retrain_datasets: how many of the newest accepted files a retraining takes, whatever was decided on them.
        verify_minutes: after acting the signal must recover within this time, or a person is paged.
        hold_minutes: how long a symptom waits for its cause to be cured before a person is asked.
        pause_minutes: length of a compute lease.
        page_minutes: at most one page about one incident in this time; what comes meanwhile is collected into the next.
        protected: names of compute that is never paused, whatever its tags say.
        runbook: address of the runbook for people.
    """

    thresholds: Thresholds = Thresholds()
    reactions: tuple[Reaction, ...] = ()
    damping: dict[Category, Debouncing] = {}
    maintenance: tuple[MaintenanceWindow, ...] = ()
    window_minutes: Minutes = 60
    settle_minutes: Minutes = 5
    retrain_cooldown_minutes: Minutes = 6 * 60
    retrain_datasets: int = Field(default=3, ge=1, le=50)
    verify_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 15
    hold_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 60
    pause_minutes: Annotated[float, Field(gt=0, le=14 * 24 * 60)] = 8 * 60
    page_minutes: Annotated[float, Field(ge=0, le=24 * 60)] = 5
    protected: tuple[str, ...] = ()
    runbook: str = ""

    @model_validator(mode="after")
    def _one_line_each(self) -> "Playbook":
        keys = [(line.category, line.severity) for line in self.reactions]
        doubled = sorted({" ".join(key) for key in keys if keys.count(key) > 1})
        if doubled:
            msg = f"reactions: more than one line for {', '.join(doubled)}"
            raise ValueError(msg)
        return self

    def mitigations(self, category: Category, severity: Severity) -> tuple[Mitigation, ...]:
        """What is done about alerts of this kind."""
        for line in (*self.reactions, *DEFAULT_REACTIONS):
            if (line.category, line.severity) == (category, severity):
                return line.mitigations
        raise AssertionError("the defaults have a line for everything")

    def maintained(self, at: datetime) -> MaintenanceWindow | None:
        """The maintenance window that covers a time."""
        return next((window for window in self.maintenance if window.starts <= at < window.ends), None)
