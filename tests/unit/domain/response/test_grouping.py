"""Which incident an alert belongs to, whatever comes in which order: properties, on records in memory."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightshift.domain.response.grouping import becomes_latest, belongs, fired, joined, opened, quieted, repeated
from nightshift.domain.response.incident import Incident, IncidentState, Recorded, Signal
from nightshift.domain.response.playbook import Debouncing
from tests.support.incident_examples import AT, alert, signal

WINDOW = 60
NAMES = [f"a{number}" for number in range(8)]
# A delivery is an alert of the source, by name, that fires or is over.
DELIVERIES = st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), max_size=30)
MOMENTS = st.lists(st.integers(-WINDOW, WINDOW), min_size=len(NAMES), max_size=len(NAMES))


class _Store:
    """What the store keeps, of one fingerprint."""

    def __init__(self) -> None:
        self.incidents: dict[str, Incident] = {}
        self.places: dict[str, str] = {}
        self.firing: set[str] = set()
        self.latest: str | None = None

    def record(self, sent: Signal) -> Recorded:
        """Load, ask, save: as nightshift.clients.response.incidents does."""
        name = sent.alert.alert_id
        if sent.alert.state == "resolved":
            return self._resolve(name, sent)
        if name in self.places:
            return repeated(sent.alert, self.incidents.get(self.places[name]))
        latest = None if self.latest is None else self.incidents[self.latest]
        incident, recorded = fired(sent, latest)
        self.incidents[incident.incident_id] = incident
        self.places[name] = incident.incident_id
        self.firing.add(name)
        if recorded.opened and becomes_latest(incident, latest):
            self.latest = incident.incident_id
        return recorded

    def _resolve(self, name: str, sent: Signal) -> Recorded:
        place = self.places.setdefault(name, "")
        if name in self.firing:
            self.firing.remove(name)
            self.incidents[place] = quieted(self.incidents[place], sent)
        return Recorded(alert_key=sent.alert.key, incident=self.incidents.get(place))

    @property
    def counts(self) -> list[tuple[int, int, bool, IncidentState]]:
        """What there is to see of the incidents, in the order in which their first alerts fired."""
        found = sorted(self.incidents.values(), key=lambda incident: incident.opened_at)
        return [(item.occurrences, item.firing, item.armed, item.state) for item in found]


def _signal(name: str, minutes: float = 0, *, over: bool = False, debouncing: Debouncing | None = None) -> Signal:
    at = AT + timedelta(minutes=minutes)
    sent = alert(alert_id=name, fired_at=at, state="resolved" if over else "fired")
    return signal(sent, window_minutes=WINDOW, debouncing=debouncing)


def _told(deliveries: Iterable[Signal]) -> _Store:
    store = _Store()
    for sent in deliveries:
        store.record(sent)
    return store


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, WINDOW)), min_size=1))
def test_all_that_fires_within_one_window_is_one_incident(deliveries: list[tuple[str, int]]) -> None:
    """In whatever order it is delivered, and however often."""
    store = _told(_signal(name, minutes) for name, minutes in deliveries)
    names = {name for name, _ in deliveries}
    assert [(item.occurrences, item.firing) for item in store.incidents.values()] == [(len(names), len(names))]


@given(st.lists(st.integers(0, 40), max_size=20))
def test_no_two_incidents_of_a_fingerprint_begin_within_a_window(gaps: list[int]) -> None:
    """As long as alerts come in the order in which they fire; and none of them is lost."""
    store = _told(_signal(f"a{number}", minutes) for number, minutes in enumerate(accumulate(gaps)))
    begun = sorted(incident.opened_at for incident in store.incidents.values())
    assert all(later - earlier > timedelta(minutes=WINDOW) for earlier, later in pairwise(begun))
    assert sum(incident.occurrences for incident in store.incidents.values()) == len(gaps)


@given(DELIVERIES, MOMENTS)
def test_a_repeated_delivery_changes_nothing(deliveries: list[tuple[str, bool]], moments: list[int]) -> None:
    """Joining is idempotent by the identity of the alert: each delivery twice is each delivery once."""
    sent = [_signal(name, moments[NAMES.index(name)], over=over) for name, over in deliveries]
    once, twice = _told(sent), _told(item for item in sent for _ in range(2))
    assert (twice.incidents, twice.places, twice.firing) == (once.incidents, once.places, once.firing)


@given(st.lists(st.sampled_from(NAMES), unique=True), st.integers(0, WINDOW), st.integers(0, WINDOW), st.data())
def test_the_order_of_two_alerts_changes_no_count(
    earlier: list[str], one: int, other: int, data: st.DataObject
) -> None:
    """Two deliveries that overtake each other leave the same counts behind them."""
    violations = data.draw(st.integers(1, 4))
    debouncing = Debouncing(violations=violations, of=data.draw(st.integers(violations, 5)))
    before = [_signal(name, debouncing=debouncing) for name in earlier]
    first, second = (_signal(name, at, debouncing=debouncing) for name, at in (("one", one), ("other", other)))
    assert _told([*before, first, second]).counts == _told([*before, second, first]).counts


@given(DELIVERIES)
def test_an_incident_is_resolved_while_nothing_of_it_fires(deliveries: list[tuple[str, bool]]) -> None:
    """It counts what fires, never below nothing, and a resolution that overtook its firing opens nothing."""
    store, seen, over = _Store(), set[str](), set[str]()
    for name, is_over in deliveries:
        store.record(_signal(name, over=is_over))
        (over if is_over else seen if name not in over else set()).add(name)
        fires = len(seen - over)
        expected = [] if not seen else [(len(seen), fires, "open" if fires else "resolved")]
        assert [(item.occurrences, item.firing, item.state) for item in store.incidents.values()] == expected


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 5), st.data())
def test_it_is_armed_once_m_of_the_last_n_signals_fired(rest: list[bool], violations: int, data: st.DataObject) -> None:
    """Compared with counting them all; what is armed stays so, and is acted upon once."""
    debouncing = Debouncing(violations=violations, of=data.draw(st.integers(violations, 6)))
    store, acts = _Store(), 0
    firing: list[str] = []
    signals: list[bool] = []
    for number, fires in enumerate([True, *rest]):
        if not fires and not firing:
            continue
        if fires:
            firing.append(f"a{number}")
        name = firing[-1] if fires else firing.pop()
        acts += store.record(_signal(name, over=not fires, debouncing=debouncing)).act
        signals.append(fires)
        (incident,) = store.incidents.values()
        assert incident.armed == _ever_enough(signals, debouncing)
    assert acts == incident.armed


def _ever_enough(signals: Sequence[bool], debouncing: Debouncing) -> bool:
    """Only an alert that fires is reason to act, however many of the signals before it did."""
    ends = (end for end in range(1, len(signals) + 1) if signals[end - 1])
    return any(sum(signals[max(end - debouncing.of, 0) : end]) >= debouncing.violations for end in ends)


@given(st.lists(st.sampled_from([("a0", False), ("a0", True)])))
def test_what_is_resolved_stays_so_until_another_alert_fires(late: list[tuple[str, bool]]) -> None:
    """Deliveries that are on record open nothing again; a new alert within the window does."""
    store = _told([_signal("a0"), _signal("a0", over=True), *(_signal(name, over=over) for name, over in late)])
    (incident,) = store.incidents.values()
    assert (incident.state, incident.firing) == ("resolved", 0)
    again = store.record(_signal("a1", WINDOW))
    assert (again.reopened, again.act, again.opened) == (True, False, False)
    assert [item.state for item in store.incidents.values()] == ["open"]


@pytest.mark.parametrize(("violations", "reopened"), [(1, True), (3, False)])
def test_it_fires_again_after_its_end(violations: int, reopened: bool) -> None:
    """One that was acted upon pages, and says that nothing is done twice; one that was debounced goes on quietly."""
    debouncing = Debouncing(violations=violations, of=3)
    ended = quieted(opened(_signal("a0", debouncing=debouncing)), _signal("a0", over=True))
    ended = ended.model_copy(update={"acknowledged_by": "somebody"})
    incident, recorded = fired(_signal("a1", 1, debouncing=debouncing), ended)
    assert recorded.reopened == reopened
    assert (incident.state, incident.acknowledged_by) == ("open", "")
    key = _signal("a1").alert.key
    assert incident.timeline[-1].key == (f"again-{key}" if reopened else f"fired-{key}")
    assert repeated(_signal("a1").alert, incident).reopened == reopened


@pytest.mark.parametrize(
    ("minutes", "near"),
    [(60, True), (60.01, False), (-60, True), (-60.01, False)],
    ids=["last", "after", "late", "old"],
)
def test_the_window_is_counted_from_the_first_alert(minutes: float, near: bool) -> None:
    """On either side of it, the edges included."""
    assert belongs(_signal("a1", minutes), opened(_signal("a0"))) == near


def test_an_incident_keeps_the_shortest_lag_and_the_latest_time() -> None:
    """A late delivery makes it neither older nor slower."""
    slow = signal(alert(alert_id="a0"), received_at=AT + timedelta(seconds=90))
    quick = signal(alert(alert_id="a1", fired_at=AT - timedelta(minutes=5)), received_at=AT - timedelta(seconds=270))
    incident = joined(opened(slow), quick)
    assert (incident.last_fired_at, incident.lag_seconds) == (AT, 30)


def test_a_late_alert_opens_an_incident_that_takes_nothing_more() -> None:
    """What fires now belongs to the newest one."""
    store = _told([_signal("now"), _signal("old", -300), _signal("next", 1)])
    assert [counts[0] for counts in store.counts] == [1, 2]


def test_an_incident_keeps_the_last_twenty_signals() -> None:
    """As many as debouncing can ask for, whether they fired or were over."""
    incident = opened(_signal("a0"))
    for number in range(1, 19):
        incident = joined(incident, _signal(f"a{number}"))
    assert len(incident.recent) == 19
    for _ in range(3):
        incident = quieted(incident, _signal("a1", over=True))
    assert incident.recent == (*(True,) * 17, *(False,) * 3)
    assert joined(incident, _signal("a30")).recent == (*(True,) * 16, *(False,) * 3, True)


def test_an_incident_keeps_the_beginning_of_its_first_alerts_text() -> None:
    """Two thousand characters."""
    long = signal(alert(detail="d" * 1_999 + "ef"))
    assert opened(long).alert.detail == "d" * 1_999 + "e"


def test_the_latest_incident_is_the_one_that_began_last() -> None:
    """Of two that began in one moment the first stays."""
    now, later, before = (opened(_signal("a0", minutes)) for minutes in (0, 1, -1))
    assert [becomes_latest(it, now) for it in (later, now, before)] == [True, False, False]
    assert becomes_latest(before, None)


def test_what_is_resolved_is_reported_once() -> None:
    """A second resolution changes nothing more than the signals, and no alert less than none fires."""
    once = quieted(opened(_signal("a0")), _signal("a0", over=True))
    twice = quieted(once, _signal("a1", over=True))
    assert (once.firing, once.state, twice.firing, twice.timeline) == (0, "resolved", 0, once.timeline)


def test_a_repeat_of_what_has_no_incident_asks_for_nothing() -> None:
    """Its resolution overtook it."""
    found = repeated(_signal("a0").alert, None)
    assert (found.repeated, found.reopened, found.act, found.incident) == (True, False, False, None)
    assert repeated(_signal("a0").alert, opened(_signal("a0"))).act is True


def test_a_title_names_the_model_once() -> None:
    """Where the alert's own does not; an alert about no model has none to name."""
    titles = [opened(signal(alert(**given))).title for given in ({}, {"title": "m1 is bad"}, {"model": None})]
    assert titles == ["m1: error tripled", "m1 is bad", "error tripled"]
