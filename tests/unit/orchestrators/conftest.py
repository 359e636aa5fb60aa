"""Orchestrators on the real engine in virtual time, with activities that answer from a script."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from azure.durable_functions import Orchestrator

from activities.registration import declared
from local_host.durable.functions import DurableFunctions
from local_host.testing.virtual_engine import VirtualEngine
from nightshift.domain.champions.decision import Decision
from nightshift.domain.lifecycle.job import JobRun, JobStatus
from nightshift.domain.lifecycle.run import DecideResult, EvaluateResult, JobPolled, Recorded, Validated
from nightshift.domain.platform.message import Message
from nightshift.domain.platform.spec import Job
from nightshift.domain.platform.step import Done, Failure, JobSettings
from nightshift.domain.uploads.upload import BlobRef, Upload
from orchestrators.registration import ORCHESTRATORS
from tests.support.evidence_examples import make_evidence
from tests.support.upload_examples import make_upload

REPORTS = BlobRef(container="evidence", name="validation.json")


class Script:
    """What each activity answers, and what it was asked.

    An answer is a list, used up from the front with the last one repeated. A Failure in it is a step that has failed
    for good, an exception is raised.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._answers: dict[str, list[Message | Exception]] = {}

    def on(self, activity: str, *answers: Message | Exception) -> None:
        """Script an activity."""
        self._answers[activity] = list(answers)

    def names(self) -> list[str]:
        """The activities in the order of their calls."""
        return [name for name, _ in self.calls]

    def asked(self, activity: str) -> list[dict[str, Any]]:
        """The messages that an activity got."""
        return [message for name, message in self.calls if name == activity]

    async def answer(self, activity: str, text: str | None) -> str:
        """Answer one call."""
        message = json.loads(text or "null")
        self.calls.append((activity, message))
        answers = self._answers[activity]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return json.dumps({"failure": found.to_json()} if isinstance(found, Failure) else found.to_json())


@pytest.fixture
def upload() -> Upload:
    """One upload."""
    return make_upload()


@pytest.fixture
def settings() -> JobSettings:
    """Job settings that a spec has unless it says otherwise."""
    job = Job()
    return JobSettings(
        job=job.name, max_attempts=job.max_attempts, retry_seconds=job.retry_seconds, polling=job.polling
    )


def validated(settings: JobSettings, *refused: str) -> Validated:
    """A result of validate_data."""
    manifest = BlobRef(container="silver", name="manifest.json")
    return Validated(parts=(), reports=REPORTS, manifest=manifest, job=settings, refused=refused)


def decided(outcome: Any, action: Any = "promote") -> DecideResult:
    """A result of decide_action."""
    decision = Decision(
        action=action,
        rule="better",
        reason="because",
        model="m",
        challenger_version="2",
        champion_version="1",
        evidence_digest="e",
    )
    return DecideResult(decision=decision, outcome=outcome, champion_version="2", ledger=1)


def job_status(state: Any, **fields: Any) -> JobPolled:
    """A result of poll_job_status."""
    return JobPolled(status=JobStatus(run_id=7, state=state, **fields))


@pytest.fixture
def script(settings: JobSettings) -> Script:
    """A lifecycle in which everything goes well."""
    result = Script()
    evidence = make_evidence()
    for name, activity in declared().items():
        if activity.result is Done:
            result.on(name, Done())
    result.on("validate_data", validated(settings))
    result.on("record_halt", Recorded(ledger=1))
    result.on("send_alert", Done())
    result.on("trigger_databricks_job", JobRun(run_id=7))
    result.on("poll_job_status", job_status("succeeded"))
    result.on(
        "evaluate_metrics",
        EvaluateResult(evidence=BlobRef(container="evidence", name="evidence.json"), summary=evidence),
    )
    result.on("decide_action", decided("promoted"))
    return result


@pytest.fixture
async def engine(script: Script, tmp_path: Path) -> AsyncIterator[VirtualEngine]:
    """The engine with the real orchestrators and the scripted activities; time passes while a test waits for an end."""

    def scripted(name: str) -> Callable[[str | None], Any]:
        return lambda text: script.answer(name, text)

    functions = DurableFunctions(
        orchestrators={name: Orchestrator.create(function) for name, function in ORCHESTRATORS.items()},
        activities={name: scripted(name) for name in declared()},
    )
    result = VirtualEngine(tmp_path / "durable.sqlite3", functions)
    await result.start()
    yield result
    await result.stop()
