"""The incident store on real Table storage: one trouble is one incident, however its alerts come."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from azure.data.tables import TableServiceClient

from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.domain.platform.errors import BadInputError, TransitionError
from nightshift.domain.platform.ports import Services
from nightshift.domain.response.alert import PLATFORM, AlertMessage
from nightshift.domain.response.incident import Incident, Recorded, Signal, TimelineEntry
from nightshift.domain.response.playbook import Debouncing
from tests.support.incident_examples import AT, alert, signal
from tests.support.interruptions import Interrupted, KilledError
from tests.support.refusals import refusal


@pytest.fixture
def store(tables: TableServiceClient) -> TableIncidentStore:
    """The store."""
    return TableIncidentStore(tables)


def _fired(model: str, name: str = "a1", minutes: float = 0, **given: Any) -> AlertMessage:
    return alert(model=model, alert_id=name, fired_at=AT + timedelta(minutes=minutes), **given)


def _resolved(model: str, name: str = "a1", minutes: float = 1) -> AlertMessage:
    return _fired(model, name, minutes, state="resolved", title="it is over")


def _only(store: TableIncidentStore, model: str) -> Incident:
    (incident,) = store.all(model)
    return incident


def test_an_alert_opens_an_incident(store: TableIncidentStore, model: str) -> None:
    """With the judgement, the reason, and the alert itself in it."""
    sent = signal(_fired(model, url="https://monitor/1"), received_at=AT + timedelta(seconds=2))
    recorded = store.record(sent)
    incident = _only(store, model)
    assert (recorded.opened, recorded.act, recorded.repeated, recorded.reopened) == (True, True, False, False)
    assert recorded.incident == incident
    assert (incident.state, incident.severity, incident.rule) == ("open", "critical", "error_ratio_critical")
    assert (incident.opened_at, incident.recorded_at) == (AT, AT + timedelta(seconds=2))
    assert (incident.occurrences, incident.firing, incident.armed) == (1, 1, True)
    assert [(line.actor, line.link) for line in incident.timeline] == [("test", "https://monitor/1")]
    assert store.occurrences(model, incident.incident_id, 1_000) == (sent.alert,)


def test_one_alert_from_eight_threads_counts_once(store: TableIncidentStore, model: str) -> None:
    """Service Bus delivers at least once: every delivery gets the same incident, one of them opens it."""
    sent = signal(_fired(model))
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: store.record(sent), range(24)))
    assert _only(store, model).occurrences == 1
    assert [result.opened for result in results].count(True) == 1
    assert {(result.act, result.response) for result in results} == {(True, results[0].response)}


def test_alerts_of_one_trouble_from_eight_threads_are_one_incident(store: TableIncidentStore, model: str) -> None:
    """Each counts, and one of them opens it and is acted upon."""
    sent = [signal(_fired(model, f"a{number}", number / 10)) for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(store.record, sent))
    incident = _only(store, model)
    assert (incident.occurrences, incident.firing) == (16, 16)
    assert [(result.opened, result.act) for result in results].count((True, True)) == 1
    assert [(result.opened, result.act) for result in results].count((False, False)) == 15
    assert len(store.occurrences(model, incident.incident_id, 1_000)) == 16


def test_five_alerts_of_one_trouble_are_one_incident_that_counts_five(store: TableIncidentStore, model: str) -> None:
    """Only the first is acted upon."""
    results = [store.record(signal(_fired(model, f"a{number}", number))) for number in range(5)]
    incident = _only(store, model)
    assert (incident.occurrences, incident.firing, incident.last_fired_at) == (5, 5, AT + timedelta(minutes=4))
    assert [result.act for result in results] == [True, False, False, False, False]


SUBJECTS: tuple[dict[str, Any], ...] = (
    {"category": "pipeline", "metric": "", "value": None, "baseline": None, "severity": "critical"},
    {"category": "drift", "metric": "psi", "value": 0.4, "baseline": None, "feature": "temp"},
    {"category": "drift", "metric": "psi", "value": 0.4, "baseline": None, "feature": "hum"},
    {"category": "drift", "metric": "staleness_days", "value": 40.0, "baseline": None},
    {"category": "degradation", "metric": "rmse"},
    {"category": "degradation", "metric": "mae"},
)


@pytest.mark.parametrize("order", [SUBJECTS, SUBJECTS[::-1]], ids=["forwards", "backwards"])
def test_one_id_about_several_things_is_several_alerts(
    store: TableIncidentStore, model: str, order: tuple[dict[str, Any], ...]
) -> None:
    """A source that uses one id for each thing that it watches loses none, and a redelivery of any counts once."""
    sent = [signal(_fired(model, **about)) for about in order]
    for _ in range(2):
        for item in sent:
            store.record(item)
    occurrences = {incident.rule: incident.occurrences for incident in store.all(model)}
    expected = {"source_critical": 1, "psi_critical": 2, "staleness_critical": 1, "error_ratio_critical": 2}
    assert occurrences == expected
    told = [alert for incident in store.all(model) for alert in store.occurrences(model, incident.incident_id, 1_000)]
    assert sorted(alert.key for alert in told) == sorted(item.alert.key for item in sent)


def test_one_id_about_two_things_from_eight_threads(store: TableIncidentStore, model: str) -> None:
    """Whichever comes first, both count, each once."""
    sent = [signal(_fired(model, **about)) for about in SUBJECTS[:2]] * 8
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(store.record, sent))
    assert [incident.occurrences for incident in store.all(model)] == [1, 1]
    assert [result.opened for result in results].count(True) == 2


@pytest.mark.parametrize("metric", ["rmse", ""])
def test_each_of_one_id_is_resolved_by_its_own_resolution(store: TableIncidentStore, model: str, metric: str) -> None:
    """Of its category, whether or not it repeats its metric; the others go on."""
    for about in SUBJECTS:
        store.record(signal(_fired(model, **about)))
    store.record(signal(_resolved(model).model_copy(update={"metric": metric})))
    states = {incident.rule: (incident.state, incident.firing) for incident in store.all(model)}
    assert states["error_ratio_critical"] == (("open", 1) if metric else ("resolved", 0))
    assert {states[rule] for rule in ("source_critical", "staleness_critical")} == {("open", 1)}
    assert states["psi_critical"] == ("open", 2)


def test_a_resolution_that_overtakes_the_second_of_an_id_opens_nothing(store: TableIncidentStore, model: str) -> None:
    """It is found under the id and what it is about."""
    store.record(signal(_fired(model, **SUBJECTS[0])))
    assert store.record(signal(_resolved(model))).incident is None
    assert store.record(signal(_fired(model))).incident is None
    assert [incident.rule for incident in store.all(model)] == ["source_critical"]


@pytest.mark.parametrize("reopened", [False, True])
def test_an_alert_that_an_earlier_release_recorded_counts_once(
    store: TableIncidentStore, tables: TableServiceClient, model: str, reopened: bool
) -> None:
    """Its row and its lines bear the id alone: a redelivery finds both, an alert about something else neither."""
    sent = signal(_fired(model))
    opened = store.record(signal(_fired(model, "a0"))).incident
    assert opened is not None
    old, timeline = sent.alert.id_key, opened.timeline[0].model_copy(update={"key": f"again-{sent.alert.id_key}"})
    if reopened:
        store.change(model, opened.incident_id, lambda incident: incident.with_event(timeline))
    told = sent.alert.model_dump_json(exclude={"direction"})
    row = {"Incident": opened.incident_id, "Resolved": False, "Alert": told}
    tables.get_table_client("incidents").create_entity({"PartitionKey": model, "RowKey": f"alert-{old}", **row})
    again = store.record(sent)
    assert (again.repeated, again.opened, again.reopened) == (True, False, reopened)
    assert again.alert_key == (old if reopened else sent.alert.key)
    assert _only(store, model).occurrences == 1
    assert store.record(signal(_fired(model, **SUBJECTS[0]))).opened is True
    assert store.record(signal(_resolved(model))).incident is not None


@pytest.mark.parametrize(("title", "shown"), [("error doubled", "{}: error doubled"), ("{} is bad", "{} is bad")])
def test_the_title_of_an_incident_names_its_model(
    store: TableIncidentStore, model: str, title: str, shown: str
) -> None:
    """Two models whose monitor says the same are told apart; the alert keeps its own words."""
    store.record(signal(_fired(model, title=title.format(model))))
    assert _only(store, model).title == shown.format(model)
    assert _only(store, model).alert.title == title.format(model)


def test_troubles_are_reported_apart(store: TableIncidentStore, model: str) -> None:
    """Another rule is another incident, and so is another model."""
    store.record(signal(_fired(model)))
    store.record(signal(_fired(model, "a2", value=1.3)))
    store.record(signal(_fired(f"{model}b", "a3")))
    assert sorted(incident.rule for incident in store.all(model)) == ["error_ratio_critical", "error_ratio_warning"]
    assert [incident.rule for incident in store.all(f"{model}b")] == ["error_ratio_critical"]


@pytest.mark.parametrize(
    ("minutes", "incidents"),
    [(60, 1), (60.01, 2), (-60, 1), (-60.01, 2)],
    ids=["last moment", "just after", "late delivery", "too old"],
)
def test_the_window_has_two_edges(store: TableIncidentStore, model: str, minutes: float, incidents: int) -> None:
    """An alert belongs to the incident within an hour of its first alert, on either side."""
    store.record(signal(_fired(model)))
    store.record(signal(_fired(model, "a2", minutes)))
    assert len(store.all(model)) == incidents


def test_the_next_window_is_counted_from_its_own_first_alert(store: TableIncidentStore, model: str) -> None:
    """The latest incident takes what comes; the one before is left as it is."""
    first = store.record(signal(_fired(model))).incident
    second = store.record(signal(_fired(model, "a2", 61))).incident
    third = store.record(signal(_fired(model, "a3", 120))).incident
    assert first is not None
    assert second is not None
    assert third is not None
    assert third.incident_id == second.incident_id != first.incident_id
    assert store.get(model, first.incident_id) == first


def test_a_late_alert_does_not_become_the_latest(store: TableIncidentStore, model: str) -> None:
    """An old alert gets its own incident; what fires now still belongs to the newest."""
    newest = store.record(signal(_fired(model, "now"))).incident
    store.record(signal(_fired(model, "old", -300)))
    joined = store.record(signal(_fired(model, "next", 1))).incident
    assert newest is not None
    assert joined is not None
    assert (joined.incident_id, joined.occurrences) == (newest.incident_id, 2)


def test_a_resolution_closes_what_its_alert_opened(store: TableIncidentStore, model: str) -> None:
    """Its source says that it is over."""
    store.record(signal(_fired(model)))
    recorded = store.record(signal(_resolved(model)))
    incident = _only(store, model)
    assert recorded.incident == incident
    assert (incident.state, incident.firing, incident.occurrences) == ("resolved", 0, 1)
    assert incident.timeline[-1].what.startswith("its source ")
    assert recorded.act is False


@pytest.mark.parametrize("operation", ["acknowledge", "mitigate"])
def test_a_resolution_closes_an_incident_in_any_state(store: TableIncidentStore, model: str, operation: Any) -> None:
    """Also one that somebody has acknowledged, or that was mitigated."""
    opened = store.record(signal(_fired(model))).incident
    assert opened is not None
    store.change(model, opened.incident_id, lambda incident: incident.transition(operation))
    store.record(signal(_resolved(model)))
    assert _only(store, model).state == "resolved"


def test_one_of_several_resolved_leaves_the_incident_open(store: TableIncidentStore, model: str) -> None:
    """The last one closes it."""
    for name in ("a1", "a2"):
        store.record(signal(_fired(model, name)))
    store.record(signal(_resolved(model, "a1")))
    assert (_only(store, model).state, _only(store, model).firing) == ("open", 1)
    store.record(signal(_resolved(model, "a2")))
    assert (_only(store, model).state, _only(store, model).firing) == ("resolved", 0)


def test_a_resolution_twice_counts_once(store: TableIncidentStore, model: str) -> None:
    """Its redelivery does not resolve what another alert still says."""
    for name in ("a1", "a2"):
        store.record(signal(_fired(model, name)))
    results = [store.record(signal(_resolved(model, "a1"))) for _ in range(3)]
    assert [result.repeated for result in results] == [False, True, True]
    assert (_only(store, model).state, _only(store, model).firing) == ("open", 1)


def test_a_resolution_that_overtakes_its_firing_opens_nothing(store: TableIncidentStore, model: str) -> None:
    """Queues keep no order: what was over before it was heard of is not acted upon."""
    assert store.record(signal(_resolved(model))).incident is None
    fired = store.record(signal(_fired(model)))
    assert (fired.incident, fired.act, fired.opened) == (None, False, False)
    assert store.record(signal(_resolved(model))).incident is None
    assert store.all(model) == ()


def test_a_firing_redelivered_after_its_resolution_reopens_nothing(store: TableIncidentStore, model: str) -> None:
    """It is the same alert, and that is over."""
    store.record(signal(_fired(model)))
    store.record(signal(_resolved(model)))
    again = store.record(signal(_fired(model)))
    assert (again.repeated, again.reopened) == (True, False)
    assert (_only(store, model).state, _only(store, model).occurrences) == ("resolved", 1)


def test_a_new_alert_reopens_what_was_resolved(store: TableIncidentStore, model: str) -> None:
    """Within the window: one more occurrence, open again, reported as such, also by a redelivery."""
    known = store.record(signal(_fired(model))).incident
    assert known is not None
    store.change(model, known.incident_id, lambda it: it.model_copy(update={"acknowledged_by": "ann"}))
    store.record(signal(_resolved(model)))
    sent = signal(_fired(model, "a2", 5))
    first, second = store.record(sent), store.record(sent)
    incident = _only(store, model)
    # Ann has gone back to bed.
    assert incident.acknowledged_by == ""
    assert (incident.state, incident.occurrences, incident.firing) == ("open", 2, 1)
    assert (first.reopened, first.act) == (True, False)
    assert (second.reopened, second.repeated) == (True, True)
    assert first.response == second.response
    assert incident.timeline[-1].key == f"again-{sent.alert.key}"


def test_debouncing_waits_for_enough_violations(store: TableIncidentStore, model: str) -> None:
    """Two of three: the first alert is recorded, the second acted upon, the third is only counted."""
    debouncing = Debouncing(violations=2, of=3)
    results = [store.record(signal(_fired(model, f"a{number}", number), debouncing=debouncing)) for number in range(3)]
    assert [result.act for result in results] == [False, True, False]
    assert (_only(store, model).armed, _only(store, model).occurrences) == (True, 3)


def test_a_redelivery_counts_as_no_second_violation(store: TableIncidentStore, model: str) -> None:
    """One alert, three times delivered, is one violation."""
    sent = signal(_fired(model), debouncing=Debouncing(violations=2, of=3))
    assert [store.record(sent).act for _ in range(3)] == [False, False, False]


def _flap(store: TableIncidentStore, model: str, count: int, debouncing: Debouncing) -> list[Recorded]:
    """Fire and resolve, so many times; return what the firings became."""
    results = []
    for number in range(count):
        results.append(store.record(signal(_fired(model, f"a{number}", number), debouncing=debouncing)))
        store.record(signal(_resolved(model, f"a{number}", number + 0.5), debouncing=debouncing))
    return results


def test_a_flapping_signal_is_damped(store: TableIncidentStore, model: str) -> None:
    """Two in a row never come: nothing is done, nobody is woken, everything is counted."""
    results = _flap(store, model, 4, Debouncing(violations=2, of=2))
    assert [(result.act, result.reopened) for result in results] == [(False, False)] * 4
    assert (_only(store, model).armed, _only(store, model).occurrences) == (False, 4)


def test_a_signal_that_flaps_too_often_is_acted_upon(store: TableIncidentStore, model: str) -> None:
    """Two of the last three signals fired: that is enough, and it is its first answer, not a second."""
    results = _flap(store, model, 2, Debouncing(violations=2, of=3))
    assert [(result.act, result.reopened) for result in results] == [(False, False), (True, False)]


def test_a_source_whose_clock_is_ahead_fires_no_later_than_it_is_heard(store: TableIncidentStore, model: str) -> None:
    """Or its own alert would seem to fire again after it was acted upon."""
    ahead = timedelta(minutes=4)
    for name in ("a1", "a2"):
        store.record(signal(_fired(model, name, 4), received_at=AT))
    incident = _only(store, model)
    assert (incident.opened_at, incident.last_fired_at) == (AT + ahead, AT)


def test_an_incident_of_the_platform_has_no_model(store: TableIncidentStore, model: str) -> None:
    """A budget belongs to no model; it is found by its id all the same."""
    budget = alert(model=None, alert_id=model, category="budget", metric="spend", rule=model)
    opened = store.record(signal(budget.model_copy(update={"value": None, "severity": "critical"}))).incident
    assert opened is not None
    assert opened.model == PLATFORM
    assert store.find(opened.incident_id) == opened
    assert store.get(model, opened.incident_id) is None


def test_an_unknown_incident_is_not_found(store: TableIncidentStore, model: str) -> None:
    """Reading says None, changing says which incident of which model."""
    assert store.get(model, "nothing") is None
    assert store.find("nothing") is None
    assert store.occurrences(model, "nothing", 1_000) == ()
    with refusal(BadInputError, f"no incident of {model}", field="incident", value="nothing"):
        store.change(model, "nothing", lambda incident: incident)


def test_incidents_are_listed_newest_first_and_by_state(store: TableIncidentStore, model: str) -> None:
    """Of one model or of all, in every state or in some."""
    for number, value in enumerate((3.0, 1.3, 1.0)):
        store.record(signal(_fired(model, f"a{number}", number, value=value)))
    store.record(signal(_resolved(model, "a1", 3)))
    assert [incident.alert.alert_id for incident in store.all(model)] == ["a2", "a1", "a0"]
    assert [incident.alert.alert_id for incident in store.all(model, ("resolved",))] == ["a1"]
    everywhere = [incident.alert.alert_id for incident in store.all(None, ("open",)) if incident.model == model]
    assert everywhere == ["a2", "a0"]


def test_a_long_text_is_kept_with_its_alert(store: TableIncidentStore, model: str) -> None:
    """The incident has its start, the alert's own row all of it."""
    opened = store.record(signal(_fired(model, detail="\u00e9" * 8_000))).incident
    assert opened is not None
    assert len(opened.alert.detail) == 2_000
    assert len(store.occurrences(model, opened.incident_id, 1_000)[0].detail) == 8_000


