"""The services that apprise knows: Teams, Slack, PagerDuty, e-mail, webhooks."""

import logging
import re
from typing import TYPE_CHECKING

from nightshift.clients.notifications.plain_text import plain_body, plain_title
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ServiceRefusedError, ServiceUnavailableError
from nightshift.domain.platform.loading import importing

if TYPE_CHECKING:
    from apprise import Apprise

_ADDRESS = re.compile(r"\S*://|(?<=URL)[: ].|[({]")
# What an address does not say itself. Seconds until an answer must have come: apprise waits for four, and a slow pager
# that has taken a page after that would be paged again. A text that is too long for the service goes out in parts.
_DEFAULTS = {"rto": 30, "overflow": "split"}


class _NoAddresses(logging.Filter):
    """Leaves addresses out of what apprise logs: they hold keys, and it masks only some."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut a line where an address begins."""
        text = record.getMessage()
        shown = _ADDRESS.split(text, maxsplit=1)[0]
        record.msg, record.args = (text if shown == text else f"{shown}(address not shown)"), ()
        return True


logging.getLogger("apprise").addFilter(_NoAddresses())


class AppriseServices:
    """Takes every address that apprise reads."""

    def reads(self, url: str) -> bool:
        """Whether apprise knows its form."""
        return _sender(url) is not None

    def send(self, url: str, notification: Notification, name: str) -> None:
        """Send it as text: what it quotes is shown, never followed."""
        sender = _sender(url)
        if sender is None:
            raise ServiceRefusedError(
                "notification", f"{name} cannot be read", "see docs/notifications.md for their form"
            )
        with importing("apprise"):
            import apprise

        kinds = {"critical": apprise.NotifyType.FAILURE, "warning": apprise.NotifyType.WARNING}
        try:
            taken = sender.notify(
                body=plain_body(url, _text(notification)),
                title=plain_title(url, notification.title),
                notify_type=kinds.get(notification.severity, apprise.NotifyType.INFO),
                # Without it apprise takes the text for what the service renders: HTML in a mail, Markdown in a chat.
                body_format=apprise.NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises, its address has not taken it
            # Its plugins are many hands' work; what they say may hold the address, and so a key.
            raise ServiceUnavailableError("notification", f"{name} failed with {type(error).__name__}") from None
        if not taken:
            raise ServiceUnavailableError("notification", f"{name} did not take {notification.key}{_all_of(sender)}")


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


def _all_of(sender: "Apprise") -> str:
    """That all recipients of an address are sent a message again: apprise does not say which of them have taken it."""
    recipients = sum(len(service) for service in sender)
    return f"; each of its {recipients} recipients is sent it again" if recipients > 1 else ""


def _text(notification: Notification) -> str:
    """The body, and the addresses that lead on."""
    runbook = f"Runbook: {notification.runbook}" if notification.runbook else ""
    return "\n".join(part for part in (notification.body, notification.link, runbook) if part)
