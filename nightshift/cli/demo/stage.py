"""What the demo acts on: a running stack, its data, and the ways to read what happened."""

import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from local_host.stack.endpoints import Endpoints
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient
from nightshift.cli.demo.data.source import DataSource
from nightshift.cli.demo.data.uploads import upload, write
from nightshift.cli.demo.narrator import Narrator
from nightshift.cli.incident_commands import alert_document
from nightshift.cli.options import ROOT
from nightshift.cli.upload_command import await_run, follow, found_run, put
from nightshift.domain.lifecycle.run import RunOutcome
from nightshift.domain.platform.errors import NightshiftError
from nightshift.domain.platform.view import Explanation, IncidentView, ModelView, RunDetail
from nightshift.domain.response.alert import Category
from nightshift.domain.response.incident import Incident
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings


@dataclass
class Stage:
    """A running stack with a data source.

    Attributes:
        printed: how many lines of each incident's timeline have been printed.
    """

    state: Path
    endpoints: Endpoints
    data: DataSource
    app: AppClient
    narrator: Narrator
    printed: dict[str, int] = field(default_factory=dict)

    def upload(self, model: str, name: str) -> str:
        """Put one of the story's files into the container; return the run that takes it."""
        with tempfile.TemporaryDirectory(prefix="nightshift-") as folder:
            path = write(upload(model, name), self.data, Path(folder))
            self.narrator.say(f"upload {model}/{path.name}, {path.stat().st_size / 1024:.0f} KiB")
            identity, _ = put(model, path, self.data.label(model), self.state)
        return self.run_of(model, identity)

    def run_of(self, model: str, identity: str) -> str:
        """Wait until an upload has a run."""
        run = await_run(self.app, model, identity)
        self.narrator.say(f"run {run}")
        return run

    def finish(self, run: str) -> RunDetail:
        """Follow a run to its end and print what it decided."""
        detail = follow(self.app, run, self.narrator.say)
        if detail.output is None or detail.state != "completed":
            raise NightshiftError(f"{run} ended {detail.state}: {detail.reason}")
        explanation = Explanation.from_json(self.app.get(f"runs/{run}/explanation"))
        self.narrator.decided(detail, explanation)
        return detail

    def outcome(self, run: str) -> RunOutcome:
        """The output of an ended run."""
        return RunOutcome.from_json(self.app.get(f"runs/{run}")["output"])

    def model(self, name: str) -> ModelView:
        """A model as it is now."""
        return ModelView.from_json(self.app.get(f"models/{name}"))

    def items(self, path: str, **params: str | int | None) -> list[dict[str, Any]]:
        """A list of the API."""
        found: list[dict[str, Any]] = self.app.get(path, **params)["items"]
        return found

    def alert(self, category: Category, model: str | None = None, **given: Any) -> str:
        """Raise an alert as a monitor would; return its id."""
        document = alert_document(self.app, category, model, **given)
        self.narrator.say(f"alert {category}: {document['title']}")
        self.app.post("alerts", document)
        return str(document["alert_id"])

    def incident(self, alert_id: str, holds: Callable[[Incident], bool], seconds: float = 120) -> Incident:
        """Wait until the incident to which an alert belongs is as it should be; print its timeline as it grows."""
        deadline = time.monotonic() + seconds
        last = "it is in none"
        while time.monotonic() < deadline:
            for item in self.items("incidents", limit=1000):
                view = IncidentView.from_json(self.app.get(f"incidents/{item['incident_id']}"))
                if alert_id not in {alert.alert_id for alert in view.occurrences}:
                    continue
                incident = view.incident
                for entry in incident.timeline[self.printed.get(incident.incident_id, 0) :]:
                    self.narrator.say(f"{entry.actor}: {entry.what}")
                self.printed[incident.incident_id] = len(incident.timeline)
                last = f"{incident.incident_id} is {incident.state}, see `nightshift show {incident.incident_id}`"
                if holds(incident):
                    return incident
            time.sleep(0.2)
        raise NightshiftError(
            f"the incident of alert {alert_id} did not come to what was expected in {seconds:.0f} s: {last}"
        )

    def put_message(self, queue: str, body: str, message_id: str) -> None:
        """Put a message on a queue past the HTTP ingest, which would refuse it."""
        LazyServices(read_settings(self.endpoints.environment(), ROOT)).alert_queues.send_raw(
            queue, body.encode(), message_id=message_id, properties={}
        )

    def dead_letter(self, queue: str, seconds: float = 60) -> dict[str, Any]:
        """Wait for a dead letter of a queue."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := self.items("dead-letters", queue=queue):
                return found[0]
            time.sleep(0.2)
        raise NightshiftError(f"no message of {queue} was dead-lettered within {seconds:.0f} s")

    def await_step(self, run: str, step: str, seconds: float = 120) -> None:
        """Wait until a run is at a step."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found_run(self.app, run).step == step:
                return
            time.sleep(0.1)
        raise NightshiftError(f"{run} did not come to {step} within {seconds:.0f} s")

    def kill_host(self) -> int:
        """Kill the functions host as a crash would, with SIGKILL; the supervisor starts it again. Return its pid."""
        record = Stack.attach(self.state).components()["functions"]
        process = record.process
        if process is None:
            raise NightshiftError("the functions host does not run")
        os.kill(process.pid, signal.SIGKILL)
        return process.pid

    def await_host(self, seconds: float = 60) -> float:
        """Wait until the app answers again; return the seconds that took."""
        started = time.monotonic()
        while time.monotonic() - started < seconds:
            try:
                if httpx.get(f"{self.endpoints.app_url}/api/health", timeout=2).is_success:
                    return time.monotonic() - started
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise NightshiftError(f"the app did not come back within {seconds:.0f} s")

    def redeliver(self, run: str, times: int) -> None:
        """Deliver the event of a run's upload again, as Event Grid may."""
        upload_message = self.app.get(f"runs/{run}")["input"]["uploads"][0]
        event = {
            "id": upload_message["event_id"],
            "topic": "/subscriptions/local/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/local",
            "subject": f"/blobServices/default/containers/bronze/blobs/{upload_message['name']}",
            "eventType": "Microsoft.Storage.BlobCreated",
            "eventTime": upload_message["event_time"],
            "data": {
                "url": upload_message["url"],
                "eTag": upload_message["etag"].strip('"'),
                "contentLength": upload_message["size"],
            },
            "dataVersion": "",
            "metadataVersion": "1",
        }
        for _ in range(times):
            httpx.post(
                f"{self.endpoints.app_url}/runtime/webhooks/eventgrid",
                params={"functionName": "on_blob_created"},
                headers={"aeg-event-type": "Notification"},
                json=[event],
                timeout=30,
            ).raise_for_status()
