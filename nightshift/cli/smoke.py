"""A smoke test of a running app: one dataset and one alert go the whole way, and nothing is left lying."""

import csv
import math
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nightshift.cli.app_client import AppClient, AppRefusedError, AppUnreachableError, NotTheAppError
from nightshift.cli.incident_commands import alert_document
from nightshift.cli.paging import ListOf
from nightshift.cli.upload_command import Put, await_run, blobs_of, follow, put
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.health import Liveness, Readiness
from nightshift.domain.platform.names import BRONZE
from nightshift.domain.platform.view import AlertReceipt, IncidentView
from nightshift.domain.response.incident import Incident
from nightshift.domain.uploads.upload import BlobRef

CANARY = "canary"
_ROWS = 400
_VERDICTS = ("promoted", "rejected", "flagged")


class SmokeError(NightshiftError):
    """The environment did not do what it should."""

    code = "smoke_failed"


@dataclass
class Smoke:
    """One smoke test; each step says what it saw.

    Attributes:
        state: of the local stack, where no environment is chosen.
        say: is called with each step when it ends.
        timeout: longest wait for the verdict, in seconds; a cluster in Azure takes minutes to start.
        version: of the package that must answer; any if empty.
    """

    app: AppClient
    state: Path
    say: Callable[[str, str], None]
    timeout: float
    version: str = ""
    report: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Readiness, upload, verdict, alert, incident; whatever comes, the incident is resolved and the file removed.

        Raises:
            NightshiftError: a step failed; ``report`` holds those before it.
        """
        self._say("version", self._version())
        self._say("ready", self._ready())
        with self._uploaded() as uploaded:
            self._say("uploaded", uploaded.name)
            run = await_run(self.app, CANARY, uploaded.identity, seconds=self.timeout)
            self._say("run", run)
            self._say("verdict", self._verdict(run))
        alert = self._send_alert()
        self._say("alert", alert)
        incident = self._incident(alert)
        self._say("incident", incident)
        self.app.send(f"incidents/{incident}/resolve", {"comment": "nightshift smoke"}, Incident)
        self._say("resolved", incident)

    def _say(self, step: str, detail: str) -> None:
        self.report[step] = detail
        self.say(step, detail)

    def _version(self) -> str:
        """A deployment may take a while until the new package answers."""
        last = ""
        for _ in self._until(min(self.timeout, 600), every=2):
            try:
                last = self.app.read("health", Liveness).value.version
            except (AppUnreachableError, AppRefusedError, NotTheAppError) as error:
                last = str(error)
                continue
            if self.version in {"", last}:
                return last
        raise SmokeError(f"version {self.version or 'any'} does not answer: {last}")

    def _ready(self) -> str:
        """A role that was just assigned, or an app that was just deployed, may need a while."""
        last = ""
        for _ in self._until(min(self.timeout, 600), every=2):
            try:
                readiness = self.app.read("health/ready", Readiness).value
            except (AppUnreachableError, AppRefusedError, NotTheAppError) as error:
                last = str(error)
                continue
            if readiness.ok:
                return ", ".join(part.name for part in readiness.dependencies) or "yes"
        raise SmokeError(f"the app is not ready: {last}; `doctor` says which dependency does not answer")

    @contextmanager
    def _uploaded(self) -> Iterator[Put]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "smoke.csv"
            write_dataset(file, seed=time.time_ns())
            uploaded = put(CANARY, file, "synthetic: nightshift smoke", self.state)
        try:
            yield uploaded
        finally:
            blobs_of(self.state).remove(BlobRef(container=BRONZE, name=uploaded.name))
            self._say("removed", uploaded.name)

    def _verdict(self, run: str) -> str:
        detail = follow(self.app, run, lambda step: self.say("", step), seconds=self.timeout)
        outcome = RunOutcome.from_json(detail.output) if detail.output else None
        if outcome is None or outcome.outcome not in _VERDICTS:
            said = f"{outcome.outcome}: {outcome.reason}" if outcome else detail.state
            raise SmokeError(f"{run} ended without a verdict, {said}; `nightshift show {run}`", run=run)
        return f"{outcome.outcome}: {outcome.reason}"

    def _send_alert(self) -> str:
        # A rule of its own: the same trouble again, soon after it was resolved, would page on-call.
        said = {"severity": "warning", "title": "Synthetic alert of nightshift smoke", "source": "nightshift smoke"}
        document = alert_document(self.app, "pipeline", CANARY, rule=f"smoke-{time.time_ns()}", **said)
        return str(self.app.send("alerts", document, AlertReceipt).value.alert_id)

    def _incident(self, alert: str) -> str:
        for _ in self._until(120, every=0.5):
            for item in self.app.read("incidents", ListOf[Incident], model=CANARY, limit=20).value.items:
                view = self.app.read(f"incidents/{item.incident_id}", IncidentView).value
                if any(alert in {found.alert_id, found.key} for found in view.occurrences):
                    return item.incident_id
        raise SmokeError(
            f"no incident holds the alert {alert}: is it dead-lettered (`nightshift dlq list`)?", alert=alert
        )

    def _until(self, seconds: float, *, every: float) -> Iterator[None]:
        """Once at least, then again and again until the time is over."""
        deadline = time.monotonic() + seconds
        while True:
            yield
            if time.monotonic() >= deadline:
                return
            time.sleep(every)


def write_dataset(file: Path, seed: int) -> None:
    """Write a small dataset for the canary; another seed gives other content, which no run has decided on yet."""
    chance = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with file.open("w", newline="", encoding="utf-8") as target:
        rows = csv.writer(target)
        rows.writerow(["timestamp", "level", "output"])
        for number in range(_ROWS):
            level = chance.random()
            noise = chance.gauss(0, 0.1)
            moment = (start + timedelta(hours=number)).isoformat()
            rows.writerow([moment, f"{level:.6f}", f"{3 * level + math.sin(6 * level) + noise:.6f}"])
