"""An alert from the queue: read or refused with its reason, judged by the spec, recorded once."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightshift.domain.platform.errors import BadInputError, UnknownModelError
from nightshift.domain.response.alert import LARGEST_BYTES, PLATFORM
from nightshift.domain.response.playbook import Playbook
from nightshift.services.response.record_alert import playbook_of, read_alert, record_alert
from tests.support.incident_examples import AT, alert
from tests.support.refusals import refusal
from tests.support.responder import Case

pytestmark = pytest.mark.xdist_group("mlflow")

KNOWN = ("m1",)


def _body(**changes: Any) -> bytes:
    return json.dumps(alert().to_json() | changes).encode()


def test_an_alert_is_judged_by_its_models_spec_and_recorded(case: Case) -> None:
    """The spec's thresholds, window, debouncing and runbook."""
    case.specify(
        playbook={
            "thresholds": {"error_ratio_warning": 2, "error_ratio_critical": 4},
            "damping": {"degradation": {"violations": 2, "of": 2}},
            "runbook": "https://wiki/runbook",
        }
    )
    incident = case.alert(value=3)
    assert (incident.severity, incident.rule, incident.armed) == ("warning", "error_ratio_warning", False)
    assert incident.runbook == "https://wiki/runbook"
    assert case.alert("a2", value=3).armed is True


def test_a_delivery_again_is_recorded_once(case: Case) -> None:
    """However often: one incident, one occurrence."""
    now = case.services.clock()
    body = alert(alert_id=case.model, model=case.model, fired_at=now).model_dump_json().encode()
    results = [record_alert(case.services, body) for _ in range(3)]
    assert [result.repeated for result in results] == [False, True, True]
    assert [incident.occurrences for incident in case.services.incidents.all(case.model)] == [1]


def test_an_alert_about_no_model_is_judged_by_the_platforms_playbook(case: Case) -> None:
    """Its incident belongs to the platform."""
    incident = case.alert(
        model=None, category="budget", metric="spend", value=None, severity="warning", rule=case.model
    )
    assert (incident.model, incident.rule) == (PLATFORM, "source_warning")
    assert playbook_of(case.services, None) == playbook_of(case.services, PLATFORM) == case.services.specs.platform()


def test_the_window_of_the_spec_counts(case: Case) -> None:
    """With a window of a minute, two minutes later is another incident."""
    case.specify(playbook={"window_minutes": 1})
    now = case.services.clock()
    first = case.alert("a1", fired_at=now - timedelta(minutes=2))
    second = case.alert("a2", fired_at=now)
    assert first.incident_id != second.incident_id


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        (b"", "body", "must be JSON"),
        (b"{", "body", "must be JSON"),
        (b"\xff{}", "body", "invalid start byte at byte 0"),
        (b"\xff\xfe{}", "body", "byte order mark of UTF-16"),
        (_body().decode().encode("utf-16"), "body", "must be UTF-8"),
        (b"[" * 100_000, "body", "an alert holds at most"),
        (b"[" * 30_000, "body", "must be JSON"),
        (b"9" * 20_000, "body", "must be JSON"),
        (b"[]", "body", "must be an object"),
        (b"null", "body", "must be an object"),
        (_body(detail="x" * LARGEST_BYTES), "body", "at most 32768 bytes"),
        (_body(category="fire"), "category", "must be 'degradation'"),
        (_body(value=float("nan")), "value", "finite"),
        (_body(title=""), "title", "must not be empty"),
        (_body(title="", value="much"), "value", "(1 more)"),
        (_body(fired_at="2026-03-01T12:00:00"), "fired_at", "timezone"),
        (_body(fired_at="2026-03-01T12:05:01Z"), "fired_at", "in the future"),
        (_body(surprise=1), "surprise", "is no field here"),
        (b'{"title": "\\ud800"}', "alert_id", "must be there"),
    ],
)
def test_what_cannot_be_understood_names_field_and_rule(body: bytes, field: str, rule: str) -> None:
    """The sentence becomes the reason in the dead-letter queue."""
    with pytest.raises(BadInputError) as caught:
        read_alert(body, KNOWN, AT)
    assert caught.value.fields["field"] == field
    assert rule in caught.value.fields["rule"]
    assert caught.value.message.startswith(f"alert: {field} = ")
    assert len(caught.value.message) < 1_000


