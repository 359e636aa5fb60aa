"""No page is lost to what stands in its way: a setting without an address, a broken incident, a wrong clock."""

from azure.data.tables import TableServiceClient

from activities.response.mitigations.notify_on_call import notify_on_call
from nightshift.domain.response.messages import MitigateRequest
from nightshift.sweeps.owed import deliver_owed
from tests.integration.sweeps.test_owed import firsts, incident, notify_about, page, read
from tests.support.pagers import Make, Pager


def test_a_page_without_an_address_is_owed(night: Make, pager: Pager) -> None:
    """The incident does not claim a page, and says why; the address that is set later gets it."""
    nobody = night(f"notice={pager.url}")
    about = incident(nobody)
    begun = notify_about(nobody, about).action
    assert (begun.state, "no address " in begun.detail, "for a page" in begun.detail) == ("begun", True, True)
    nobody.later(minutes=10)
    assert deliver_owed(nobody.services) == 1
    mended = night(pager.url)
    mended.later(minutes=20)
    assert deliver_owed(mended.services) == 0
    assert len(pager.taken) == 1
    action = read(mended, about).action("page")
    assert action is not None
    assert action.state == "done"


def test_a_notice_that_no_address_wants_is_over(night: Make, pager: Pager) -> None:
    """A setting may name pagers alone: then nothing of it is owed, and the incident says that nobody was notified."""
    pages = night(f"page={pager.url}")
    about = incident(pages)
    request = MitigateRequest(model=pages.model, incident_id=about.incident_id, mitigation="notify", reason="")
    action = notify_on_call(pages.services, request).action
    assert (action.state, "for a notice (NIGHTSHIFT_NOTIFY_URLS)" in action.detail) == ("failed", True)
    pages.later(minutes=10)
    assert deliver_owed(pages.services) == 0


def test_a_page_whose_address_leaves_the_setting_stays_owed(night: Make, pager: Pager) -> None:
    """Nobody has taken it: the incident claims nothing, health says why, and the address that is set again gets it."""
    before = night(f"page={pager.url}")
    about = incident(before)
    pager.away = True
    notify_about(before, about)
    pager.away = False
    without = night(f"notice={pager.url}")
    without.later(minutes=10)
    assert deliver_owed(without.services) == 1
    action = read(without, about).action("page")
    record = without.services.notifications.get(without.model, f"{about.incident_id}:page")
    assert action is not None
    assert record is not None
    assert (action.state, record.state, pager.taken) == ("begun", "owed", [])
    assert record.problem.startswith("no address ")
    assert "for a page (NIGHTSHIFT_NOTIFY_URLS)" in record.problem
    before.later(minutes=30)
    assert deliver_owed(before.services) == 0
    assert len(pager.taken) == 1


def test_the_second_channel_pages_when_the_first_has_no_address(night: Make, pager: Pager, second: Pager) -> None:
    """After two minutes, as for a first one that is away; then nothing is owed any more."""
    at_three = night(f"notice={pager.url}", NIGHTSHIFT_NOTIFY_FALLBACK_URLS=f"page={second.url}")
    about = incident(at_three)
    notify_about(at_three, about)
    at_three.later(minutes=3)
    assert deliver_owed(at_three.services) == 0
    (message,) = second.messages
    assert "for a page (NIGHTSHIFT_NOTIFY_URLS)" in message
    action = read(at_three, about).action("page")
    assert action is not None
    assert (action.state, "delivered at 03:03:00Z" in action.detail) == ("done", True)


def test_an_incident_that_cannot_be_changed_holds_up_no_other_page(night: Make, pager: Pager, storage: str) -> None:
    """Its own page goes out as well, and stays owed until the incident says so."""
    at_three = night(pager.url)
    about = incident(at_three)
    pager.away = True
    notify_about(at_three, about)
    page(at_three, "other")
    table = TableServiceClient.from_connection_string(storage).get_table_client("incidents")
    row = table.get_entity(at_three.model, f"incident-{about.incident_id}")
    whole = row["Json"]
    row["Json"] = whole.replace('"state":"open"', '"state":"of a newer release"', 1)
    table.update_entity(row)
    pager.away = False
    at_three.later(minutes=10)
    assert deliver_owed(at_three.services) == 1
    assert set(firsts(pager)) == {"other", about.title}
    row["Json"] = whole
    table.update_entity(row)
    at_three.later(minutes=10)
    assert deliver_owed(at_three.services) == 0
    assert len(pager.taken) == 2
    action = read(at_three, about).action("page")
    assert action is not None
    assert action.state == "done"


def test_a_clock_that_is_ahead_holds_up_no_later_page(night: Make, pager: Pager) -> None:
    """A host of tomorrow has paged about an incident: the next escalation waits for minutes, and not for a day."""
    tomorrow, at_three = night(pager.url), night(pager.url)
    tomorrow.later(days=1)
    about = incident(at_three)
    notify_about(tomorrow, about)
    at_three.later(minutes=30)
    notify_about(at_three, about, "rollback failed", "response:1")
    at_three.later(minutes=6)
    assert deliver_owed(at_three.services) == 0
    assert ["rollback failed" in message for message in pager.messages] == [False, True]
