"""A wrong setting of the app: named at the start, 503 on every route, no work taken; in real processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.registered import CLIENT
from tests.unit.wiring.fresh_process import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[3]
_PROBE = """
import asyncio, json, logging, sys
logging.basicConfig(stream=sys.stderr, format="%(message)s")
import azure.functions as func
import function_app

async def main():
    seen = {}
    for function in function_app.app.get_functions():
        trigger = function.get_trigger()
        name = function.get_function_name()
        if trigger.type != "httpTrigger":
            seen[name] = trigger.type
        elif "show_" not in name or name == "show_live":
            request = func.HttpRequest("GET", f"http://app/{trigger.route}", body=b"")
            parameters = {trigger.name: request}
            if any(binding.type == "durableClient" for binding in function.get_bindings()):
                parameters["client"] = sys.argv[1]
            answer = await function.get_user_function()(**parameters)
            seen[name] = [answer.status_code, json.loads(answer.get_body())]
    print(json.dumps(seen))

asyncio.run(main())
"""


def _app(**settings: str) -> tuple[dict[str, Any], list[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NIGHTSHIFT_")}
    environment |= ENVIRONMENT | {"AzureWebJobsStorage": "UseDevelopmentStorage=true"} | settings
    command = [sys.executable, "-c", _PROBE, json.dumps(CLIENT)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("setting_wrong ")]
    return json.loads(done.stdout.splitlines()[-1]), lines


def test_every_wrong_setting_is_named_and_every_route_answers_503() -> None:
    """A key is never shown; messages and orchestrations wait, because nothing that takes them is there."""
    seen, lines = _app(
        NIGHTSHIFT_LLM_URL="https://user:secret@llm.example/v1",
        NIGHTSHIFT_LLM_MODEL="anything",
        NIGHTSHIFT_RETRY_ATTEMPTS="0.5",
        NIGHTSHIFT_RETRY_SECONDS="soon",
        DATABRICKS_HOST="",
    )
    named = [line.split()[1] for line in lines]
    assert named[:3] == ["DATABRICKS_HOST", "NIGHTSHIFT_RETRY_ATTEMPTS", "NIGHTSHIFT_RETRY_SECONDS"]
    assert named[3].startswith("NIGHTSHIFT_LLM_")
    assert "secret" not in "\n".join(lines)
    assert seen.pop("health")[0] == 200
    assert {json.dumps([answer[0], answer[1]["title"]]) for answer in seen.values()} == {'[503, "misconfigured"]'}
    assert {"ready", "list_incidents", "list_models", "show_live"} <= set(seen)


def test_right_settings_leave_every_function() -> None:
    """Orchestrators, activities, queues and timers are there, and nothing is called wrong."""
    environment = ENVIRONMENT | {"AzureWebJobsStorage": "x"}
    command = [sys.executable, "-c", "import function_app; print(len(function_app.app.get_functions()))"]
    counts = {
        subprocess.run(
            command, cwd=ROOT, env=os.environ | more, check=True, capture_output=True, text=True
        ).stdout.strip()
        for more in (environment, {})
    }
    assert len(counts) == 1
