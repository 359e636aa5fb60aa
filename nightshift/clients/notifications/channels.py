"""What takes a notification, by the scheme of an address: a row for each that apprise does not know."""

from typing import Protocol

from nightshift.clients.notifications.apprise_services import AppriseServices
from nightshift.clients.notifications.local_file import LocalFile
from nightshift.domain.notifications.notification import Notification

LOCAL_FILE = "local-file"


class Channel(Protocol):
    """Sends to the addresses of a scheme."""

    def reads(self, url: str) -> bool:
        """Whether it is an address; nothing is sent."""

    def send(self, url: str, notification: Notification, name: str) -> None:
        """Send, at most once for a key where the service can tell.

        Args:
            name: what errors call the address, which may hold a key.

        Raises:
            ServiceUnavailableError: it did not take it; trying again may help.
            ServiceRefusedError: it is no address.
        """


CHANNELS: dict[str, Channel] = {
    LOCAL_FILE: LocalFile(),
}
_OTHERS: Channel = AppriseServices()


def channel_of(url: str) -> Channel:
    """What sends to an address."""
    return CHANNELS.get(url.partition(":")[0].lower(), _OTHERS)
