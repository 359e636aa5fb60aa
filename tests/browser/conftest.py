"""A real browser over the whole local stack, and records to look at without training anything."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Browser, Page, expect, sync_playwright

from nightshift.domain.lifecycle.evidence import Evidence
from nightshift.domain.response.incident import Incident
from nightshift.domain.reviews.review import Review
from nightshift.services.lifecycle.run_files import RunFiles
from nightshift.services.response.record_alert import record_alert
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.browser.find_chromium import MISSING, find_chromium
from tests.support.incident_examples import alert
from tests.support.responder import Case
from tests.support.reviewing import flag
from tests.support.running_stack import ROOT, RunningApp

EVERY_ROLE = ("Reader", "Reviewer", "Operator")
# How long a page may take: Playwright's own five seconds are too few on a loaded machine.
_TIMEOUT_MS = 120_000
expect.set_options(timeout=_TIMEOUT_MS)

Flag = Callable[..., Review]
Enter = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, started once for each module: Playwright keeps an event loop, beside which no async test could run."""
    found = find_chromium()
    if found is None:
        if os.environ.get("NIGHTSHIFT_BROWSER") == "required":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def enter(chromium: Browser, running: RunningApp) -> Iterator[Enter]:
    """Open a page of the app in a context of its own, signed in by the form as somebody with roles.

    What a page complains about in its console (a refused script, a missing file) fails the test.
    """
    contexts, complaints = [], []

    def opened(
        path: str = "/", name: str = "ann", roles: tuple[str, ...] = EVERY_ROLE, *, quiet: bool = False, **context: Any
    ) -> Page:
        made = chromium.new_context(base_url=running.endpoints.app_url, **context)
        made.set_default_timeout(_TIMEOUT_MS)
        contexts.append(made)
        page = made.new_page()
        if not quiet:
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        page.get_by_label("Name").fill(name)
        for role in (*EVERY_ROLE, "AlertWriter"):
            page.get_by_label(role).set_checked(role in roles)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def services(running: RunningApp) -> LazyServices:
    """The clients of the running stack."""
    environment = running.endpoints.environment() | {"NIGHTSHIFT_MODEL_SPECS": str(running.specs)}
    return LazyServices(read_settings(environment, ROOT))


@pytest.fixture
def flagged(running: RunningApp, services: LazyServices, tmp_path: Path) -> Iterator[Flag]:
    """Make a flagged promotion without training: a model of the test's own whose review is open."""
    client = MlflowClient(running.endpoints.mlflow_url, running.endpoints.mlflow_url)
    made: list[Case] = []

    def make(**given: Any) -> Review:
        made.append(Case(services, running.specs))
        return flag(made[-1], client, tmp_path, **given)

    yield make
    for case in made:
        (running.specs / f"{case.model}.yaml").unlink()


@dataclass(frozen=True)
class Night:
    """What a page has to show: a review and an incident with texts that would run as scripts, and a run.

    Attributes:
        title, column: the texts, of the incident and of a slice of the review's evidence.
        new_incident: opens another incident and returns its title.
    """

    review: str
    incident: str
    run: str
    title: str
    column: str
    new_incident: Callable[[], str]


@pytest.fixture
def night(running: RunningApp, services: LazyServices, flagged: Flag, tmp_path: Path) -> Night:
    """A night with everything in it, without training."""
    review = flagged()
    column = 'season"><img src=x onerror=alert(2)>'
    evidence = Evidence.model_validate_json(services.blobs.read(review.evidence))
    slices = tuple(item.model_copy(update={"column": column}) for item in evidence.slices)
    changed = evidence.model_copy(update={"slices": slices})
    RunFiles(services.blobs, review.run).write_evidence(0, changed)

    def incident(title: str, **given: Any) -> Incident:
        fields = {"model": review.model, "fired_at": services.clock(), "title": title, "alert_id": uuid4().hex}
        recorded = record_alert(services, alert(**(fields | given)).model_dump_json().encode())
        assert recorded.incident is not None
        return recorded.incident

    def new_incident() -> str:
        # Another rule each time: what its source calls it is part of a fingerprint that no figures have judged.
        title = f"pipeline {uuid4().hex[:8]} of {review.model} failed"
        incident(title, category="pipeline", metric="", value=None, baseline=None, rule=title)
        return title

    title = f"<script>alert(1)</script> error tripled for {review.model}"
    file = tmp_path / "nonsense.csv"
    file.write_text(f"nonsense\n{review.model}\n", encoding="utf-8")
    run = running.upload("revenue_forecast", file)
    running.outcome(run)
    return Night(
        review=review.review_id,
        incident=incident(title).incident_id,
        run=run,
        title=title,
        column=column,
        new_incident=new_incident,
    )