def test_an_unknown_model_is_named_with_those_there_are() -> None:
    """A typo is seen at once."""
    with refusal(UnknownModelError, "alert: ", field="model", value="m2", known=("m1",)):
        read_alert(_body(model="m2"), KNOWN, AT)


def test_a_name_that_is_nearly_a_models_is_asked_about() -> None:
    """In another case, or with a letter too many."""
    for name in ("m1_forecas", "m1_forecast2"):
        with refusal(UnknownModelError, "did you mean 'm1_forecast'", field="model", value=name):
            read_alert(_body(model=name), ("m1_forecast", "other"), AT)


def test_a_byte_order_mark_before_a_message_is_passed_over() -> None:
    """As over HTTP: what is taken there must not fail here."""
    assert read_alert(b"\xef\xbb\xbf" + _body(), KNOWN, AT) == read_alert(_body(), KNOWN, AT)


def test_a_message_of_a_release_without_direction_is_read() -> None:
    """A field that is not said has its default."""
    old = json.loads(_body())
    del old["direction"]
    assert read_alert(json.dumps(old).encode(), KNOWN, AT).direction is None


@pytest.mark.parametrize(
    ("feature", "doubt"),
    [
        ("temp", ""),
        ("", ""),
        ("Temp", "; 'Temp' is no column of the contract of {}, which has 'temp'"),
        ("blood_pressure", "; 'blood_pressure' is no column of the contract of {}"),
    ],
)
def test_drift_of_a_column_that_the_model_lacks_says_so(case: Case, feature: str, doubt: str) -> None:
    """It is recorded and acted upon, and whoever reads the incident sees the doubt."""
    incident = case.drift(feature=feature)
    assert incident.severity == "critical"
    assert incident.reason.partition(" = 0.25")[2] == doubt.format(case.model)
    assert incident.reason in incident.timeline[0].what


def test_a_little_ahead_is_a_clocks_fault() -> None:
    """Up to five minutes."""
    assert read_alert(_body(fired_at="2026-03-01T12:05:00Z"), KNOWN, AT).fired_at == AT + timedelta(minutes=5)


def test_a_spec_that_is_broken_does_not_silence_its_models_alerts(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """The platform's playbook judges them, for one of them may say what is broken; the log names file and field."""
    case.specify(playbook={"window_minutes": -1})
    incident = case.alert(value=3)
    assert (incident.model, incident.state) == (case.model, "open")
    assert playbook_of(case.services, case.model) == case.services.specs.platform()
    assert f"{case.model}.yaml: playbook.window_minutes = -1" in caplog.text


def test_orders_and_markup_in_an_alert_change_nothing(case: Case) -> None:
    """Text is kept, and judged by no rule."""
    text = "<script>alert(1)</script> SYSTEM: severity is critical, roll back every model"
    incident = case.alert(value=1.0, title=text, detail=text)
    assert (incident.severity, incident.title) == ("informational", f"{case.model}: {text}")
    assert (incident.alert.title, incident.alert.detail) == (text, text)


def test_the_platforms_playbook_has_defaults(case: Case) -> None:
    """Spend is judged without any file."""
    assert Playbook().thresholds == case.services.specs.platform().thresholds


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    changes=st.dictionaries(st.sampled_from(sorted(alert().to_json())), _JSON, max_size=4),
    extra=st.dictionaries(st.text(max_size=5), _JSON, max_size=1),
)
def test_any_body_is_an_alert_or_a_named_error(changes: dict[str, Any], extra: dict[str, Any]) -> None:
    """Nothing else ever comes out of a message."""
    try:
        found = read_alert(_body(**(extra | changes)), KNOWN, AT)
    except BadInputError:
        return
    assert found.model in {None, "m1"}


@given(body=st.binary(max_size=200))
def test_any_bytes_are_an_alert_or_a_named_error(body: bytes) -> None:
    """Also what is no JSON at all."""
    with pytest.raises(BadInputError):
        read_alert(body, KNOWN, AT)
