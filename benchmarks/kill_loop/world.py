"""The stack under attack: its clients, its pager, and models of each story's own."""

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import yaml
from mlflow import MlflowClient

from local_host.stack.detached import start_detached
from local_host.stack.endpoints import Endpoints
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient, AppRefusedError, AppUnreachableError
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.support.pagers import Pager

ROOT = Path(__file__).resolve().parents[2]
# As long as by default, in shorter steps; and a lease that ends within the loop.
_SETTINGS = {
    "NIGHTSHIFT_RETRY_SECONDS": "5",
    "NIGHTSHIFT_RETRY_ATTEMPTS": "60",
    # Standard output has the summary only.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_PAUSE_MINUTES = 1
_WAIT_SECONDS = 900.0
_CALM_SECONDS = 300.0


class StoryError(Exception):
    """A story did not come to the end that it must have."""


@dataclass
class World:
    """A running stack.

    Attributes:
        calm: held while something is prepared that is not part of the product, so that no kill comes in between.
        reported: receives one line for each thing that happens.
    """

    folder: Path
    endpoints: Endpoints
    services: LazyServices
    mlflow: MlflowClient
    pager: Pager
    reported: Callable[[str], None]
    calm: threading.Lock = field(default_factory=threading.Lock)

    @property
    def state(self) -> Path:
        """The state folder of the stack."""
        return self.folder / "state"

    @property
    def specs(self) -> Path:
        """The folder of model specs."""
        return self.folder / "specs"

    def up(self) -> Endpoints:
        """Start the stack again after its supervisor was killed; the ports stay."""
        return start_detached(ROOT, self.state, None, lambda _: None)

    def specify(self, kind: str, base: str, **changes: Any) -> str:
        """Write the spec of a new model and return its name."""
        name = f"{kind}_{uuid.uuid4().hex[:8]}"
        document = yaml.safe_load((ROOT / "model_specs" / f"{base}.yaml").read_text(encoding="utf-8"))
        text = yaml.safe_dump(document | {"name": name} | changes)
        (self.specs / f"{name}.yaml").write_text(text, encoding="utf-8")
        return name

    @contextmanager
    def calmly(self) -> Iterator[None]:
        """Prepare something while every part answers and nothing is killed."""
        with self.calm:
            self.until("a healthy stack", self.healthy, seconds=_CALM_SECONDS)
            yield

    def healthy(self) -> bool:
        """Whether every part of the stack runs and the app can work with all of them."""
        if any(record.state != "ready" for record in Stack.attach(self.state).components().values()):
            return False
        answer = httpx.get(f"{self.endpoints.app_url}/api/health/ready", timeout=30)
        # The pager may be away, and sweeps that were held up by a kill come again.
        needed = [it for it in answer.json()["dependencies"] if it["name"] != "notifications"]
        return bool(needed) and all(it["ok"] for it in needed)

    def until(self, what: str, holds: Callable[[], Any], seconds: float = _WAIT_SECONDS) -> Any:
        """Wait until something is true and return it. What does not answer now is asked again.

        Raises:
            StoryError: it did not come true in time.
        """
        deadline, last = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                if found := holds():
                    return found
                last = "not yet"
            except StoryError:
                raise
            except Exception as error:  # noqa: BLE001 - parts of the stack are killed meanwhile: any client may fail
                last = f"{type(error).__name__}: {error}"
            time.sleep(0.5)
        msg = f"waited {seconds:.0f} s for {what}: {last}"
        raise StoryError(msg)

    def get(self, path: str, **params: str) -> Any:
        """GET from the app; asked again while it does not answer."""
        return self.until(f"GET {path}", lambda: self._get(path, **params) or True)

    def post(self, path: str, document: object) -> Any:
        """POST to the app, as a client does that tries again until it is answered.

        Raises:
            StoryError: the app refuses it.
        """

        def send() -> Any:
            with AppClient(self.endpoints.app_url) as app:
                try:
                    return app.post(path, document) or True
                except AppRefusedError as error:
                    if error.fields.get("status", 500) >= 500:
                        raise AppUnreachableError(str(error)) from error
                    msg = f"POST {path}: {error}"
                    raise StoryError(msg) from error

        return self.until(f"POST {path}", send)

    def decide(self, review: str, decision: str, who: str) -> int:
        """Decide about a review as somebody; return the status of the answer."""

        def send() -> int:
            answer = httpx.post(
                f"{self.endpoints.app_url}/api/reviews/{review}/decision",
                headers={"Authorization": f"Bearer local:{who}:Reviewer"},
                json={"decision": decision, "comment": "kill loop"},
                timeout=30,
            )
            return 0 if answer.status_code >= 500 else answer.status_code

        return int(self.until(f"{who}'s {decision}", send))

    def alert(self, model: str | None, **given: Any) -> None:
        """Send an alert three times, as a source does that is not sure."""
        document = {
            "alert_id": f"kill-loop-{uuid.uuid4()}",
            "model": model,
            "source": "kill loop",
            "fired_at": datetime.now(UTC).isoformat(),
        }
        for _ in range(3):
            self.post("alerts", document | given)

    def _get(self, path: str, **params: str) -> Any:
        with AppClient(self.endpoints.app_url) as app:
            return app.get(path, **params)


@contextmanager
def running(folder: Path, reported: Callable[[str], None]) -> Iterator[World]:
    """`nightshift up` in a folder, with a pager; ended at the end."""
    pager = Pager()
    specs, platform = folder / "specs", folder / "platform.yaml"
    shutil.copytree(ROOT / "model_specs", specs)
    playbook = yaml.safe_load((ROOT / "platform.yaml").read_text(encoding="utf-8"))
    platform.write_text(json.dumps(playbook | {"pause_minutes": _PAUSE_MINUTES}), encoding="utf-8")
    os.environ.update(
        _SETTINGS,
        NIGHTSHIFT_MODEL_SPECS=str(specs),
        NIGHTSHIFT_PLATFORM=str(platform),
        NIGHTSHIFT_NOTIFY_URLS=pager.url,
    )
    try:
        endpoints = start_detached(ROOT, folder / "state", None, lambda _: None)
        os.environ.update(endpoints.environment())
        services = LazyServices(read_settings(os.environ, ROOT))
        client = MlflowClient(endpoints.mlflow_url, endpoints.mlflow_url)
        yield World(folder, endpoints, services, client, pager, reported)
    finally:
        pager.close()
        if (folder / "state").exists():
            Stack.attach(folder / "state").down()
