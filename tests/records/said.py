"""What a running app says of its records, through the API and the command line; and whether it says it again."""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from nightshift.cli.app_client import AppClient, AppRefusedError
from nightshift.cli.main import app as command_line

_LISTS = ("runs", "incidents", "reviews", "ledger", "dead-letters")
_WHOLE = ("models", "ledger/verification")
# By these names an item of a list is known.
_NAMES = ("hash", "review_id", "incident_id", "letter_id", "run", "model")
# Figures of the moment at which they are asked for.
_OF_NOW = frozenset({"until", "app", "age", "checked_at"})
_ADDRESS = re.compile(r"^https?://127\.0\.0\.1:\d+")
_PAGE = 1_000
# Stands in the contents for what a command printed that the API had said at this path.
SAME_AS = "same as"


def answers(app: AppClient) -> dict[str, Any]:
    """Every list and every detail of the API, by its path."""
    found: dict[str, Any] = {name: list(_items(app, name)) for name in _LISTS}
    found |= {name: list(_items(app, name, limit=None)) for name in _WHOLE}
    for path in _details(found):
        # What was not undone, or is not decided, has no answer there.
        try:
            found[path] = app.get(path)
        except AppRefusedError as error:
            if error.fields.get("status") != HTTPStatus.NOT_FOUND:
                raise
    return found


def _items(app: AppClient, name: str, limit: int | None = 200) -> Iterator[dict[str, Any]]:
    """The documents of a list, with every field that the app sends."""
    cursor: str | None = None
    while True:
        page = app.get(name, limit=limit, cursor=cursor)
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def _details(found: dict[str, Any]) -> Iterator[str]:
    for run in found["runs"]:
        yield f"runs/{run['run']}"
        yield f"runs/{run['run']}/explanation"
    for incident in found["incidents"]:
        yield f"incidents/{incident['incident_id']}"
        yield f"incidents/{incident['incident_id']}/undo"
    yield from (f"reviews/{review['review_id']}" for review in found["reviews"])
    yield from (f"models/{model['model']}" for model in found["models"])
    yield from (f"dead-letters/{dead_letter['letter_id']}" for dead_letter in found["dead-letters"])


def commands(found: dict[str, Any], since: str) -> list[tuple[str, ...]]:
    """One call of each command that reads records."""
    run = next(item["run"] for item in found["runs"] if item["outcome"] == "promoted")
    incident = next(item["incident_id"] for item in found["incidents"] if item["model"] == "rolled_back")
    review = next(item["review_id"] for item in found["reviews"] if item["model"] == "review_promoted")
    dead_letter = found["dead-letters"][0]["letter_id"]
    many = ("--limit", str(_PAGE))
    return [
        ("runs", *many),
        ("show", run),
        ("show", incident),
        ("explain", run),
        ("explain", incident),
        ("models",),
        ("models", "rolled_back"),
        ("models", "rolled_back", "--at", since),
        ("incidents", *many),
        ("reviews", *many),
        ("review", review),
        ("ledger", *many),
        ("ledger", "--verify"),
        ("dlq", "list", "--all", *many),
        ("dlq", "show", dead_letter),
        ("handover", "--since", since),
    ]


def printed(state: Path, command: tuple[str, ...]) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(command_line, [*command, "--json", "--state", str(state)])
    assert done.exit_code == 0, f"nightshift {' '.join(command)}: {done.output}"
    return json.loads(done.stdout)


def differences(recorded: Any, found: Any, at: str = "") -> Iterator[str]:
    """What a release says otherwise than it was recorded.

    A release may say more: another key of an object is no difference. Of an address on this machine the port does not
    count, nor the wording of a sentence. Items of a list are found by their name, those that have one.
    """
    if isinstance(recorded, dict) and isinstance(found, dict):
        for key, value in recorded.items():
            if key in _OF_NOW:
                continue
            if key not in found:
                yield f"{at}/{key} is missing"
            else:
                yield from differences(value, found[key], f"{at}/{key}")
    elif isinstance(recorded, list) and isinstance(found, list):
        if len(recorded) != len(found):
            yield f"{at}: {len(recorded)} items were recorded, {len(found)} are found"
        for number, (before, now) in enumerate(zip(recorded, found, strict=False)):
            yield from differences(before, now, f"{at}[{number}]")
    elif _plain(recorded) != _plain(found):
        yield f"{at}: {recorded!r} was recorded, {found!r} is found"


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "a sentence" if " " in value else _ADDRESS.sub("", value)


def name_of(item: dict[str, Any]) -> str:
    """By what an item of a list is known."""
    return next(str(item[name]) for name in _NAMES if name in item)
