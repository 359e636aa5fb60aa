"""Whole lists from an app that gives them in pages."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from nightshift.cli import read_commands
from nightshift.cli.app_client import AppClient
from nightshift.cli.ledger_verification import verify_ledger
from nightshift.cli.paging import every
from nightshift.domain.platform.message import Message


class Numbered(Message):
    """An item of a list."""

    position: int


def test_every_item_comes_and_no_page_too_many_is_asked_for() -> None:
    """The cursor of a page asks for the one behind it, with the same filters."""
    asked: list[dict[str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        first = "cursor" not in request.url.params
        items = [{"position": number} for number in ([1, 2] if first else [3])]
        return httpx.Response(200, json={"items": items, "next": "c1" if first else None})

    with AppClient("http://app", httpx.MockTransport(handle)) as app:
        found = every(app, "runs", Numbered, model="m", outcome=None)
        assert [next(found).position, next(found).position] == [1, 2]
        assert asked == [{"limit": "200", "model": "m"}]
        assert [item.position for item in found] == [3]
    assert asked[1:] == [{"limit": "200", "cursor": "c1", "model": "m"}]


@dataclass
class Answering:
    """An app on a port of this machine that gives one document, or one after the other, and notes what it was asked."""

    document: Any = None
    documents: list[Any] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """The app that the commands speak to."""
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            document = answering.documents.pop(0) if answering.documents else answering.document
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("NIGHTSHIFT_URL", f"http://127.0.0.1:{server.server_port}")
        yield answering
        server.shutdown()
        thread.join()


def test_a_ledger_of_one_model_is_verified_alone(
    app: Answering, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The model is asked for, and a broken chain is exit code 1."""
    fault = {"model": "m", "sequence": 2, "problem": "it does not link"}
    app.document = {"items": [{"model": "m", "entries": 3, "fault": fault}], "next": None}
    with pytest.raises(typer.Exit):
        read_commands.ledger(verify=True, model="m", state=tmp_path)
    assert app.asked == ["/api/ledger/verification?model=m"]
    assert "broken at entry 2: it does not link" in capsys.readouterr().out


def test_a_ledger_is_verified_to_its_end(app: Answering, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Part by part: the last item of a model is its result, and JSON is all that is printed."""

    def part(entries: int, following: str | None) -> dict[str, Any]:
        complete = following is None
        item = {"model": "m", "entries": entries, "length": 2_500, "complete": complete, "fault": None}
        return {"items": [item], "next": following}

    app.documents = [part(1_000, "c1"), part(2_000, "c2"), part(2_500, None)]
    read_commands.ledger(verify=True, as_json=True, state=tmp_path)
    path = "/api/ledger/verification"
    assert app.asked == [path, f"{path}?cursor=c1", f"{path}?cursor=c2"]
    printed = capsys.readouterr()
    assert json.loads(printed.out) == part(2_500, None)
    assert printed.err == ""


def test_a_fault_behind_the_first_part_is_exit_code_1(
    app: Answering, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The entry is named."""
    fault = {"model": "m", "sequence": 1_500, "problem": "it cannot be read"}
    item = {"model": "m", "entries": 1_000, "length": 2_000, "complete": False, "fault": None}
    broken = {**item, "entries": 1_499, "complete": True, "fault": fault}
    app.documents = [{"items": [item], "next": "c1"}, {"items": [broken], "next": None}]
    with pytest.raises(typer.Exit):
        read_commands.ledger(verify=True, state=tmp_path)
    assert "broken at entry 1500: it cannot be read" in capsys.readouterr().out


def test_people_are_reported_how_far_it_is() -> None:
    """After each part, by model."""
    pages = [
        {"items": [{"model": "m", "entries": 1_000, "length": 1_200, "complete": False, "fault": None}], "next": "c"},
        {"items": [{"model": "m", "entries": 1_200, "length": 1_200, "complete": True, "fault": None}], "next": None},
    ]
    lines: list[str] = []
    with AppClient("http://app", httpx.MockTransport(lambda _: httpx.Response(200, json=pages.pop(0)))) as client:
        checks = verify_ledger(client, None, lines.append)
    assert lines == ["m: 1,000 of 1,200 entries verified", "m: 1,200 of 1,200 entries verified"]
    assert [(check.model, check.entries, check.complete) for check in checks] == [("m", 1_200, True)]


def test_a_list_that_goes_on_says_how(app: Answering, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The last line holds what the next call needs."""
    app.document = {"items": [], "next": "abc"}
    read_commands.runs(model="m", limit=1, cursor="xyz", state=tmp_path)
    assert app.asked == ["/api/runs?model=m&limit=1&cursor=xyz"]
    assert "there is more: the same with --cursor abc" in capsys.readouterr().out
