"""No page is lost: a real pager that is away and comes back, and the records of what is owed to it on real storage."""

from pathlib import Path
from typing import Any

import pytest

from activities.response.mitigations.notify_on_call import notify_on_call
from nightshift.domain.notifications.notification import Notification, NotifyResult
from nightshift.domain.response.incident import Incident
from nightshift.domain.response.messages import MitigateRequest, MitigationResult
from nightshift.services.notifications.notify import notify
from nightshift.sweeps.owed import deliver_owed
from tests.support.incident_examples import alert, signal
from tests.support.interruptions import Interrupted, KilledError
from tests.support.pagers import AT, Make, Night, Pager
from tests.support.responder import Replaced


@pytest.fixture
def model(model: str) -> str:
    """A name of this test's own, which no registry needs to know."""
    return model


def page(night: Night, key: str, **given: Any) -> NotifyResult:
    """Page about something."""
    fields = {"key": f"{night.model}:{key}", "kind": "page", "model": night.model, "severity": "critical"}
    told = Notification.model_validate(fields | {"title": key, "body": key} | given)
    return notify(night.services, told)


def firsts(pager: Pager) -> list[str]:
    """The titles that it took, in order."""
    return [body["title"] for body in pager.taken]


def test_a_pager_that_is_away_gets_its_page_when_it_is_back(night: Make, pager: Pager) -> None:
    """Hours later, once, with the time at which it was made; the caller does not wait for it."""
    at_three = night(pager.url)
    pager.away = True
    assert "did not take" in page(at_three, "a").problem
    for _ in range(3):
        at_three.later(minutes=10)
        assert deliver_owed(at_three.services) == 1
    assert pager.taken == []
    pager.away = False
    at_three.later(hours=2)
    assert deliver_owed(at_three.services) == 0
    assert deliver_owed(at_three.services) == 0
    (message,) = pager.messages
    assert "made at 2026-03-01 03:00:00Z" in message
    assert page(at_three, "a").problem == ""
    assert len(pager.taken) == 1


def test_a_page_that_was_taken_is_not_sent_again(night: Make, pager: Pager) -> None:
    """Whoever pages comes again after a crash: its key is on record as sent, at the first try."""
    at_three = night(pager.url)
    for _ in range(3):
        assert page(at_three, "a").problem == ""
        at_three.later(minutes=10)
    assert firsts(pager) == ["a"]


def test_a_page_that_was_taken_is_not_sent_to_an_address_that_comes_later(
    night: Make, pager: Pager, second: Pager
) -> None:
    """The setting has one address more when the caller comes again: that person was not meant then."""
    assert page(night(pager.url), "a").problem == ""
    assert page(night(f"{pager.url} {second.url}"), "a").problem == ""
    assert (firsts(pager), firsts(second)) == (["a"], [])


def test_a_caller_that_comes_again_does_not_wait_for_a_pager_that_is_away(night: Make, pager: Pager) -> None:
    """Trying again is the sweep's: three callers, one request; then the sweep makes the second."""
    at_three = night(pager.url)
    pager.away = True
    for _ in range(3):
        assert page(at_three, "a").problem
    assert pager.tried == 1
    at_three.later(minutes=10)
    deliver_owed(at_three.services)
    assert pager.tried == 2


@pytest.mark.parametrize("tried", [True, False], ids=["tried", "killed before it was tried"])
def test_a_clock_that_is_set_back_holds_up_no_page(
    night: Make, pager: Pager, second: Pager, monkeypatch: pytest.MonkeyPatch, tried: bool
) -> None:
    """By an hour, while a page is owed: the next sweep tries it and asks the second channel, and pauses as always."""
    at_three = night(pager.url, NIGHTSHIFT_NOTIFY_FALLBACK_URLS=second.url)
    pager.away = True
    if tried:
        page(at_three, "a")
    else:
        with monkeypatch.context() as patch:
            patch.setattr("nightshift.services.notifications.notify._first_try", _killed)
            with pytest.raises(KilledError):
                page(at_three, "a")
    at_three.later(hours=-1)
    assert deliver_owed(at_three.services) == 1
    assert firsts(second) == ["a"]
    before = pager.tried
    assert deliver_owed(at_three.services) == 1
    assert pager.tried == before
    pager.away = False
    at_three.later(minutes=5)
    assert deliver_owed(at_three.services) == 0
    assert (firsts(pager), firsts(second)) == (["a"], ["a"])


