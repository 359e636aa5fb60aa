"""A service that apprise does not know is a class and a row."""

import pytest

from nightshift.clients.notifications.channels import CHANNELS, LOCAL_FILE
from nightshift.clients.notifications.notifier import FIRST, AppriseNotifier, unreadable
from nightshift.domain.notifications.notification import Notification
from tests.integration.clients.notifications.test_notifier import note


class _Siren:
    """Takes ``siren:PLACE``."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []

    def reads(self, url: str) -> bool:
        return url.startswith("siren:roof")

    def send(self, url: str, notification: Notification, name: str) -> None:
        self.taken.append((url, notification.key, name))


@pytest.fixture
def siren(monkeypatch: pytest.MonkeyPatch) -> _Siren:
    """In the table."""
    found = _Siren()
    monkeypatch.setitem(CHANNELS, "siren", found)
    return found


def test_a_row_takes_the_addresses_of_its_scheme(siren: _Siren) -> None:
    """With their kinds, and whatever the case of the scheme."""
    told = note()
    notifier = AppriseNotifier("notice=siren:cellar page=Siren:roof", None)
    for address in notifier.addresses(told):
        notifier.send(told, address)
    assert siren.taken == [("Siren:roof", told.key, f"{FIRST} 2")]


def test_an_address_that_its_row_does_not_read_is_named(siren: _Siren) -> None:
    """By its number, as any other; nothing is sent to find out."""
    assert unreadable("siren:roof siren:moon", "siren:moon") == (
        "NIGHTSHIFT_NOTIFY_URLS: address number 2",
        "NIGHTSHIFT_NOTIFY_FALLBACK_URLS: second channel, address number 1",
    )
    assert siren.taken == []


def test_the_file_of_this_machine_is_no_address() -> None:
    """A page that is written to a disk reaches nobody; only the setting of the file names one."""
    assert unreadable(f"{LOCAL_FILE}:/tmp/told", "") == ("NIGHTSHIFT_NOTIFY_URLS: address number 1",)
