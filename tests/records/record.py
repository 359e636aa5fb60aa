"""Record a state folder of this release: ``python -m tests.records.record`` (``make records``).

A night is played on a fresh local stack, which is then ended with things in flight. What it has stored is packed into
``tests/records/<release>/state.tar.xz``, with what the API and the command line said of it; ``contents.json`` beside it
counts what it holds. Folders of other releases stay as they are: they stand for what such a release has stored.
"""

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from local_host.stack.detached import start_detached
from local_host.stack.stack import Stack
from nightshift.cli.app_client import AppClient
from nightshift.domain.champions.alias_change_kind import AliasChangeKind
from nightshift.domain.champions.decision import AliasChange
from nightshift.domain.ledger.ledger import EntryKind
from nightshift.domain.reviews.review import REVIEW_STATES
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.records import archive, said
from tests.records.night import InFlight, Night
from tests.records.specs import ROOT, settings, write_specs
from tests.records.stored import stored
from tests.support.running_stack import RunningApp


def main() -> None:
    """Play the night, end the stack, pack what it has stored."""
    with tempfile.TemporaryDirectory(prefix="nightshift-records-") as name:
        folder = Path(name)
        write_specs(folder / "specs")
        # The archive does not tell which machine it was.
        os.environ |= settings(folder) | {"CONTAINER_NAME": "recorded"}
        told = _play(folder, folder / "state")
        counted = counts(told["answers"])
        counted["stored"] = dict(sorted(Counter(kind for kind, _ in stored(folder / "state")).items()))
        sys.stdout.write(f"{json.dumps(counted, indent=2)}\n")
        if lacking := missing(counted):
            sys.exit(f"error: the night has not left {', '.join(lacking)}")
        packed = archive.pack(folder, archive.release(), counted, told)
    sys.stdout.write(f"{packed.relative_to(ROOT)}: {packed.stat().st_size / 1024:.0f} KiB\n")


def _play(folder: Path, state: Path) -> dict[str, Any]:
    began = datetime.now(UTC)
    endpoints = start_detached(ROOT, state, None, lambda event: None)
    try:
        told = {"NIGHTSHIFT_NOTIFY_FILE": str(state / "functions" / "notifications.jsonl")}
        services = LazyServices(read_settings({**endpoints.environment(), **settings(folder), **told}, ROOT))
        (folder / "files").mkdir()
        with AppClient(endpoints.app_url) as app:
            running = RunningApp(endpoints, state, app, folder / "specs")
            left = Night(running, services, folder / "files", _tell).play()
            return _told(app, state, began, left)
    finally:
        Stack.attach(state).down(lambda event: None)
        shutil.rmtree(folder / "files", ignore_errors=True)


def _told(app: AppClient, state: Path, began: datetime, left: InFlight) -> dict[str, Any]:
    """What the app says of its records, and what is in flight."""
    since = began.isoformat()
    answers = said.answers(app)
    commands = {" ".join(call): _short(said.printed(state, call), answers) for call in said.commands(answers, since)}
    return {"since": since, "in_flight": asdict(left), "answers": answers, "commands": commands}


def _short(printed: Any, answers: dict[str, Any]) -> Any:
    """What a command has printed; where the API has said the same, the path of that."""
    for path, answer in answers.items():
        if answer == printed or (printed.keys() == {"items", "next"} and answer == printed["items"]):
            return {said.SAME_AS: path}
    return printed


def counts(answers: dict[str, Any]) -> dict[str, dict[str, int]]:
    """How many records of each kind the app shows."""
    moves = [move for model in answers["models"] for move in model["moves"]]
    actions = [action for incident in answers["incidents"] for action in incident["actions"]]
    kinds = {
        "runs": [run["outcome"] or "going on" for run in answers["runs"]],
        "reviews": [review["state"] for review in answers["reviews"]],
        "incidents": [f"{incident['category']} {incident['state']}" for incident in answers["incidents"]],
        "actions": [f"{action['mitigation']} {action['state']}" for action in actions],
        "moves": [AliasChange.from_json(move).kind for move in moves],
        "ledger": [entry["kind"] for entry in answers["ledger"]],
        "dead letters": [f"{dead_letter['queue']} {dead_letter['state']}" for dead_letter in answers["dead-letters"]],
    }
    return {name: dict(sorted(Counter(found).items())) for name, found in kinds.items()}


def missing(found: dict[str, dict[str, int]]) -> list[str]:
    """What the night should have left, and has not."""
    wanted = {
        "runs": ("promoted", "rejected", "flagged", "halted", "failed", "going on"),
        # An approval is carried out within moments: none is caught between.
        "reviews": tuple(state for state in REVIEW_STATES if state != "approved"),
        "moves": get_args(AliasChangeKind),
        "ledger": get_args(EntryKind),
    }
    return [f"{name}: {kind}" for name, kinds in wanted.items() for kind in kinds if kind not in found[name]]


def _tell(scene: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%H:%M:%S} {scene}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
