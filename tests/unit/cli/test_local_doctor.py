"""What the doctor of a local stack asks, beside machine and processes."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from nightshift.cli import local_stack, stack_commands
from nightshift.cli.finding import Finding
from tests.support.loopback_server import Answering, LoopbackServer


class _Misconfigured(Answering):
    """An app whose process runs and whose settings are wrong."""

    def do_GET(self) -> None:
        """Say so."""
        problem = {"title": "misconfigured", "detail": "NIGHTSHIFT_LLM_MODEL = 'x': tells no family", "status": 503}
        self.answer(503, json.dumps(problem).encode(), {"content-type": "application/problem+json"})


@pytest.mark.parametrize("runs", [True, False])
def test_an_app_that_is_not_ready_is_found_although_its_process_runs(
    runs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 1, and the app's own words; where its host does not run, that is all there is to say."""
    server = LoopbackServer(_Misconfigured)
    monkeypatch.setattr(local_stack, "examine", lambda *_: [Finding("functions", runs, "a test")])
    monkeypatch.setattr(stack_commands, "local_endpoints", lambda _: SimpleNamespace(app_url=server.url))
    try:
        with pytest.raises(typer.Exit) as ended:
            stack_commands.doctor(as_json=True, state=tmp_path)
    finally:
        server.close()
    assert ended.value.exit_code == 1
    found = {item["component"]: item["detail"] for item in json.loads(capsys.readouterr().out)["items"]}
    assert found.get("app: readiness", "") == ("misconfigured: NIGHTSHIFT_LLM_MODEL = 'x': tells no family" * runs)
