"""The playbook: its defaults, its bounds, and how a spec changes a line."""

from datetime import timedelta
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from nightshift.domain.response.alert import Category, Severity
from nightshift.domain.response.mitigations import Mitigation
from nightshift.domain.response.playbook import Debouncing, MaintenanceWindow, Playbook, Reaction, Thresholds
from tests.support.incident_examples import AT

WINDOW = MaintenanceWindow(starts=AT, ends=AT + timedelta(hours=1), reason="upgrade")


@pytest.mark.parametrize(
    ("category", "severity", "mitigations"),
    [
        ("degradation", "critical", ("rollback", "notify")),
        ("degradation", "warning", ("ask",)),
        ("drift", "critical", ("retrain", "notify")),
        ("drift", "warning", ("retrain", "notify")),
        ("pipeline", "critical", ("page",)),
        ("pipeline", "warning", ("notify",)),
        ("budget", "critical", ("pause_compute", "notify")),
        ("budget", "warning", ("notify",)),
    ],
)
def test_what_is_done_by_default(category: Category, severity: Severity, mitigations: tuple[Mitigation, ...]) -> None:
    """Degradation rolls back, drift retrains, a broken pipeline pages, a budget pauses compute."""
    assert Playbook().mitigations(category, severity) == mitigations


@pytest.mark.parametrize("category", get_args(Category))
def test_nothing_is_done_about_what_is_only_for_information(category: Category) -> None:
    """It is recorded."""
    assert Playbook().mitigations(category, "informational") == ()


def test_a_specs_line_replaces_that_line_only() -> None:
    """A model that must never be rolled back by itself asks a person; all else stays."""
    playbook = Playbook(reactions=(Reaction(category="degradation", severity="critical", mitigations=("ask",)),))
    assert playbook.mitigations("degradation", "critical") == ("ask",)
    assert playbook.mitigations("degradation", "warning") == Playbook().mitigations("degradation", "warning")


def test_two_lines_for_one_case_are_refused() -> None:
    """Nobody could say which counts."""
    line = Reaction(category="drift", severity="warning", mitigations=())
    with pytest.raises(ValidationError, match="reactions: more than one line for drift warning"):
        Playbook(reactions=(line, line))


@pytest.mark.parametrize("name", ["error_ratio_{}", "psi_{}", "staleness_{}_days", "spend_{}"])
def test_a_warning_above_critical_is_refused(name: str) -> None:
    """Both names and both values are in the message."""
    warning, critical = name.format("warning"), name.format("critical")
    with pytest.raises(ValidationError, match=f"{warning} = 3.0: must not exceed {critical} = 2.0"):
        Thresholds.model_validate({warning: 3, critical: 2})


def test_more_violations_than_signals_are_refused() -> None:
    """Four of three never happens."""
    with pytest.raises(ValidationError, match="violations = 4: .*of = 3"):
        Debouncing(violations=4, of=3)


@pytest.mark.parametrize(
    ("field", "value"),
    [("window_minutes", -1), ("verify_minutes", 0), ("pause_minutes", 0), ("hold_minutes", 0), ("retrain_datasets", 0)],
)
def test_times_and_numbers_have_bounds(field: str, value: Any) -> None:
    """A time of nothing would act at once or never."""
    with pytest.raises(ValidationError, match=field):
        Playbook.model_validate({field: value})


def test_maintenance_ends_after_it_starts() -> None:
    """An empty window mutes nothing."""
    with pytest.raises(ValidationError, match="must be after starts"):
        MaintenanceWindow(starts=AT, ends=AT, reason="none")


@pytest.mark.parametrize(
    ("minutes", "covered"),
    [(-1, False), (0, True), (59, True), (60, False)],
    ids=["before", "first", "last", "end"],
)
def test_maintenance_covers_its_start_and_not_its_end(minutes: float, covered: bool) -> None:
    """Two windows in a row leave no gap and do not overlap."""
    found = Playbook(maintenance=(WINDOW,)).maintained(AT + timedelta(minutes=minutes))
    assert found == (WINDOW if covered else None)
