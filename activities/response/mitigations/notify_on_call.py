"""Notify people about an incident: what happened, what was done, what they should do."""

from nightshift.domain.notifications.notification import Notification, NotificationKind, NotifyResult
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.incident import ActionState, Incident, IncidentAction
from nightshift.domain.response.messages import MitigateRequest, MitigationResult
from nightshift.domain.response.mitigations import facts_of
from nightshift.services.notifications.notify import nobody_is_set, notify
from nightshift.services.platform.activity import activity
from nightshift.services.response.find_incident import find_incident
from nightshift.services.response.keep_action import keep_action
from nightshift.services.response.mitigation import MitigationHandler
from nightshift.services.response.record_alert import playbook_of

# What each mitigation that notifies people is: a critical question wakes somebody, the others wait.
_KINDS: dict[str, NotificationKind] = {"page": "page", "notify": "notice"}


@activity("tell_on_call")
def notify_on_call(services: Services, request: MitigateRequest) -> MitigationResult:
    """Page or send a notice: once per incident and kind for what the playbook orders, once for each escalation.

    What cannot be delivered now is owed, which is no failure of the step: the sweep delivers it. Pages about one
    incident are at least the playbook's ``page_minutes`` apart; what comes meanwhile is collected into the next one.
    """
    incident = find_incident(services, request.model, request.incident_id)
    notification = _notification(services, incident, request)
    sent = notify(services, notification)
    known = incident.action(request.mitigation)
    if known is not None and any(entry.key == f"sent-{notification.key}" for entry in incident.timeline):
        return MitigationResult(action=known)  # the sweep has delivered it, and said so
    of = short(request.escalation) if request.escalation else ""
    action = keep_action(services, incident, _action(services, request, notification, sent), of=of)
    if action.state == "begun":
        # The sweep may have delivered it before there was an action in which to say so.
        again = notify(services, notification)
        if again.delivered_at is not None:
            action = keep_action(services, incident, _action(services, request, notification, again), of=of)
    return MitigationResult(action=action)


def _notification(services: Services, incident: Incident, request: MitigateRequest) -> Notification:
    kind = _KINDS.get(request.mitigation, "page" if incident.severity == "critical" else "notice")
    key = f"{incident.incident_id}:{kind}"
    return Notification(
        key=f"{key}:{short(request.escalation)}" if request.escalation else key,
        kind=kind,
        model=incident.model,
        incident_id=incident.incident_id,
        severity=incident.severity,
        title=incident.title,
        body=_body(incident, request.reason),
        runbook=incident.runbook or incident.alert.url,
        group=f"{incident.incident_id}:page" if kind == "page" else "",
        minutes_apart=playbook_of(services, incident.model).page_minutes,
    )


def _action(
    services: Services, request: MitigateRequest, notification: Notification, sent: NotifyResult
) -> IncidentAction:
    state, detail = _became(notification, sent)
    return IncidentAction(
        mitigation=request.mitigation,
        state=state,
        detail=detail,
        at=sent.delivered_at or services.clock(),
        facts=facts_of(request.mitigation, notification=notification.key),
    )


def _became(notification: Notification, sent: NotifyResult) -> tuple[ActionState, str]:
    kind = notification.kind
    if sent.problem:
        return "begun", f"the {kind} is {sent.problem}"
    if sent.not_before is not None:
        when = f"{sent.not_before:%Y-%m-%d %H:%M:%SZ}"
        return "begun", f"the {kind} is owed: it goes out at {when}, because on-call was paged about this just before"
    if not sent.addressed:
        return "failed", nobody_is_set(notification)
    return "done", f"on-call was sent a {kind}"


def _body(incident: Incident, reason: str) -> str:
    often = f", reported {incident.occurrences} times" if incident.occurrences > 1 else ""
    trouble = f"{incident.severity} {incident.category} of {incident.model}"
    lines = [
        f"{trouble} by rule {incident.rule}: {incident.reason}{often}",
        *(f"{action.mitigation} {action.state}: {action.detail}" for action in incident.actions),
        *([reason] if reason else []),
        f"nightshift show {incident.incident_id}",
    ]
    return "\n".join(lines)


HANDLER = MitigationHandler(names=("page", "notify", "ask"), act=notify_on_call)
