"""What the reading commands say."""

from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from nightshift.cli import read_commands
from nightshift.cli.app_client import AppClient, AppRefusedError
from nightshift.cli.main import app
from nightshift.cli.rendering import make_console, models_table
from nightshift.cli.run_report import run_report
from nightshift.domain.platform.view import ModelView
from tests.unit.cli.handover.shifts import model
from tests.unit.pages.examples import evidence, run_view


def _answering(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response) -> None:
    client = AppClient("http://app", httpx.MockTransport(lambda _: answer))
    monkeypatch.setattr(read_commands, "_app", lambda _: client)


def _shown(found: Any) -> str:
    console = make_console()
    with console.capture() as capture:
        console.print(found)
    return capture.get()


@pytest.mark.parametrize("command", ["show", "explain"])
def test_what_is_neither_run_nor_incident_is_called_so(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """A run's id may have been meant as likely."""
    problem = {"title": "No such incident", "detail": "incident = 'nope'", "status": 404}
    headers = {"content-type": "application/problem+json"}
    _answering(monkeypatch, httpx.Response(404, json=problem, headers=headers))
    caught = CliRunner().invoke(app, [command, "nope"]).exception
    assert isinstance(caught, AppRefusedError)
    assert caught.message.startswith("No such run or incident: 'nope'")


def test_models_are_listed_in_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Details come with the name."""
    views = [model().to_json(), model("other", trouble="not read in time", rollback_target=None).to_json()]
    _answering(monkeypatch, httpx.Response(200, json={"items": views}))
    lines = CliRunner().invoke(app, ["models"]).stdout.splitlines()
    assert len(lines) == 3
    assert "not checked" in lines[2]
    assert "not read in time" in lines[2]


def test_a_model_without_versions_is_a_line() -> None:
    """And no trouble."""
    line = _shown(models_table([ModelView.from_json(model(champion=None).to_json())])).splitlines()[1]
    assert line.split()[:2] == ["m", "none"]


def test_a_first_champion_has_its_value() -> None:
    """There is nobody to compare it with."""
    alone = evidence(champion_version=None)
    metric = alone.metrics[0].model_copy(update={"champion": None, "difference": None, "verdict": "unopposed"})
    view = run_view().run
    step = view.steps[0].model_copy(
        update={
            "name": "evaluate_metrics",
            "error": "",
            "result": {"summary": alone.model_copy(update={"metrics": (metric,)}).to_json()},
        }
    )
    shown = _shown(run_report(view.model_copy(update={"steps": (step,)})))
    assert "rmse 8" in shown
    assert "unopposed" not in shown
