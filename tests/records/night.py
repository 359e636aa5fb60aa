"""The recorded night: it leaves at least one of every kind of record that the app can be brought to write here."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

from databricks.sdk import WorkspaceClient
from databricks.sdk.service.serving import EndpointCoreConfigInput, EndpointStateReady, ServedEntityInput
from mlflow import MlflowClient

from local_host.stack.endpoints import DEVELOPMENT_TOKEN
from nightshift.cli.app_client import AppRefusedError
from nightshift.cli.incident_commands import await_undo
from nightshift.cli.review_commands import await_closed
from nightshift.cli.upload_command import await_run, put
from nightshift.domain.improvement.token_usage import Reservation
from nightshift.domain.notifications.notification import Notification
from nightshift.domain.platform.names import AWAIT_DECISION, CHAMPION, REVIEW
from nightshift.domain.response.alert import PLATFORM
from nightshift.domain.watch.fault import Fault
from nightshift.services.notifications.notify import notify
from nightshift.wiring.services import LazyServices
from tests.records.data import write_broken, write_rows
from tests.records.specs import AT_ONCE, JOBLESS, LIMITED, OWED, SMALL, SOON, TRAINING
from tests.support.model_versions import make_champions, make_versions
from tests.support.responder import Case
from tests.support.reviewing import flag
from tests.support.running_stack import RunningApp

# The review that somebody answers after the next start was opened then: it has not expired, whenever that start is.
FAR = datetime(2100, 1, 1, tzinfo=UTC)
_SECONDS = 600


class NamedCase(Case):
    """A model of this name, whose versions nobody has trained."""

    def __init__(self, services: LazyServices, specs: Path, model: str, **playbook: Any) -> None:
        self.model = model
        self.services = services
        self._spec = specs / f"{model}.yaml"
        self._playbook = AT_ONCE | playbook
        self.specify()

    def specify(self, **changes: Any) -> None:
        """Write the spec, with the night's playbook."""
        super().specify(**({"playbook": self._playbook} | changes))


@dataclass
class InFlight:
    """What the night leaves unfinished: the subjects of which the next start may change something."""

    models: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    open_review: str = ""
    expiring_review: str = ""
    training_run: str = ""
    waiting_uploads: list[str] = field(default_factory=list)
    lease: str = ""
    symptom: str = ""


