"""A real run in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.support.running_stack import RunningApp, good_file

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


def test_a_run_from_its_first_step_to_its_outcome(running: RunningApp, enter: Enter, tmp_path: Path) -> None:
    """Found in the list; every step with its input and result; links to the comparison in MLflow and to the jobs."""
    run = running.upload("revenue_forecast", good_file(tmp_path, number=77))
    outcome = running.outcome(run).outcome
    page = enter("/runs")
    page.locator(f"a[href='/runs/{run}']").click()
    expect(page.get_by_role("main").get_by_text(outcome, exact=True).first).to_be_visible()
    for step in ("validate_data", "trigger_databricks_job", "evaluate_metrics", "decide_action"):
        expect(page.get_by_role("strong").get_by_text(step, exact=True).first).to_be_visible()
    for title in ("MLflow: the comparison", "Databricks job run"):
        expect(page.get_by_role("link", name=title).first).to_be_visible()
    page.get_by_text("Result of evaluate_metrics").first.click()
    expect(page.get_by_text('"score_run"').first).to_be_visible()