def test_changes_from_eight_threads_are_all_kept(store: TableIncidentStore, model: str) -> None:
    """Each is made again on a fresher incident until nobody wrote in between."""
    opened = store.record(signal(_fired(model))).incident
    assert opened is not None

    def tell(number: int) -> None:
        entry = TimelineEntry(key=str(number), at=AT, actor="test", what="seen")
        store.change(model, opened.incident_id, lambda incident: incident.with_event(entry))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(tell, range(16)))
    keys = {line.key for line in _only(store, model).timeline[1:]}
    assert keys == {str(number) for number in range(16)}


def test_a_change_sees_what_came_in_between(store: TableIncidentStore, model: str) -> None:
    """Somebody resolves it while another mitigates: the state table has the last word."""
    opened = store.record(signal(_fired(model))).incident
    assert opened is not None
    seen: list[str] = []

    def mitigate(incident: Incident) -> Incident:
        if not seen:
            store.record(signal(_resolved(model)))
        seen.append(incident.state)
        return incident.transition("mitigate")

    with refusal(TransitionError, "is resolved: ", "cannot mitigate;", "nothing is allowed"):
        store.change(model, opened.incident_id, mitigate)
    assert seen == ["open", "resolved"]
    assert _only(store, model).state == "resolved"


class _DyingTables:
    """Table storage whose caller is gone at the chosen call."""

    def __init__(self, service: TableServiceClient, *, last: int, after: bool) -> None:
        client = service.create_table_if_not_exists("incidents")
        self.interrupted = Interrupted(cast("Services", SimpleNamespace(table=client)), last=last, after=after)

    def create_table_if_not_exists(self, _: str) -> Any:
        """The table, counting its calls."""
        return self.interrupted.table


