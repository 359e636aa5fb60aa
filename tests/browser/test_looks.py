"""How pages look and read: phone, dark, screen reader, live; with NIGHTSHIFT_SCREENS it leaves pictures in a folder."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from nightshift.domain.uploads.contract import ContractReport
from nightshift.domain.uploads.dataset import PartReport
from nightshift.domain.uploads.upload import Upload
from nightshift.pages.rendering import render
from tests.browser.conftest import Enter, Night
from tests.unit.pages.examples import FRAME, NOW, review_view, run_view

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("stack"), pytest.mark.timeout(600)]

PAGES = ("front", "review", "incident", "run", "runs", "unknown", "sign-in")
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 1, "is_mobile": True, "has_touch": True}
SCHEMES = ("light", "dark")


def _path(night: Night, name: str) -> str:
    return {
        "front": "/",
        "review": f"/reviews/{night.review}",
        "incident": f"/incidents/{night.incident}",
        "run": f"/runs/{night.run}",
        "runs": "/runs",
        "unknown": "/no-such-page",
        "sign-in": "/.auth/login/aad",
    }[name]


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("NIGHTSHIFT_SCREENS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_serious_for_axe(night: Night, enter: Enter, scheme: str) -> None:
    """WCAG A and AA, by axe-core, on every page in both colours."""
    page = enter("/", color_scheme=scheme, quiet=True)
    found: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto(_path(night, name))
        results: dict[str, Any] = Axe().run(page).response
        bad = [item for item in results["violations"] if item["impact"] in {"serious", "critical"}]
        if bad:
            found[name] = [f"{item['id']}: {item['nodes'][0]['html'][:200]}" for item in bad]
        if name in {"front", "review", "incident"}:
            _picture(page, f"{name}-{scheme}")
    assert found == {}


def test_a_phone(night: Night, enter: Enter) -> None:
    """At 360 pixels nothing has to be moved sideways, and buttons are large enough for a thumb."""
    page = enter("/", quiet=True, color_scheme="dark", **PHONE)
    wide = {}
    for name in PAGES:
        page.goto(_path(night, name))
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[name] = over
        for button in page.get_by_role("button").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= 40
        if name in {"front", "review"}:
            _picture(page, f"{name}-phone")
    assert wide == {}


def test_a_long_file_name_on_a_phone(enter: Enter) -> None:
    """It wraps, on a review and on a run: nothing has to be moved sideways."""
    upload = Upload(
        url="http://host/bronze/m/x", container="bronze", name=f"m/20261129T131150849787-{'seattle_weather_' * 6}.csv",
        etag="1", size=1, event_time=NOW, event_id="e",
    )  # fmt: skip
    part = PartReport(upload=upload, digest=None, report=ContractReport(rows=3))
    reviewed = review_view()
    views = (
        replace(reviewed, packet=reviewed.packet.model_copy(update={"data_quality": (part,)})),
        replace(run_view(), parts=(part,)),
    )
    page = enter("/", quiet=True, **PHONE)
    for view in views:
        page.set_content(render(view, FRAME))
        page.wait_for_load_state("networkidle")
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (over, page.evaluate("getComputedStyle(document.body).margin")) == (0, "0px")


def test_dark_mode(enter: Enter) -> None:
    """The page follows the device."""
    colours = []
    for scheme in SCHEMES:
        page = enter("/", color_scheme=scheme)
        colours.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(253, 253, 252)", "rgb(16, 19, 24)"]


def test_landmarks_and_headings(night: Night, enter: Enter) -> None:
    """What a screen reader jumps by: one main, one h1, named regions, tables with headers."""
    page = enter("/")
    for name in ("front", "review", "incident", "run"):
        page.goto(_path(night, name))
        assert (page.get_by_role("main").count(), page.get_by_role("heading", level=1).count()) == (1, 1)
        for table in page.get_by_role("table").all():
            assert table.get_by_role("columnheader").count() > 0


def test_the_front_page_lives(night: Night, enter: Enter) -> None:
    """A new incident comes in without a reload; what changed is announced; a form is not replaced under the fingers."""
    page = enter("/")
    title = night.new_incident()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("waiting now")
    page.get_by_role("button", name=f"Resolve {title}").focus()
    unseen = night.new_incident()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("link", name=unseen, exact=True)).to_have_count(0)


def test_an_incident_is_handled(night: Night, enter: Enter) -> None:
    """Acknowledge and resolve from the front page; an undo asks why."""
    title = night.new_incident()
    page = enter("/")
    path = page.get_by_role("link", name=title, exact=True).get_attribute("href")
    page.get_by_role("button", name=f"Acknowledge {title}").click()
    expect(page.get_by_role("button", name=f"Acknowledge {title}")).to_have_count(0)
    # By its address: what somebody looks after may have made room on the front page for what nobody does.
    page.goto(str(path))
    expect(page.get_by_text("acknowledged by ann").first).to_be_visible()
    page.get_by_label("Comment (optional)").fill("it was the sensor")
    page.get_by_role("button", name="Resolve").click()
    expect(page.get_by_text("resolve: it was the sensor").first).to_be_visible()
    expect(page.get_by_text("It is resolved: there is nothing to acknowledge or resolve.")).to_be_visible()
