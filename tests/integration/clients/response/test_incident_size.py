"""An incident that is reported and changed without end stays writable on real Table storage."""

from datetime import timedelta

from azure.data.tables import TableServiceClient

from nightshift.clients.response.incidents import TableIncidentStore
from nightshift.domain.response.incident import IncidentAction
from tests.support.incident_examples import AT, alert, signal


def test_a_flapping_alert_with_long_names_is_recorded_to_its_end(tables: TableServiceClient, model: str) -> None:
    """Sixty times on and off, by a source with the longest name that is accepted; then a mitigation is refused."""
    store = TableIncidentStore(tables)
    texts = {"source": "\u00e9" * 512, "title": "t" * 300, "detail": "d" * 2_000, "url": f"https://x/{'u' * 1_980}"}
    for number in range(60):
        at = AT + timedelta(seconds=number)
        for state in ("fired", "resolved"):
            sent = alert(model=model, alert_id=str(number), fired_at=at, state=state, **texts)
            store.record(signal(sent, window_minutes=600))
    (full,) = store.all(model)
    refused = IncidentAction(mitigation="rollback", state="refused", detail="c" * 40_000, at=AT)
    store.change(model, full.incident_id, lambda known: known.with_action(refused))
    (kept,) = store.all(model)
    assert (kept.occurrences, kept.firing, kept.state) == (60, 0, "resolved")
    assert kept.timeline[0].key.startswith("fired-")
    assert kept.timeline[1].key.startswith("left-out-")
    assert kept.action("rollback") is not None
