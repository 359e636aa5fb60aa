"""Notify people through apprise: Teams, Slack, PagerDuty, e-mail, webhooks by address; locally a file."""

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nightshift.clients.notifications.plain_text import plain_body, plain_title
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.identity import short
from nightshift.domain.platform.loading import importing

if TYPE_CHECKING:
    from apprise import Apprise

_KINDS = {"page", "notice"}
_FILE = "file"
# What errors call an address, before its number: it may hold a key.
FIRST, SECOND = "address number", "second channel, address number"
# Addresses that stand in one word, as apprise takes them; each takes a page of its own.
_BETWEEN = re.compile(r"[,;](?=[a-zA-Z0-9]+://)")
_ADDRESS = re.compile(r"\S*://|(?<=URL)[: ].|[({]")
# What an address does not say itself. Seconds until an answer must have come: apprise waits for four, and a slow pager
# that has taken a page after that would be paged again. A text that is too long for the service goes out in parts.
_DEFAULTS = {"rto": 30, "overflow": "split"}


@dataclass(frozen=True)
class _Target:
    """One address.

    Attributes:
        key: identity that is no secret, and the same when the setting names it at another position.
        kind: a kind of notification, ``@contact``, or empty for everything.
        name: what errors call it.
    """

    key: str
    kind: str
    url: str
    name: str


class _NoAddresses(logging.Filter):
    """Leaves addresses out of what apprise logs: they hold keys, and it masks only some."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut a line where an address begins."""
        text = record.getMessage()
        shown = _ADDRESS.split(text, maxsplit=1)[0]
        record.msg, record.args = (text if shown == text else f"{shown}(address not shown)"), ()
        return True


logging.getLogger("apprise").addFilter(_NoAddresses())


class AppriseNotifier:
    """Implements `Notifier`.

    Args:
        urls: addresses separated by spaces, each for both kinds or for one: ``page=pagerduty://... notice=slack://...``,
            or for one contact of the escalation policies: ``@manager=msteams://...``. What is for a contact without
            an address goes
            to the others.
        file: where each notification is appended as a line of JSON, once per key.
        fallback_urls: the addresses of the second channel, in the same form.
    """

    def __init__(self, urls: str, file: Path | None, fallback_urls: str = "") -> None:
        self._first = _targets(urls, FIRST)
        self._second = _targets(fallback_urls, SECOND)
        self._file = file

    def addresses(self, notification: Notification, *, fallback: bool = False) -> tuple[str, ...]:
        """Those of the contact if there are any, else those of the kind."""
        targets = self._second if fallback else self._first
        contact = f"@{notification.contact}"
        wanted = {contact} if any(it.kind == contact for it in targets) else {"", notification.kind}
        keys = [target.key for target in targets if target.kind in wanted]
        if self._file is not None and not fallback:
            keys.insert(0, _FILE)
        return tuple(dict.fromkeys(keys))

    def send(self, notification: Notification, address: str) -> None:
        if address == _FILE:
            assert self._file is not None, "the address of the file is listed only if a file is set"
            _append(self._file, notification)
            return
        target = next(target for target in (*self._first, *self._second) if target.key == address)
        _send(target, notification)


def unreadable(urls: str, fallback_urls: str) -> tuple[str, ...]:
    """The addresses of both channels that are none, each as its setting and what errors call it."""
    settings = {"NIGHTSHIFT_NOTIFY_URLS": _targets(urls, FIRST)}
    settings["NIGHTSHIFT_NOTIFY_FALLBACK_URLS"] = _targets(fallback_urls, SECOND)
    return tuple(
        f"{setting}: {target.name}"
        for setting, targets in settings.items()
        for target in targets
        if _sender(target.url) is None
    )


def _append(file: Path, notification: Notification) -> None:
    try:
        known = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        if any(json.loads(line)["key"] == notification.key for line in known):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(notification.to_json()) + "\n")
    except OSError as error:
        raise ServiceUnavailableError("notification", f"the file did not take {notification.key}: {error}") from error


def _targets(urls: str, name: str) -> tuple[_Target, ...]:
    words = [one for word in urls.split() for one in _apart(word)]
    # An address of both channels is notified in each.
    return tuple(
        _Target(key=short(name, (f"{kind}=" if kind else "") + url), kind=kind, url=url, name=f"{name} {position}")
        for position, (kind, url) in enumerate(words, start=1)
    )


def _apart(word: str) -> list[tuple[str, str]]:
    """The kind and the address of each address in one word of the setting."""
    kind, separator, rest = word.partition("=")
    meant = bool(separator) and (kind in _KINDS or (kind.startswith("@") and "/" not in kind))
    return [(kind if meant else "", url) for url in _BETWEEN.split(rest if meant else word)]


def _sender(url: str) -> "Apprise | None":
    """What sends to an address; None if it is none."""
    with importing("apprise"):
        import apprise
        from apprise.plugins import url_to_dict

    # A redirect is followed with GET, as a browser does it: the page would be lost, and the answer be 200.
    sender = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    try:
        known = url_to_dict(url)  # type: ignore[no-untyped-call]
        return sender if known and sender.add({**_DEFAULTS, **known}) else None
    except Exception:  # noqa: BLE001 - whatever a plugin raises, what it says may hold the address, and so a key
        return None


def _send(target: _Target, notification: Notification) -> None:
    sender = _sender(target.url)
    if sender is None:
        raise ServiceRefusedError(
            "notification", f"{target.name} cannot be read", "see docs/notifications.md for their form"
        )
    with importing("apprise"):
        import apprise

    kinds = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
    try:
        taken = sender.notify(
            body=plain_body(target.url, _text(notification)),
            title=plain_title(target.url, notification.title),
            notify_type=kinds.get(notification.severity, apprise.NotifyType.INFO),
            # Without it apprise takes the text for what the service renders: HTML in a mail, Markdown in a chat.
            body_format=apprise.NotifyFormat.TEXT,
        )
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, its address has not taken it
        # Its plugins are many hands' work; what they say may hold the address, and so a key.
        raise ServiceUnavailableError("notification", f"{target.name} failed with {type(error).__name__}") from None
    if not taken:
        raise ServiceUnavailableError("notification", f"{target.name} did not take {notification.key}{_all_of(sender)}")


def _all_of(sender: "Apprise") -> str:
    """That all recipients of an address are sent a message again: apprise does not say which of them have taken it."""
    recipients = sum(len(service) for service in sender)
    return f"; each of its {recipients} recipients is sent it again" if recipients > 1 else ""


def _text(notification: Notification) -> str:
    """The body, and the addresses that lead on."""
    runbook = f"Runbook: {notification.runbook}" if notification.runbook else ""
    return "\n".join(part for part in (notification.body, notification.link, runbook) if part)
