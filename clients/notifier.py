"""Tell people through apprise: Teams, Slack, PagerDuty, e-mail, webhooks by address; locally a file."""

import json
import logging
from pathlib import Path

from clients.plain_text import plain_body, plain_title
from domain.errors import ServiceRefusedError, ServiceUnavailableError
from domain.loading import importing
from domain.notification import Notification

logger = logging.getLogger(__name__)

_KINDS = {"page", "notice"}


class AppriseNotifier:
    """Implements domain.ports.Notifier.

    Args:
        urls: addresses separated by spaces, each for both kinds or for one: ``page=pagerduty://... notice=slack://...``,
            or for one contact of the ladders: ``@manager=msteams://...``. What is for a contact without an address goes
            to the others.
        file: where each notification is appended as a line of JSON, once per key.
    """

    def __init__(self, urls: str, file: Path | None) -> None:
        self._targets = [_target(position, word) for position, word in enumerate(urls.split(), start=1)]
        self._file = file

    def send(self, notification: Notification) -> None:
        """Send to every address that wants this kind.

        Raises:
            ServiceUnavailableError: an address did not take it; trying again may help.
            ServiceRefusedError: an address is no address.
        """
        if self._file is not None:
            self._append(self._file, notification)
        failed = [
            position
            for position, kind, url in self._targets
            if kind in self._wanted(notification) and not _send(position, url, notification)
        ]
        if failed:
            raise ServiceUnavailableError("notification", f"address number {failed} did not take {notification.key}")

    def _wanted(self, notification: Notification) -> set[str]:
        """Which addresses are meant: those of the contact if there are any, else those of the kind."""
        contact = f"@{notification.contact}"
        known = any(kind == contact for _, kind, _ in self._targets)
        return {contact} if known else {"", notification.kind}

    @staticmethod
    def _append(file: Path, notification: Notification) -> None:
        line = json.dumps(notification.to_json())
        known = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        if line not in known:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as out:
                out.write(line + "\n")


def _target(position: int, word: str) -> tuple[int, str, str]:
    kind, separator, rest = word.partition("=")
    meant = kind in _KINDS or (kind.startswith("@") and "/" not in kind)
    return (position, kind, rest) if separator and meant else (position, "", word)


def _send(position: int, url: str, notification: Notification) -> bool:
    with importing("apprise"):
        import apprise

    sender = apprise.Apprise()
    if not sender.add(url):
        raise ServiceRefusedError(
            "notification", f"address number {position} cannot be read", "see docs/notifications.md for their form"
        )
    kinds = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
    kind = kinds.get(notification.severity, apprise.NotifyType.INFO)
    return bool(
        sender.notify(
            body=plain_body(url, notification.body),
            title=plain_title(url, notification.title),
            notify_type=kind,
            # Without it apprise takes the text for what the service renders: HTML in a mail, Markdown in a chat.
            body_format=apprise.NotifyFormat.TEXT,
        )
    )
