"""``make pictures``: renew the pictures of docs/screens and docs/demo; ``make pictures ONLY=pages`` (or ``demo``) some.

The demo is told on a stack of its own, and what it prints becomes its pictures. The pages are photographed on a second
stack, to which real data was uploaded: a review waits, a degraded champion was rolled back.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient
from nightshift.cli.demo.data.source import DETECTOR, REVENUE, SyntheticSource
from nightshift.cli.demo.data.uploads import table, upload
from nightshift.cli.incident_commands import alert_document
from nightshift.cli.review_commands import await_closed
from nightshift.domain.response.alert import Category
from tests.browser.find_chromium import MISSING, find_chromium
from tests.support.running_stack import ROOT, RunningApp

SCREENS, DEMO = ROOT / "docs" / "screens", ROOT / "docs" / "demo"
DESK = {"viewport": {"width": 1100, "height": 760}}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}
STYLES = {
    "light": DESK | {"color_scheme": "light"},
    "dark": DESK | {"color_scheme": "dark"},
    "phone": PHONE | {"color_scheme": "dark"},
}


BEFORE = (
    (DETECTOR, "first", "promoted"),
    (REVENUE, "first", "promoted"),
    (REVENUE, "next_period", "promoted"),
    (REVENUE, "mixed", "flagged"),
)


def main() -> None:
    """Make a night and take its pictures, tell the demo and keep its pictures."""
    parser = argparse.ArgumentParser(description="Renew the pictures of docs.")
    parser.add_argument("--only", choices=("pages", "demo"))
    only = parser.parse_args().only
    chromium = find_chromium()
    if only != "demo" and chromium is None:
        parser.exit(1, f"{MISSING}\n")
    with tempfile.TemporaryDirectory() as made:
        if only != "demo":
            _photograph(Path(made) / "pages", chromium)
        if only != "pages":
            _play(Path(made) / "demo")


def _play(folder: Path) -> None:
    """The pictures of what the demo prints; only those that pages show are kept."""
    pictures = folder / "pictures"
    subprocess.run(
        [sys.executable, "-m", "nightshift.cli", "demo", "--data", "synthetic", "--stop",
         "--folder", str(folder / "stack"), "--pictures", str(pictures)],
        cwd=ROOT, check=True,
    )  # fmt: skip
    for shown in DEMO.glob("*.svg"):
        shutil.copyfile(pictures / shown.name, shown)


def _photograph(folder: Path, chromium: str | None) -> None:
    """The pictures of the pages; only those that pages of docs show are taken."""
    folder.mkdir()
    # Its runs start from nothing, so that the models have the versions 1, 2 and 3.
    os.environ["NIGHTSHIFT_MODEL_SPECS"] = str(ROOT / "model_specs")
    with Stack(ROOT, folder / "state") as endpoints, AppClient(endpoints.app_url) as app:
        running = RunningApp(endpoints, folder / "state", app, ROOT / "model_specs")
        paths = _night(running, folder)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for style in STYLES:
                _take(browser, endpoints.app_url, paths, style)
            browser.close()


def _night(running: RunningApp, folder: Path) -> dict[str, str]:
    """A rollback, a flagged promotion, a broken pipeline; the paths of their pages."""
    app = running.app
    for number, (model, name, expected) in enumerate(BEFORE):
        _upload(running, folder, model, name, expected, number)
    review = app.get("reviews", state="open")["items"][0]["review_id"]
    app.post(f"reviews/{review}/decision", {"decision": "approve", "comment": "the hole in the data is known"})
    await_closed(app, review)
    incident = _alert(app, "degradation", REVENUE, state="mitigated")
    _upload(running, folder, REVENUE, "mixed", "flagged", len(BEFORE))
    _alert(app, "pipeline", DETECTOR, state="open")
    review = app.get("reviews", state="open")["items"][0]["review_id"]
    return {"front": "/", "review": f"/reviews/{review}", "incident": f"/incidents/{incident}"}


def _upload(running: RunningApp, folder: Path, model: str, name: str, expected: str, number: int) -> None:
    """Upload a file of the demo's data, less one row, since the same content is trained on once."""
    rows = table(upload(model, name), SyntheticSource(7))
    file = folder / f"{name}.csv"
    rows.drop(index=rows.index[number]).to_csv(file, index=False)
    outcome = running.outcome(running.upload(model, file)).outcome
    assert outcome == expected, f"{model} {name}: {outcome}"


def _alert(app: AppClient, category: Category, model: str, *, state: str) -> str:
    """Raise an alert, and wait until its incident is in a state."""
    app.post("alerts", alert_document(app, category, model))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for item in app.get("incidents", state=state, category=category)["items"]:
            return str(item["incident_id"])
        time.sleep(0.5)
    raise AssertionError(f"no {category} incident of {model} is {state}")


def _take(browser: Browser, url: str, paths: dict[str, str], style: str) -> None:
    opened = browser.new_context(base_url=url, **STYLES[style])  # type: ignore[arg-type]
    page = opened.new_page()
    page.goto("/")
    page.get_by_label("Name").fill("ann@example.com")
    page.get_by_role("button", name="Sign in").click()
    for name, path in paths.items():
        shown = SCREENS / f"{name}-{style}.png"
        # Which pictures there are, the pages say; a test holds that each is shown.
        if not shown.exists():
            continue
        page.goto(path)
        page.wait_for_load_state("networkidle")
        picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
        # So many colours are enough for text and lines, at a third of the size.
        picture.quantize(128).save(shown, optimize=True)
    opened.close()


if __name__ == "__main__":
    main()
