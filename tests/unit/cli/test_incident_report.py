"""Incidents for a terminal."""

from nightshift.cli.incident_report import incident_report
from nightshift.cli.ledger_report import explanation_report
from nightshift.cli.rendering import make_console
from nightshift.domain.platform.view import Explanation, IncidentView
from tests.support.incident_examples import alert, incident


def _printed(shown: object) -> str:
    console = make_console()
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def test_what_the_source_said_is_shown() -> None:
    """Such as the rule that a file broke, and the run that it halted."""
    told = alert(detail="good.csv: row_count: 2 row(s), at least 5000 needed", run="lifecycle-m-1")
    text = _printed(incident_report(IncidentView(incident=incident(alert=told), entries=(), occurrences=())))
    assert "row_count: 2 row(s), at least 5000 needed" in text
    assert "nightshift show lifecycle-m-1" in text


def test_an_incident_without_orders_is_explained() -> None:
    """By saying so, and where its timeline is."""
    text = _printed(explanation_report(Explanation(run="ca51fd9844ae", model="m", entries=())))
    assert "nothing was decided or ordered in ca51fd9844ae: see nightshift show ca51fd9844ae" in " ".join(text.split())
