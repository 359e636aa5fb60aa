"""Alerts by hand."""

from typing import cast

from cli.app_client import AppClient
from cli.incident_commands import alert_document
from cli.main import PANELS
from domain.alert import AlertMessage
from domain.incident import PERSONS_OPERATIONS
from triggers.api.operations import OPERATIONS

NO_APP = cast("AppClient", None)


def test_a_resolution_by_hand_resolves_whatever_fired_under_its_id() -> None:
    """It says no metric and no column of its own, since an example's would be another alert."""
    over = AlertMessage.model_validate(alert_document(NO_APP, "drift", "m1", alert_id="a", state="resolved"))
    fired = alert_document(NO_APP, "drift", "m1", alert_id="a", state="fired", metric="ks", value=0.9)
    assert over.same_subject(AlertMessage.model_validate(fired))
    assert over.same_subject(AlertMessage.model_validate({**fired, "feature": "hum"}))


def test_an_alert_by_hand_may_say_the_direction() -> None:
    """For a metric of one's own."""
    document = alert_document(NO_APP, "drift", "m1", metric="mine", value=1.0, direction="higher_is_better")
    assert AlertMessage.model_validate(document).direction == "higher_is_better"


def test_what_a_refusal_offers_exists() -> None:
    """As a command and as a call."""
    commands = {command.__name__ for several in PANELS.values() for command in several}
    calls = {operation.path.rpartition("/")[2] for operation in OPERATIONS if operation.path.startswith("incidents/")}
    assert commands & calls >= PERSONS_OPERATIONS