class Night:
    """Plays the night on a running stack."""

    def __init__(self, running: RunningApp, services: LazyServices, folder: Path, tell: Callable[[str], None]) -> None:
        self.running = running
        self.app = running.app
        self.services = services
        self.folder = folder
        self.registry = MlflowClient(running.endpoints.mlflow_url, running.endpoints.mlflow_url)
        self.in_flight = InFlight()
        self.uploaded: dict[str, list[str]] = {}
        self._tell = tell

    def play(self) -> InFlight:
        """Play every scene; what must not end before the stack does comes last."""
        for scene in (
            self.outside,
            self.failing_endpoint,
            self.first_uploads,
            self.decided_reviews,
            self.mitigations,
            self.people,
            self.dead_letters,
            self.other_records,
            self.runs,
            self.improvement,
            self.settled,
            self.unfinished,
        ):
            self._tell(scene.__name__.replace("_", " "))
            scene()
        return self.in_flight

    # What the scenes do.

    def upload(self, model: str, part: int, name: str = "rows", **rows: Any) -> str:
        """Upload a span of rows; return the identity of the upload."""
        return self.put(model, write_rows(self.folder / f"{model}-{name}-{part}.csv", part, **rows))

    def put(self, model: str, file: Path) -> str:
        """Upload a file."""
        return put(model, file, "synthetic: the recorded night", self.running.state).identity

    def ended(self, model: str, identity: str, *outcomes: str) -> Any:
        """Wait for the end of the run of an upload, which must be one of these."""
        run = await_run(self.app, model, identity, seconds=_SECONDS)
        found = self.running.outcome(run)
        assert found.outcome in outcomes, f"{run}: {found.outcome}: {found.reason}"
        return found

    def alert(self, category: str, model: str | None, **given: Any) -> str:
        """Send an alert; return its id."""
        document = {
            "alert_id": f"night-{uuid4().hex[:12]}",
            "category": category,
            "model": model,
            "source": "night",
            "title": f"{category} of {model or 'the platform'}",
            "fired_at": datetime.now(UTC).isoformat(),
            **_FIGURES[category],
            **given,
        }
        self.app.post("alerts", document)
        return str(document["alert_id"])

    def incident(self, alert: str, holds: Callable[[dict[str, Any]], bool] = lambda _: True) -> str:
        """Wait until the incident of an alert is as it should be; return its id."""

        def found() -> str | None:
            for item in self.app.get("incidents", limit=1000)["items"]:
                view = self.app.get(f"incidents/{item['incident_id']}")
                if alert in {one["alert_id"] for one in view["occurrences"]} and holds(view["incident"]):
                    return str(item["incident_id"])
            return None

        return str(self.until(found, f"the incident of {alert}"))

    def until(self, found: Callable[[], Any], what: str) -> Any:
        """Wait until there is something."""
        return self.running.until(found, what, _SECONDS)

    def case(self, model: str, champions: tuple[str, ...] = (), **playbook: Any) -> NamedCase:
        """A model with three untrained versions, of which these became champion one after the other."""
        made = NamedCase(self.services, self.running.specs, model, **playbook)
        if champions:
            make_versions(self.registry, model, 3, self.folder)
            make_champions(self.services, model, champions)
        return made

    def flagged(self, model: str, **spec: Any) -> str:
        """An open review of a model of its own."""
        return flag(self.case(model), self.registry, self.folder, **spec).review_id

    def decide(self, review: str, decision: str) -> str:
        """Decide a review and wait until that is carried out; return what became of it."""
        self.app.post(f"reviews/{review}/decision", {"decision": decision, "comment": "because"})
        return await_closed(self.app, review, seconds=_SECONDS).state

    # The scenes.

    def outside(self) -> None:
        """Somebody moves an alias past Nightshift, which writes that down before it moves the alias itself."""
        self.case("moved_outside", ("1", "2"))
        self.registry.set_registered_model_alias("moved_outside", CHAMPION, "3")
        make_champions(self.services, "moved_outside", ("1",))

    def first_uploads(self) -> None:
        """What trains while other scenes are played."""
        for model in (JOBLESS, LIMITED, SMALL):
            self.uploaded[model] = [self.upload(model, 1)]
            await_run(self.app, model, self.uploaded[model][0], seconds=_SECONDS)
        self.uploaded[LIMITED].append(self.upload(LIMITED, 2, noise_until=1))
        twice = write_rows(self.folder / "twice.csv", 2, slope=6)
        self.uploaded[SMALL].append(self.put(SMALL, twice))

    def runs(self) -> None:
        """Runs of every outcome, uploads of every fate, a superseded incident, a retraining."""
        for identity in self.uploaded[SMALL]:
            self.ended(SMALL, identity, "promoted")
        self.ended(SMALL, self.put(SMALL, self.folder / "twice.csv"), "halted")
        self.ended(SMALL, self.put(SMALL, write_broken(self.folder / "broken.csv")), "halted")
        # The champion before has not seen the newest data, so that a retraining makes sense.
        self.incident(self.alert("degradation", SMALL, model_version="2"), _has("rollback", "done"))
        self.incident(self.alert("drift", SMALL), _has("retrain", "done"))
        self.ended(SMALL, self.upload(SMALL, 3, slope=6, noise_until=0.75), "rejected")
        self.until(
            lambda: self.app.get("incidents", model=SMALL, state="resolved", limit=1000)["items"],
            "the incident that a later run supersedes",
        )
        flagged = self.ended(SMALL, self.upload(SMALL, 4, slope=6, outliers=0.35), "flagged")
        assert self.decide(flagged.review_id, "approve") == "promoted"
        first = self.upload(SMALL, 5, slope=6)
        await_run(self.app, SMALL, first, seconds=_SECONDS)
        coalesced = [self.upload(SMALL, part, slope=6) for part in (6, 7)]
        for identity in (first, *coalesced):
            self.ended(SMALL, identity, "promoted", "rejected", "flagged")
        self.ended(JOBLESS, self.uploaded[JOBLESS][0], "failed")

    def improvement(self) -> None:
        """A loop that a broken limit starts, what a person thinks of a round, and a loop that a person asks for."""
        first, second = self.uploaded[LIMITED]
        self.ended(LIMITED, first, "promoted")
        run = self.ended(LIMITED, second, "rejected")
        assert run.improvement is not None
        self.app.post(f"runs/{run.run}/rounds/1/feedback", {"helpful": False, "comment": "too few days"})
        flagged = self.ended(SMALL, self.upload(SMALL, 8, slope=6, outliers=0.35), "flagged")
        assert self.decide(flagged.review_id, "improve") == "improving"
        ordered = self.app.get(f"reviews/{flagged.review_id}")["review"]["fresh"]
        improved = self.ended(SMALL, ordered, "promoted", "rejected", "flagged")
        if improved.outcome == "flagged":
            assert self.decide(improved.review_id, "reject") == "rejected"

    def decided_reviews(self) -> None:
        """Reviews that ended in each way."""
        assert self.decide(self.flagged("review_promoted"), "approve") == "promoted"
        assert self.decide(self.flagged("review_rejected"), "reject") == "rejected"
        void = self.flagged("review_void")
        make_champions(self.services, "review_void", ("3",))
        assert self.decide(void, "approve") == "void"
        ladder = [{"contact": "manager", "after_minutes": 0.02}]
        short = {"remind_after_minutes": 0.01, "ladder": ladder, "expires_after_minutes": 0.03}
        expired = self.flagged("review_expired", review=short)
        assert await_closed(self.app, expired, seconds=_SECONDS).state == "expired"

    def failing_endpoint(self) -> None:
        """An approval that is withdrawn because the endpoint does not follow."""
        model, name = "review_failed", "review-failed-endpoint"
        review = self.flagged(model, serving_endpoint=name)
        workspace = WorkspaceClient(host=self.running.endpoints.databricks_url, token=DEVELOPMENT_TOKEN)
        served = [ServedEntityInput(entity_name=model, entity_version="1", workload_size="Small")]
        workspace.serving_endpoints.create(name, config=EndpointCoreConfigInput(name=name, served_entities=served))

        def ready() -> bool:
            state = workspace.serving_endpoints.get(name).state
            return state is not None and state.ready == EndpointStateReady.READY

        self.until(ready, f"the endpoint {name}")
        self.running.order_fault(kind="endpoint_update_failure")
        assert self.decide(review, "approve") == "failed"

    def mitigations(self) -> None:
        """A rollback that stays, one that is undone, one that is refused; a page; compute paused and resumed."""
        self.case("rolled_back", ("1", "2", "3"))
        self.incident(self.alert("degradation", "rolled_back", model_version="3"), _has("rollback", "done"))
        self.incident(self.alert("degradation", "rolled_back", model_version="1"), _has("rollback", "refused"))
        self.case("rollback_undone", ("1", "2", "3"))
        undone = self.incident(
            self.alert("degradation", "rollback_undone", model_version="3"), _has("rollback", "done")
        )
        self.app.post(f"incidents/{undone}/undo", {"comment": "because"})
        assert await_undo(self.app, undone)["undone"]
        self.case("pipeline_failed", ("1",))
        self.incident(self.alert("pipeline", "pipeline_failed"), _has("page", "done"))
        resumed = self.incident(self.alert("budget", None), _has("pause_compute", "done"))
        self.app.post(f"incidents/{resumed}/undo", {"comment": "because"})
        assert await_undo(self.app, resumed)["undone"]

    def people(self) -> None:
        """Incidents that people acknowledge and resolve, and one that its source resolves."""
        self.case("watched", ("1",))
        for rule, operation in (("looked-after", "acknowledge"), ("over", "resolve")):
            incident = self.incident(self.alert("pipeline", "watched", rule=rule, severity="warning"))
            self.app.post(f"incidents/{incident}/{operation}", {"comment": "because"})
        alert = self.alert("degradation", "watched", rule="slow", value=1.3)
        self.incident(alert, _has("ask", "done"))
        self.alert("degradation", "watched", rule="slow", value=1.3, alert_id=alert, state="resolved")
        self.incident(alert, lambda item: item["state"] == "resolved")

    def dead_letters(self) -> None:
        """Messages that nobody understands: one waits, one is discarded, one is corrected and sent again."""
        dead_letters = {}
        for name, queue, body in (
            ("waits", "model-alerts", "{"),
            ("discarded", "drift-alerts", json.dumps({"category": "weather"})),
            ("redriven", "pipeline-alerts", json.dumps(_MISSPELT)),
            ("upload", "blob-events", json.dumps({"what": "no upload"})),
        ):
            self.services.alert_queues.send_raw(queue, body.encode(), message_id=f"night-{name}", properties={})
        for name in ("waits", "discarded", "redriven", "upload"):
            dead_letters[name] = self.until(partial(self._letter, f"night-{name}"), f"the dead letter {name}")
        self.app.post(f"dead-letters/{dead_letters['discarded']}/discard", {"comment": "because"})
        corrected = json.dumps({**_MISSPELT, "model": "watched"})
        self.app.post(f"dead-letters/{dead_letters['redriven']}/redrive", {"dry_run": False, "body": corrected})
        self.incident(str(_MISSPELT["alert_id"]))

    def _letter(self, message: str) -> str | None:
        found = self.app.get("dead-letters", limit=1000)["items"]
        return next((str(item["letter_id"]) for item in found if item["message_id"] == message), None)

    def other_records(self) -> None:
        """Records that nothing here brings about: an unknown failure, and what a language model has cost."""
        self.services.faults.count(
            Fault(step="train", model=SMALL, call="night", message="an unknown failure", at=datetime.now(UTC))
        )
        wanted = Reservation(loop="improvement-night", model=LIMITED, day="2026-11-29", tokens=900)
        assert self.services.token_usage.reserve(wanted, 50_000) == ""
        self.services.token_usage.settle(wanted, 700)

    def settled(self) -> None:
        """Everything so far has come to its end: no orchestration is left, also none of a lease that was taken back."""
        self.until(lambda: not self.app.get("orchestrations")["items"], "the end of every orchestration")

    def unfinished(self) -> None:
        """What waits when the stack ends: for a person, a time, a cause, a job, its turn, a page."""
        left = self.in_flight
        opened = self.case("review_open")
        opened.replace(clock=lambda: FAR)
        left.open_review = flag(opened, self.registry, self.folder).review_id
        soon = {"remind_after_minutes": SOON - 1, "ladder": [], "expires_after_minutes": SOON}
        left.expiring_review = self.flagged("review_expiring", review=soon)
        self.case("held_back", ("1",), verify_minutes=SOON, hold_minutes=SOON, page_minutes=SOON)
        self.incident(self.alert("pipeline", "held_back"), _has("page", "done"))
        left.symptom = self.incident(self.alert("drift", "held_back"), lambda item: bool(item["caused_by"]))
        # Judged by its source's word, and so another trouble than the one before.
        word = {"rule": "second", "severity": "critical", "metric": "", "value": None, "baseline": None}
        left.lease = self.incident(self.alert("budget", None, **word), _has("pause_compute", "done"))
        for key in OWED:
            notify(self.services, _page(key))
        self.until(lambda: self._waiting_reviews() == 2, "the two reviews that wait")
        self.running.order_fault(kind="slow_start", delay=600)
        left.training_run = await_run(self.app, TRAINING, self.upload(TRAINING, 1), seconds=_SECONDS)
        self.until(lambda: self._step(left.training_run) == "poll_job_status", "the job")
        left.waiting_uploads = [self.upload(TRAINING, part) for part in (2, 3)]
        for identity in left.waiting_uploads:
            self.until(partial(self._is_known, identity), f"the upload {identity}")
        left.models = ["review_open", "review_expiring", "held_back", TRAINING]
        left.incidents = [left.lease]

    def _waiting_reviews(self) -> int:
        """How many reviews have notified somebody and wait for an answer."""
        items = self.app.get("orchestrations")["items"]
        return sum(item["steps"].get(AWAIT_DECISION, 0) for item in items if item["orchestrator"] == REVIEW)

    def _step(self, run: str) -> str:
        with suppress(AppRefusedError):
            return str(self.app.get(f"runs/{run}")["step"])
        return ""

    def _is_known(self, identity: str) -> bool:
        with suppress(AppRefusedError):
            return bool(self.app.get(f"uploads/{TRAINING}/{identity}"))
        return False


def _page(key: str) -> Notification:
    """A page of a group: the second one is held back."""
    return Notification(
        key=key,
        kind="page",
        model=PLATFORM,
        severity="critical",
        title="The night is long",
        body="because",
        group="night",
        minutes_apart=SOON,
    )


def _has(mitigation: str, state: str) -> Callable[[dict[str, Any]], bool]:
    """A mitigation has come to a state."""
    return lambda incident: any(
        action["mitigation"] == mitigation and action["state"] == state for action in incident["actions"]
    )


_FIGURES: dict[str, dict[str, Any]] = {
    "degradation": {"metric": "rmse", "value": 3.0, "baseline": 1.0},
    "drift": {"metric": "psi", "value": 0.5, "feature": "level"},
    "pipeline": {"severity": "critical", "rule": "nightly"},
    "budget": {"metric": "spend", "value": 1100.0, "baseline": 1000.0},
}
_MISSPELT = {
    "alert_id": "night-misspelt",
    "category": "pipeline",
    "model": "wacthed",
    "source": "night",
    "severity": "warning",
    "title": "The feature pipeline failed",
    "fired_at": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
}
