"""What the runner prepares before a block, and what it puts in the place of words in capitals."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from nightshift.cli.demo.data.source import REVENUE, SyntheticSource
from nightshift.cli.demo.data.uploads import table, upload

_SECONDS = 240
_LONGEST_RUN_SECONDS = 1800
_ENDED = {"completed", "failed", "terminated"}
_ALERT = {
    "alert_id": "docs-check", "category": "pipeline", "source": "docs-check", "severity": "informational",
    "title": "An alert of docs-check", "fired_at": "2026-11-01T00:00:00Z",
}  # fmt: skip


class NotPreparedError(Exception):
    """What a block needs did not come to be."""


@dataclass
class Workplace:
    """A running stack in a folder of its own, and the files that commands of the pages name.

    Attributes:
        environment: of every command.
    """

    root: Path
    folder: Path
    environment: Mapping[str, str]
    _number: "count[int]" = field(default_factory=lambda: count(1))
    _source: SyntheticSource = field(default_factory=lambda: SyntheticSource(7))

    @property
    def state(self) -> Path:
        """State folder of the stack."""
        return self.folder / ".nightshift" / "state"

    def written(self) -> None:
        """Write the documents that commands name."""
        for name in ("alert.json", "fixed.json"):
            (self.folder / name).write_text(json.dumps(_ALERT), encoding="utf-8")

    def data(self, name: str) -> Path:
        """A file of the demo's data; each has another content, since the same one is trained on once."""
        number = next(self._number)
        path = self.folder / f"{name}-{number}.csv"
        rows = table(upload(REVENUE, name), self._source)
        rows.drop(index=rows.index[number]).to_csv(path, index=False)
        return path

    def ask(self, *arguments: str) -> Any:
        """The JSON that a command prints."""
        done = subprocess.run(
            ["nightshift", *arguments, "--json"],  # noqa: S607
            cwd=self.root, env=dict(self.environment), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise NotPreparedError(f"nightshift {' '.join(arguments)}: {done.stderr or done.stdout}")
        return json.loads(done.stdout)

    def items(self, *arguments: str) -> list[dict[str, Any]]:
        """The items of a list, newest first."""
        found: list[dict[str, Any]] = self.ask(*arguments)["items"]
        return found

    def awaited(self, what: str, *arguments: str) -> dict[str, Any]:
        """The newest item of a list, once there is one."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            if found := self.items(*arguments):
                return found[0]
            time.sleep(0.5)
        raise NotPreparedError(f"no {what} after {_SECONDS} s")

    def quiet(self) -> None:
        """Wait until no run goes on: a champion that changes meanwhile would be another one's."""
        deadline = time.monotonic() + _LONGEST_RUN_SECONDS
        while any(item["state"] not in _ENDED for item in self.items("runs")):
            if time.monotonic() > deadline:
                raise NotPreparedError(f"a run goes on after {_LONGEST_RUN_SECONDS} s")
            time.sleep(1)

    @property
    def port(self) -> int:
        """Port of the app."""
        ports: dict[str, int] = json.loads((self.state / "endpoints.json").read_text(encoding="utf-8"))["ports"]
        return ports["app"]


def _flagged(place: Workplace) -> None:
    """A flagged promotion, which needs a champion that was trained on good data."""
    place.quiet()
    if len(place.ask("models", REVENUE)["items"][0]["versions"]) < 2:
        _upload(place, "next_period", "promoted")
    _upload(place, "mixed", "flagged")


def _flagged_again(place: Workplace) -> None:
    """Another one, after the first was approved: the champion of before is put back."""
    _degradation(place)
    _flagged(place)


def _upload(place: Workplace, name: str, expected: str) -> None:
    outcome = place.ask("upload", REVENUE, str(place.data(name)), "--wait")["outcome"]
    if outcome != expected:
        raise NotPreparedError(f"the upload {name} was {outcome}, not {expected}")


def _pipeline(place: Workplace) -> None:
    """An open incident."""
    place.ask("alert", "pipeline", "--id", f"docs-check-{next(place._number)}", "--severity", "warning")
    place.awaited("open incident", "incidents", "--only", "open")


def _degradation(place: Workplace) -> None:
    """A champion that was rolled back."""
    place.quiet()
    champion = place.ask("models", REVENUE)["items"][0]["champion"]
    place.ask("alert", "degradation", "--model", REVENUE, "--id", f"docs-check-{next(place._number)}")
    deadline = time.monotonic() + _SECONDS
    while place.ask("models", REVENUE)["items"][0]["champion"] == champion:
        if time.monotonic() > deadline:
            raise NotPreparedError(f"version {champion} was not rolled back")
        time.sleep(1)
    place.awaited("mitigated incident", "incidents", "--only", "mitigated", "--model", REVENUE)


def _dead_letter(place: Workplace) -> None:
    """A dead-lettered message: an alert of Azure Monitor that says nothing."""
    document = {"schemaId": "azureMonitorCommonAlertSchema", "data": {"number": next(place._number)}}
    answer = httpx.post(f"http://127.0.0.1:{place.port}/api/alerts", json=document, timeout=30)
    if answer.status_code != 400:
        raise NotPreparedError(f"a bad alert was answered with {answer.status_code}: {answer.text}")
    place.awaited("dead letter", "dlq", "list")


PREPARATIONS: dict[str, Callable[[Workplace], None]] = {
    "flagged": _flagged,
    "flagged_again": _flagged_again,
    "pipeline": _pipeline,
    "degradation": _degradation,
    "dead_letter": _dead_letter,
}
# What stands for a value in the pages, and how the runner finds one. FILE is a file of the data that a block's number
# names, otherwise the first.
DATA = {95: "kill"}
PLACEHOLDERS: dict[str, Callable[[Workplace, int], str]] = {
    "FILE": lambda place, order: str(place.data(DATA.get(order, "first"))),
    "RUN": lambda place, _: str(place.items("runs")[0]["run"]),
    "REVIEW": lambda place, _: str(place.items("reviews", "--only", "open")[0]["review_id"]),
    "INCIDENT": lambda place, _: str(place.items("incidents")[0]["incident_id"]),
    "LETTER": lambda place, _: str(place.items("dlq", "list")[0]["letter_id"]),
    "PORT": lambda place, _: str(place.port),
    "WHY": lambda _place, _order: "'a reason'",
}
