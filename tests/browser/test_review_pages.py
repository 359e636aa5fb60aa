"""A flagged promotion in a real browser: seen, decided, and what comes of it."""

import re

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from nightshift.cli.review_commands import await_closed
from nightshift.domain.platform.names import TAG_QUARANTINE
from nightshift.domain.platform.view import ModelView
from tests.browser.conftest import Enter, Flag
from tests.support.running_stack import RunningApp

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]


def _champion(running: RunningApp, model: str) -> str | None:
    return ModelView.model_validate(running.app.get(f"models/{model}")).champion


def test_from_the_front_page_to_the_promotion(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """What waits is on the front page; the packet is on one screen; approved, the challenger is champion."""
    review = flagged()
    page = enter("/")
    page.get_by_role("link", name=f"{review.model}: version 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{review.model}: version 2 against champion 1")
    for heading in (
        "What waiting costs",
        "Decide",
        "Champion against challenger",
        "Feature drift",
        "If nobody answers",
    ):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("percent of the champion"))).to_be_visible()
    page.get_by_label("Why (it goes into the ledger)").fill("the hole in the data is known")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("was approved by ann at")).to_be_visible()
    assert await_closed(running.app, review.review_id).state == "promoted"
    assert _champion(running, review.model) == "2"
    page.goto("/")
    story = page.get_by_role("listitem").filter(has_text=review.model)
    expect(story.get_by_text("version 2 became champion; before: version 1")).to_be_visible()


def test_rejected(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """Without a comment the browser sends nothing; with one the champion stays, and the page says who decided."""
    review = flagged()
    page = enter(f"/reviews/{review.review_id}")
    page.get_by_role("button", name="Reject").click()
    assert running.app.get(f"reviews/{review.review_id}")["review"]["state"] == "open"
    page.get_by_label("Why (it goes into the ledger)").fill("holidays cost more")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("was rejected by ann at")).to_be_visible()
    expect(page.get_by_text("holidays cost more").first).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    assert await_closed(running.app, review.review_id).state == "rejected"
    assert _champion(running, review.model) == "1"


def test_an_improvement_is_asked_for(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """The third button."""
    review = flagged()
    page = enter(f"/reviews/{review.review_id}")
    page.get_by_label("Why (it goes into the ledger)").fill("try without the weather")
    page.get_by_role("button", name="Ask for an improvement").click()
    expect(page.get_by_text("was sent into the improvement loop by ann at")).to_be_visible()
    assert await_closed(running.app, review.review_id).state == "improving"


def test_nobody_has_decided(flagged: Flag, running: RunningApp, enter: Enter) -> None:
    """The page of an expired review says so and takes no decision any more."""
    policy = {"remind_after_minutes": 0.01, "ladder": [], "expires_after_minutes": 0.02}
    review = flagged(review=policy)
    await_closed(running.app, review.review_id)
    page = enter(f"/reviews/{review.review_id}")
    expect(page.get_by_text("because nobody had decided; the champion stays version 1").first).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)


def test_stale_evidence(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """The page warns before; an approval all the same is void, and fresh evidence is ordered."""
    review = flagged()
    client = MlflowClient(running.endpoints.mlflow_url, running.endpoints.mlflow_url)
    client.set_model_version_tag(review.model, "2", TAG_QUARANTINE, "i7")
    page = enter(f"/reviews/{review.review_id}")
    expect(page.get_by_text("An approval now would be void.")).to_be_visible()
    page.get_by_label("Why (it goes into the ledger)").fill("I insist")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("was approved by ann at")).to_be_visible()
    assert await_closed(running.app, review.review_id).state == "void"
    page.reload()
    expect(page.get_by_text("fresh evidence, under")).to_be_visible()
    assert _champion(running, review.model) == "1"


def test_two_reviewers_at_once(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """Both have the page open: who comes second is told who decided what, and nothing else happens."""
    review = flagged()
    ann = enter(f"/reviews/{review.review_id}", name="ann")
    bob = enter(f"/reviews/{review.review_id}", name="bob", quiet=True)
    for page in (ann, bob):
        page.get_by_label("Why (it goes into the ledger)").fill("so it is")
    ann.get_by_role("button", name="Reject").click()
    expect(ann.get_by_text("was rejected by ann at")).to_be_visible()
    with bob.expect_response("**/decision") as answered:
        bob.get_by_role("button", name="Approve").click()
    assert answered.value.status == 409
    expect(bob.get_by_role("alert")).to_contain_text("was rejected by ann at")
    assert await_closed(running.app, review.review_id).state == "rejected"
    assert _champion(running, review.model) == "1"


def test_keyboard_only(running: RunningApp, flagged: Flag, enter: Enter) -> None:
    """From the front page to a decision without a mouse, with the focus to be seen."""
    review = flagged()
    page = enter("/")
    for name in ("To the content", f"{review.model}: version 2"):
        _tab_to(page, name)
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.keyboard.press("Enter")
    page.wait_for_url("**/reviews/*")
    _tab_to(page, "comment")
    page.keyboard.type("typed")
    _tab_to(page, "Reject")
    page.keyboard.press("Enter")
    expect(page.get_by_text("was rejected by ann at")).to_be_visible()
    assert await_closed(running.app, review.review_id).state == "rejected"


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what has this text or id."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if name in page.evaluate("[document.activeElement.textContent.trim(), document.activeElement.id]"):
            return
    raise AssertionError(f"Tab does not lead to {name!r}")
