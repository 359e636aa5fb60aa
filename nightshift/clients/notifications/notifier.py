"""Notify people, each at the addresses that the settings name for this kind of notification."""

import re
from dataclasses import dataclass
from pathlib import Path

from nightshift.clients.notifications.channels import LOCAL_FILE, channel_of
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.identity import short

_KINDS = {"page", "notice"}
_FILE = "file"
# What errors call an address, before its number: it may hold a key.
FIRST, SECOND = "address number", "second channel, address number"
# Addresses that stand in one word, as apprise takes them; each takes a page of its own.
_BETWEEN = re.compile(r"[,;](?=[a-zA-Z0-9]+://)")


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


class AppriseNotifier:
    """Implements `Notifier`.

    Args:
        urls: addresses separated by spaces, each for both kinds or for one: ``page=pagerduty://... notice=slack://...``,
            or for one contact of the escalation policies: ``@manager=msteams://...``. What is for a contact without
            an address goes to the others.
        file: where each notification is appended as a line of JSON, once per key.
        fallback_urls: the addresses of the second channel, in the same form.
    """

    def __init__(self, urls: str, file: Path | None, fallback_urls: str = "") -> None:
        self._first = _targets(urls, FIRST)
        self._second = _targets(fallback_urls, SECOND)
        self._files = () if file is None else (_Target(_FILE, "", f"{LOCAL_FILE}:{file}", "the file"),)

    def addresses(self, notification: Notification, *, fallback: bool = False) -> tuple[str, ...]:
        """Those of the contact if there are any, else those of the kind."""
        targets = self._second if fallback else self._first
        contact = f"@{notification.contact}"
        wanted = {contact} if any(it.kind == contact for it in targets) else {"", notification.kind}
        keys = [target.key for target in targets if target.kind in wanted]
        files = () if fallback else self._files
        return tuple(dict.fromkeys((*(file.key for file in files), *keys)))

    def send(self, notification: Notification, address: str) -> None:
        target = next(item for item in (*self._files, *self._first, *self._second) if item.key == address)
        channel_of(target.url).send(target.url, notification, target.name)


def unreadable(urls: str, fallback_urls: str) -> tuple[str, ...]:
    """The addresses of both channels that are none, each as its setting and what errors call it."""
    settings = {"NIGHTSHIFT_NOTIFY_URLS": _targets(urls, FIRST)}
    settings["NIGHTSHIFT_NOTIFY_FALLBACK_URLS"] = _targets(fallback_urls, SECOND)
    return tuple(
        f"{setting}: {target.name}"
        for setting, targets in settings.items()
        for target in targets
        if not channel_of(target.url).reads(target.url)
    )


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
