"""What a redrive prints."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from nightshift.cli import dlq_commands
from nightshift.cli.app_client import AppClient
from nightshift.cli.main import app
from nightshift.domain.dead_letters.dead_letter import RedrivePlan


def test_the_table_is_printed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """First what would be done, then how much of it was."""

    def answer(request: httpx.Request) -> httpx.Response:
        dead_letter = request.url.path.split("/")[3]
        sent = not json.loads(request.content)["dry_run"]
        plan = RedrivePlan(letter_id=dead_letter, queue="q", message_id="m-1", handled=True, problem="", sent=sent)
        return httpx.Response(200, json=plan.to_json())

    monkeypatch.setattr(dlq_commands, "app_url", lambda _: "http://app")
    monkeypatch.setattr(dlq_commands, "AppClient", lambda url: AppClient(url, httpx.MockTransport(answer)))
    done = CliRunner().invoke(app, ["dlq", "redrive", "l1", "--yes"])
    assert (done.exit_code, done.stdout.count("would be understood"), done.stdout.count("l1")) == (0, 1, 1)
    assert done.stdout.endswith("sent 1 of 1\n")
