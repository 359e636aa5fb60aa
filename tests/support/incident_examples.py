"""Alerts, signals and incidents for tests: what is not given makes a critical degradation."""

from datetime import UTC, datetime
from typing import Any

from agents.response.classification import classify
from nightshift.domain.response.alert import AlertMessage, fingerprint
from nightshift.domain.response.incident import Incident, Signal
from nightshift.domain.response.playbook import Debouncing, Thresholds

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def alert(**given: Any) -> AlertMessage:
    """An alert: the error of version 3 has tripled."""
    fields: dict[str, Any] = {
        "alert_id": "a1",
        "category": "degradation",
        "model": "m1",
        "source": "test",
        "metric": "rmse",
        "value": 3.0,
        "baseline": 1.0,
        "title": "error tripled",
        "fired_at": AT,
    }
    return AlertMessage.model_validate(fields | given)


def signal(
    alert: AlertMessage,
    *,
    window_minutes: float = 60,
    debouncing: Debouncing | None = None,
    received_at: datetime | None = None,
) -> Signal:
    """An alert as the default rules judge it, received when it fired."""
    judged = classify(alert, Thresholds())
    return Signal(
        alert=alert,
        classification=judged,
        fingerprint=fingerprint(alert, judged),
        window_minutes=window_minutes,
        debouncing=debouncing or Debouncing(),
        received_at=received_at or alert.fired_at,
    )


def incident(**given: Any) -> Incident:
    """An open incident of the alert above."""
    fields: dict[str, Any] = {
        "incident_id": "i1",
        "fingerprint": "f1",
        "model": "m1",
        "category": "degradation",
        "severity": "critical",
        "rule": "error_ratio_critical",
        "reason": "the error over its baseline is 3",
        "title": "error tripled",
        "state": "open",
        "opened_at": AT,
        "recorded_at": AT,
        "last_fired_at": AT,
        "updated_at": AT,
        "occurrences": 1,
        "firing": 1,
        "recent": (True,),
        "armed": True,
        "alert": alert(),
    }
    return Incident.model_validate(fields | given)