_Scene = Callable[[str], Sequence[Signal]]


def _opening(model: str) -> list[Signal]:
    return [signal(_fired(model))]


def _joining(model: str) -> list[Signal]:
    return [signal(_fired(model)), signal(_fired(model, "a2"))]


def _resolving(model: str) -> list[Signal]:
    return [signal(_fired(model)), signal(_resolved(model))]


def _overtaking(model: str) -> list[Signal]:
    return [signal(_resolved(model)), signal(_fired(model))]


def _reopening(model: str) -> list[Signal]:
    return [signal(_fired(model)), signal(_resolved(model)), signal(_fired(model, "a2", 5))]


def _following(model: str) -> list[Signal]:
    return [signal(_fired(model)), signal(_fired(model, "a2", 61))]


def _seen(store: TableIncidentStore, model: str) -> list[tuple[Any, ...]]:
    """Everything about a model's incidents that does not depend on its name."""
    return [
        (
            incident.state,
            incident.occurrences,
            incident.firing,
            incident.recent,
            [line.what for line in incident.timeline],
            [seen.alert_id for seen in store.occurrences(model, incident.incident_id, 1_000)],
        )
        for incident in store.all(model)
    ]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scene", [_opening, _joining, _resolving, _overtaking, _reopening, _following])
def test_killed_at_any_call_and_delivered_again_it_ends_the_same(
    tables: TableServiceClient, model: str, scene: _Scene, after: bool
) -> None:
    """The last alert's taker dies at each storage call in turn: nothing half done, nothing twice, the answer alike."""
    store = TableIncidentStore(tables)
    *before, last = scene(model)
    for item in before:
        store.record(item)
    start = _seen(store, model)
    expected = store.record(last)
    end = _seen(store, model)
    number, finished = 0, False
    while not finished:
        number += 1
        *before, last = scene(f"{model}x{number}")
        for item in before:
            store.record(item)
        dying = _DyingTables(tables, last=number, after=after)
        with suppress(KilledError):
            TableIncidentStore(cast("TableServiceClient", dying)).record(last)
        finished = dying.interrupted.calls < number
        assert _seen(store, last.alert.partition) in (start, end)
        again = TableIncidentStore(tables).record(last)
        assert _seen(store, last.alert.partition) == end
        # What calls for an answer the first time calls for it again: who died may not have asked for it.
        assert (again.reopened, again.act or not expected.act) == (expected.reopened, True)
    assert number > 2
