"""Take the pictures of docs/screens: ``python -m tests.browser.screens``, over a stack with the demo's models."""

import os
import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from local_host.stack.stack import Stack
from nightshift.services.response.respond import run_respond
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.incident_examples import alert
from tests.integration.activities.responder import ROOT, Case
from tests.integration.activities.reviewing import flag

FOLDER = ROOT / "docs" / "screens"
DESK = {"viewport": {"width": 1100, "height": 760}}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True}
MODEL = "revenue_forecast"


class DemoCase(Case):
    """A case that bears the name of a shipped model."""

    def __init__(self, services: LazyServices, specs: Path) -> None:
        super().__init__(services, specs)
        self._spec.unlink()
        self.model, self._spec = MODEL, specs / f"{MODEL}.yaml"
        self.specify()


def main() -> None:
    """Start a stack, make a night, take the pictures."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        specs = folder / "specs"
        shutil.copytree(ROOT / "model_specs", specs)
        os.environ["NIGHTSHIFT_MODEL_SPECS"] = str(specs)
        with Stack(ROOT, folder / "state") as endpoints:
            environment = endpoints.environment() | {"NIGHTSHIFT_MODEL_SPECS": str(specs)}
            services = LazyServices(read_settings(environment, ROOT))
            paths = _night(services, specs, MlflowClient(endpoints.mlflow_url, endpoints.mlflow_url), folder)
            with sync_playwright() as playwright:
                chromium = shutil.which("chromium")
                browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                for style, context in (
                    ("light", DESK | {"color_scheme": "light"}),
                    ("dark", DESK | {"color_scheme": "dark"}),
                    ("phone", PHONE | {"color_scheme": "dark"}),
                ):
                    _take(browser, endpoints.app_url, paths, style, context)
                browser.close()


def _night(services: LazyServices, specs: Path, client: MlflowClient, folder: Path) -> dict[str, str]:
    """A flagged promotion and two incidents; the paths of their pages."""
    review = flag(DemoCase(services, specs), client, folder)
    fields: dict[str, Any] = {"model": MODEL, "fired_at": services.clock(), "source": "Azure Monitor"}
    found = [
        run_respond(services, alert(**(fields | given)).model_dump_json().encode()).incident
        for given in (
            {"alert_id": "a", "title": "RMSE of the last hour is three times its baseline"},
            {"alert_id": "b", "title": "temp has drifted", "category": "drift", "metric": "psi", "value": 0.21,
             "baseline": None, "feature": "temp"},
        )
    ]  # fmt: skip
    assert found[0] is not None
    return {
        "front": "/",
        "review": f"/reviews/{review.review_id}",
        "incident": f"/incidents/{found[0].incident_id}",
    }


def _take(browser: Browser, url: str, paths: dict[str, str], style: str, context: dict[str, Any]) -> None:
    opened = browser.new_context(base_url=url, **context)
    page = opened.new_page()
    page.goto("/")
    page.get_by_label("Name").fill("ann@example.com")
    page.get_by_role("button", name="Sign in").click()
    for name, path in paths.items():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
        # So many colours are enough for text and lines, at a third of the size.
        picture.quantize(128).save(FOLDER / f"{name}-{style}.png", optimize=True)
    opened.close()


if __name__ == "__main__":
    main()