def _killed(*_: Any) -> Any:
    raise KilledError


def test_a_host_whose_clock_is_behind_a_little_leaves_a_first_try_alone(night: Make, pager: Pager) -> None:
    """Clocks differ by seconds: a page that another host is just sending is not sent a second time."""
    at_three = night(pager.url)
    pager.away = True
    page(at_three, "a")
    pager.away, before = False, pager.tried
    at_three.later(seconds=-30)
    deliver_owed(at_three.services)
    assert pager.tried == before


def test_what_is_owed_goes_out_in_order(night: Make, pager: Pager) -> None:
    """Critical pages first, the oldest of each first."""
    at_three = night(pager.url)
    pager.away = True
    for key, given in {
        "notice": {"kind": "notice"},
        "warning": {"severity": "warning"},
        "older": {},
        "newer": {},
        "newest": {},
    }.items():
        page(at_three, key, **given)
        at_three.later(seconds=20)
    at_three.later(minutes=1)
    deliver_owed(at_three.services)
    pager.away = False
    at_three.later(minutes=10)
    assert deliver_owed(at_three.services) == 0
    assert firsts(pager) == ["older", "newer", "newest", "warning", "notice"]


def test_a_pager_that_is_away_is_tried_a_few_times_a_sweep(night: Make, pager: Pager) -> None:
    """However much is owed to it, and less and less often."""
    at_three = night(pager.url)
    pager.away = True
    for number in range(6):
        page(at_three, str(number))
    tried, counts = pager.tried, []
    for _ in range(12):
        at_three.later(minutes=1)
        deliver_owed(at_three.services)
        counts.append(pager.tried - tried)
        tried = pager.tried
    assert max(counts) == 3
    assert min(counts) == 0


def test_a_page_that_is_never_taken_holds_up_no_other(night: Make, pager: Pager) -> None:
    """Three that a pager refuses, in front of one that it takes."""
    at_three = night(pager.url)
    pager.refuses = "poison"
    for key in ("poison 1", "poison 2"):
        page(at_three, key)
        at_three.later(seconds=1)
    pager.away = True
    page(at_three, "good")
    pager.away = False
    at_three.later(seconds=1)
    for key in ("poison 3", "poison 4"):
        page(at_three, key)
        at_three.later(minutes=1)
    for _ in range(6):
        at_three.later(minutes=10)
        deliver_owed(at_three.services)
    assert firsts(pager) == ["good"]


def test_an_address_that_took_it_is_not_paged_again(night: Make, pager: Pager, second: Pager) -> None:
    """While another one is away, and when that is back."""
    at_three = night(f"{pager.url} {second.url}")
    second.away = True
    page(at_three, "a")
    at_three.later(minutes=10)
    deliver_owed(at_three.services)
    second.away = False
    at_three.later(minutes=10)
    assert deliver_owed(at_three.services) == 0
    assert (firsts(pager), firsts(second)) == (["a"], ["a"])


def test_the_second_channel_gets_what_the_first_has_not_taken(night: Make, pager: Pager, second: Pager) -> None:
    """After two minutes, once, with the reason; only pages; the first still gets it when it is back."""
    at_three = night(pager.url, NIGHTSHIFT_NOTIFY_FALLBACK_URLS=second.url)
    pager.away = True
    page(at_three, "a")
    page(at_three, "b", kind="notice")
    at_three.later(minutes=1)
    deliver_owed(at_three.services)
    assert second.taken == []
    for _ in range(3):
        at_three.later(minutes=1)
        deliver_owed(at_three.services)
    (message,) = second.messages
    assert "By the second channel" in message
    assert "number 1 did not take" in message
    pager.away = False
    at_three.later(minutes=10)
    assert deliver_owed(at_three.services) == 0
    assert (firsts(pager), len(second.taken)) == (["a", "b"], 1)


