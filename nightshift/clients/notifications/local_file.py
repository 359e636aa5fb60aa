"""Notifications in a file of this machine, a line of JSON for each, once per key."""

import json
from pathlib import Path

from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.errors import ServiceUnavailableError


class LocalFile:
    """Takes ``local-file:PATH``."""

    def reads(self, url: str) -> bool:
        """None that the setting of addresses names: only NIGHTSHIFT_NOTIFY_FILE makes one."""
        return False

    def send(self, url: str, notification: Notification, name: str) -> None:
        """Append it, unless the file has it."""
        file = Path(url.partition(":")[2])
        try:
            known = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
            if any(json.loads(line)["key"] == notification.key for line in known):
                return
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(notification.to_json()) + "\n")
        except OSError as error:
            said = f"the file did not take {notification.key}: {error}"
            raise ServiceUnavailableError("notification", said) from error
