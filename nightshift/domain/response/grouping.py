"""Which incident an alert belongs to, and what the alert makes of it. Pure: the store loads, calls this, and saves.

An alert fires (the latest incident of its fingerprint says what that means):

| latest incident | the alert |
|---|---|
| none, outside the window, or about another version | opens a new incident |
| open, acknowledged or mitigated | joins it |
| resolved, and nothing was done about it yet | joins it and opens it again |
| resolved, and it was acted upon | joins it, opens it again and pages; nothing is done a second time |

An alert is resolved by its source: one alert less fires, and the last one resolves the incident.

Debouncing: an incident is acted upon (armed) once M of the last N signals fired. What is armed stays armed.
"""

from datetime import datetime, timedelta

from nightshift.domain.response.alert import AlertMessage
from nightshift.domain.response.incident import FIRED_AGAIN, Incident, Recorded, Signal, TimelineEntry, incident_id
from nightshift.domain.response.playbook import Debouncing

# An incident keeps the start of its first alert's text; the alert's own row has all of it.
_DETAIL = 2_000
# As many of the last signals are kept as debouncing can ask for.
_SIGNALS = 20


def fired(signal: Signal, latest: Incident | None) -> tuple[Incident, Recorded]:
    """The incident that a new alert leaves behind, and what follows from it.

    Args:
        latest: the latest incident of the alert's fingerprint; None if there is none.
    """
    key = signal.alert.key
    if latest is None or not belongs(signal, latest):
        incident = opened(signal)
        return incident, Recorded(alert_key=key, incident=incident, opened=True, act=incident.armed)
    incident = joined(latest, signal)
    reopened = latest.state == "resolved" and latest.armed
    act = incident.armed and not latest.armed
    return incident, Recorded(alert_key=key, incident=incident, reopened=reopened, act=act)


def repeated(alert: AlertMessage, incident: Incident | None) -> Recorded:
    """What follows from an alert that is on record: the same as from its first delivery, which may have died since.

    Args:
        incident: that the alert belongs to; None if its resolution overtook it.
    """
    lines = {line.key for line in incident.timeline} if incident else set()
    # Earlier releases knew an alert by its id alone.
    again = next((key for key in (alert.key, alert.id_key) if _again(key) in lines), None)
    return Recorded(
        alert_key=again or alert.key,
        incident=incident,
        repeated=True,
        reopened=again is not None,
        act=incident is not None and incident.armed,
    )


def belongs(signal: Signal, incident: Incident) -> bool:
    """Whether an alert belongs to an incident of its fingerprint, by the window and the version that it names."""
    near = abs(signal.alert.fired_at - incident.opened_at) <= timedelta(minutes=signal.window_minutes)
    return near and incident.is_about(signal.alert)


def becomes_latest(incident: Incident, latest: Incident | None) -> bool:
    """Whether a new incident takes what fires next: not if a late alert opened it, behind the latest one."""
    return latest is None or incident.opened_at > latest.opened_at


def opened(signal: Signal) -> Incident:
    """The incident that an alert opens."""
    alert, judged = signal.alert, signal.classification
    first = TimelineEntry(
        key=f"fired-{alert.key}",
        at=alert.fired_at,
        actor=alert.source,
        what=f"{judged.severity} {judged.category} by rule {judged.rule}: {judged.reason}",
        link=alert.url,
    )
    return Incident(
        incident_id=incident_id(signal.fingerprint, alert.key),
        fingerprint=signal.fingerprint,
        model=alert.partition,
        category=judged.category,
        severity=judged.severity,
        rule=judged.rule,
        reason=judged.reason,
        title=_title(alert),
        state="open",
        opened_at=alert.fired_at,
        recorded_at=signal.received_at,
        last_fired_at=heard_at(signal),
        updated_at=signal.received_at,
        lag_seconds=_lag(signal),
        occurrences=1,
        firing=1,
        recent=(True,),
        armed=_is_enough((True,), signal.debouncing),
        alert=alert.model_copy(update={"detail": alert.detail[:_DETAIL]}),
        timeline=(first,),
        runbook=signal.runbook,
    )


def joined(incident: Incident, signal: Signal) -> Incident:
    """The incident with one firing alert more, which opens it again if it was resolved."""
    alert = signal.alert
    recent = (*incident.recent, True)[-_SIGNALS:]
    more = incident.model_copy(
        update={
            "occurrences": incident.occurrences + 1,
            "firing": incident.firing + 1,
            "recent": recent,
            "armed": incident.armed or _is_enough(recent, signal.debouncing),
            "last_fired_at": max(incident.last_fired_at, heard_at(signal)),
            "lag_seconds": min(incident.lag_seconds, _lag(signal)),
            "updated_at": signal.received_at,
        }
    )
    if incident.state != "resolved":
        return more
    key, what = f"fired-{alert.key}", "it fired again"
    if incident.armed:
        key, what = _again(alert.key), "it fired again after it had been resolved; nothing is done a second time"
    entry = TimelineEntry(key=key, at=alert.fired_at, actor=alert.source, what=what)
    # Whoever acknowledged it has resolved it, or has seen it end: nobody is at it now.
    return more.model_copy(update={"acknowledged_by": ""}).transition("reopen").with_event(entry)


def quieted(incident: Incident, signal: Signal) -> Incident:
    """The incident with one firing alert less; the last one resolves it."""
    alert = signal.alert
    firing = max(incident.firing - 1, 0)
    fewer = incident.model_copy(
        update={
            "firing": firing,
            "recent": (*incident.recent, False)[-_SIGNALS:],
            "updated_at": signal.received_at,
        }
    )
    if firing or incident.state == "resolved":
        return fewer
    what = "its source says that it is over"
    entry = TimelineEntry(key=f"resolved-{alert.key}", at=alert.fired_at, actor=alert.source, what=what)
    return fewer.transition("resolve").with_event(entry)


def heard_at(signal: Signal) -> datetime:
    """When an alert fired, but no later than it was heard: a source's clock may be ahead."""
    return min(signal.alert.fired_at, signal.received_at)


def _is_enough(recent: tuple[bool, ...], debouncing: Debouncing) -> bool:
    """Whether enough of the last signals fired to act."""
    return sum(recent[-debouncing.of :]) >= debouncing.violations


def _again(key: str) -> str:
    """Key of the line which says that an alert opened an incident again that had been acted upon."""
    return f"{FIRED_AGAIN}{key}"


def _title(alert: AlertMessage) -> str:
    """The alert's title, which names the model: it is also read where nothing else does."""
    named = alert.model is None or alert.model in alert.title
    return alert.title if named else f"{alert.model}: {alert.title}"


def _lag(signal: Signal) -> float:
    """Seconds from firing, by the source's clock, to arrival, by ours."""
    return (signal.received_at - heard_at(signal)).total_seconds()