def test_an_address_that_is_none_stays_owed(night: Make, second: Pager) -> None:
    """Until the setting is mended; meanwhile the second channel pages."""
    at_three = night("pager-duty", NIGHTSHIFT_NOTIFY_FALLBACK_URLS=second.url)
    assert "cannot be read" in page(at_three, "a").problem
    at_three.later(minutes=10)
    assert deliver_owed(at_three.services) == 1
    assert "number 1 cannot be read" in second.messages[0]
    mended = night(second.url)
    mended.later(minutes=20)
    assert deliver_owed(mended.services) == 0


def test_a_folder_in_the_place_of_the_local_file_is_owed(night: Make, tmp_path: Path) -> None:
    """The file that stands for people locally has the same rules."""
    file = tmp_path / "notifications.jsonl"
    file.mkdir()
    local = night("", NIGHTSHIFT_NOTIFY_FILE=str(file))
    assert "the file did not take" in page(local, "a").problem
    file.rmdir()
    local.later(hours=1)
    assert deliver_owed(local.services) == 0
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_process_that_is_killed_at_any_call_loses_no_page(night: Make, pager: Pager, *, after: bool) -> None:
    """What was begun is delivered by the sweep, or by whoever calls again; at most one page more."""
    at_three = night(pager.url)
    for last in range(1, 20):
        killed = Interrupted(at_three.services, last=last, after=after)
        fields = {"key": f"{at_three.model}:{last}", "kind": "page", "model": at_three.model, "severity": "critical"}
        told = Notification.model_validate(fields | {"title": str(last), "body": "b"})
        try:
            notify(killed, told)
        except KilledError:
            at_three.later(minutes=10)
            if last % 2:
                notify(at_three.services, told)
            deliver_owed(at_three.services)
        else:
            break
        begun = at_three.services.notifications.get(at_three.model, told.key)
        if begun is None:
            continue
        assert begun.state == "sent"
        assert firsts(pager).count(str(last)) in {1, 2}
    else:
        pytest.fail("it never ran to its end")


def test_an_address_that_took_a_page_before_a_kill_is_not_sent_it_again(
    night: Make, pager: Pager, second: Pager
) -> None:
    """Killed between two addresses: whoever calls again goes on with the one that has not had it."""
    at_three = night(f"{pager.url} {second.url}")

    def killed(message: Any, address: str) -> None:
        if pager.taken:
            raise KilledError
        at_three.services.notifier.send(message, address)

    dying: Any = Replaced(at_three.services, notifier=Replaced(at_three.services.notifier, send=killed))
    told = Notification.model_validate(
        {"key": f"{at_three.model}:a", "kind": "page", "model": at_three.model, "severity": "critical", "title": "a",
         "body": "b"}
    )  # fmt: skip
    with pytest.raises(KilledError):
        notify(dying, told)
    assert (firsts(pager), firsts(second)) == (["a"], [])
    notify(at_three.services, told)
    assert (firsts(pager), firsts(second)) == (["a"], ["a"])


def incident(night: Night) -> Incident:
    """A critical incident."""
    recorded = night.services.incidents.record(signal(alert(model=night.model, fired_at=night.now)))
    assert recorded.incident is not None
    return recorded.incident


def notify_about(night: Night, about: Incident, reason: str = "", escalation: str = "") -> MitigationResult:
    """Page as the response does: by the playbook's order, or as an escalation."""
    request = MitigateRequest(
        model=night.model, incident_id=about.incident_id, mitigation="page", reason=reason, escalation=escalation
    )
    return notify_on_call(night.services, request)


def read(night: Night, about: Incident) -> Incident:
    """The incident as it is now."""
    found = night.services.incidents.get(night.model, about.incident_id)
    assert found is not None
    return found


