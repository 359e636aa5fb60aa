"""The parser of each kind of sample: the one that the product itself uses."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import yaml
from azure.core.messaging import CloudEvent

from nightshift.domain.lifecycle.run import RunEvent
from nightshift.domain.platform.request import DecisionRequest
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.platform.view import Problem
from nightshift.triggers.alert_schemas.document import parse
from nightshift.triggers.alert_schemas.normalise import normalise
from orchestrators.lifecycle.lifecycle import _PUBLISHED
from tests.docs.markdown import ROOT


def _alert(text: str) -> None:
    normalise(parse(text.encode()), received_at=datetime(2026, 12, 31, tzinfo=UTC))


def _problem(text: str) -> None:
    Problem.from_json(text)


def _decision(text: str) -> None:
    DecisionRequest.from_json(text)


def _spec(text: str) -> None:
    """Sections of a spec, in the place of those of a shipped one."""
    shipped = yaml.safe_load((ROOT / "model_specs" / "revenue_forecast.yaml").read_text(encoding="utf-8"))
    ModelSpec.model_validate(shipped | yaml.safe_load(text))


def _event(text: str) -> None:
    """As a subscriber reads it; its type, subject and data are those of an event that is published."""
    document: dict[str, Any] = json.loads(text)
    event: CloudEvent[Any] = CloudEvent.from_dict(document)
    _, model, _, run = str(event.subject).split("/")
    kind = str(event.type).removeprefix("Nightshift.Run.").lower()
    RunEvent.model_validate({"kind": kind, "model": model, "run": run, "data": event.data})
    expected = {"uploads"} if kind == "started" else _PUBLISHED
    if set(event.data or {}) != expected:
        raise ValueError(event.data)


PARSERS: dict[str, Callable[[str], None]] = {
    "alert": _alert,
    "problem": _problem,
    "decision": _decision,
    "spec": _spec,
    "event": _event,
}