def test_an_incident_says_truly_what_became_of_its_page(night: Make, pager: Pager) -> None:
    """Owed since when and why; then delivered at what time. The step goes on, and nothing fails."""
    at_three = night(pager.url)
    about = incident(at_three)
    pager.away = True
    assert notify_about(at_three, about).action.state == "begun"
    owed = read(at_three, about).action("page")
    assert owed is not None
    assert "owed since 2026-03-01 03:00:00Z" in owed.detail
    pager.away = False
    at_three.later(minutes=30)
    deliver_owed(at_three.services)
    done = read(at_three, about)
    action = done.action("page")
    assert action is not None
    assert (action.state, "delivered at 03:30:00Z" in action.detail) == ("done", True)
    assert "delivered at 03:30:00Z" in done.timeline[-1].what


def test_a_page_links_to_the_incident_and_its_runbook(night: Make, pager: Pager) -> None:
    """On-call has a phone, and no shell."""
    at_three = night(pager.url)
    about = at_three.services.incidents.record(
        signal(alert(model=at_three.model, fired_at=AT, url="https://monitor.example/a1"))
    ).incident
    assert about is not None
    notify_about(at_three, about)
    lines = pager.messages[0].splitlines()
    assert f"https://app.example/incidents/{about.incident_id}" in lines
    assert "Runbook: https://monitor.example/a1" in lines


@pytest.mark.parametrize(
    ("given", "link"),
    [({}, ""), ({"incident_id": "i1"}, "incidents/i1"), ({"link": "https://app.example/runs/r"}, "runs/r")],
)
def test_every_page_links_to_the_app(night: Make, pager: Pager, given: dict[str, Any], link: str) -> None:
    """To its own page, to its incident, or to the front page: whoever made it, none is without."""
    page(night(pager.url), "a", **given)
    assert f"https://app.example/{link}" in pager.messages[0].splitlines()


def test_each_escalation_pages_again_damped_by_time(night: Make, pager: Pager) -> None:
    """The first page at once, what comes within five minutes together at their end, a later one at once."""
    at_three = night(pager.url)
    about = incident(at_three)
    notify_about(at_three, about)
    for number in (1, 2):
        at_three.later(minutes=1)
        for _ in range(2):  # Durable may call an activity again
            assert notify_about(at_three, about, f"trouble {number}", f"response:{number}").action.state == "begun"
    assert len(pager.taken) == 1
    assert "goes out at 2026-03-01 03:05:00Z" in str(read(at_three, about).action("page"))
    deliver_owed(at_three.services)
    at_three.later(minutes=3)
    assert deliver_owed(at_three.services) == 0
    assert len(pager.taken) == 2
    assert all(f"trouble {number}" in pager.messages[1] for number in (1, 2))
    at_three.later(minutes=20)
    notify_about(at_three, about, "trouble 3", "response:3")
    notify_about(at_three, about, "trouble 1", "response:1")
    assert len(pager.taken) == 3
    what = [entry.what for entry in read(at_three, about).timeline]
    assert sum("on-call was sent a page" in line for line in what) == 2
    assert sum("was delivered at" in line for line in what) == 2


def test_a_sweep_that_is_killed_at_any_call_loses_no_page(night: Make, pager: Pager) -> None:
    """The next sweep ends what it began: the page was sent once or twice, and the incident says so."""
    for last in range(1, 60):
        at_three = night(pager.url)
        at_three.later(days=last)
        about = at_three.services.incidents.record(
            signal(alert(model=at_three.model, alert_id=str(last), fired_at=at_three.now))
        ).incident
        assert about is not None
        pager.away = True
        notify_about(at_three, about)
        pager.away, before = False, len(pager.taken)
        at_three.later(minutes=2)
        try:
            deliver_owed(Interrupted(at_three.services, last=last, after=bool(last % 2)))
        except KilledError:
            at_three.later(minutes=2)
            assert deliver_owed(at_three.services) == 0
            action = read(at_three, about).action("page")
            assert action is not None
            assert action.state == "done"
            assert len(pager.taken) - before in {1, 2}
        else:
            break
    else:
        pytest.fail("it never ran to its end")
