"""The deployed app over HTTP, as the functions host serves it; nothing that it depends on is there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
# In a process of its own: making the app changes how the process logs.
_PROBE = """
import asyncio, json, re, sys
from pathlib import Path
import httpx
from starlette.applications import Starlette
import function_app
from local_host.app_config import AppConfig
from local_host.durable.settings import DurableSettings
from local_host.functions.durable_binding import DurableClientPayload
from local_host.functions.host_json import read_host_json
from local_host.functions.index import index_functions
from local_host.functions.invoker import Invoker
from local_host.functions.principal import AppRoles
from local_host.functions.triggers.catalog import SUPPORTED_TRIGGERS
from local_host.functions.triggers.http import HttpSource
from local_host.functions.triggers.source import SourceSetting

CALLS = [("POST", "/api/health/ready"), ("DELETE", "/api/runs"), ("PUT", "/api/alerts"), ("HEAD", "/api/health"),
         ("GET", "/api/nowhere"), ("DELETE", "/runs"), ("GET", "/nowhere"), ("GET", "/api/health")]

async def main() -> None:
    index = index_functions(function_app.app.get_functions(), SUPPORTED_TRIGGERS)
    invoker = Invoker(DurableClientPayload("http://127.0.0.1:9", DurableSettings()), timeout=None, threads=2)
    functions = [function for function in index if function.trigger.type == "httpTrigger"]
    told = AppConfig.load(Path(".")).authentication
    roles = AppRoles(told.roles, told.machine_roles)
    source = HttpSource(SourceSetting(functions, invoker, read_host_json(Path(".")), {}, Path(sys.argv[1]), roles))
    # The methods are of the binding, so each function is called by each of them.
    own = [(method, "/" + re.sub(r"[{][*]?[a-z]+[}]", "x1", route.template.text))
           for route in source.http_routes for method in sorted(route.methods or ())]
    files = [("GET", f"/static/{name}") for name in ("page.css", "page.js", "icon.svg", "vendor/chart.umd.min.js")]
    answers = []
    transport = httpx.ASGITransport(app=Starlette(routes=list(source.routes())))
    async with httpx.AsyncClient(transport=transport, base_url="http://host") as client:
        for method, path in [*CALLS, *own, *files]:
            answer = await client.request(method, path)
            answers.append({"call": f"{method} {path}", "status": answer.status_code, "text": answer.text[:3000],
                            "type": answer.headers.get("content-type", ""), "allow": answer.headers.get("allow", "")})
    invoker.close()
    print(json.dumps(answers))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the app answers to each of its routes, by method and path."""
    state = tmp_path_factory.mktemp("state")
    command = [sys.executable, "-c", _PROBE, str(state)]
    environment = os.environ | {"WEBSITE_AUTH_ENABLED": "True"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return {answer["call"]: answer for answer in json.loads(done.stdout)}


@pytest.mark.parametrize(
    ("call", "status", "allow"),
    [
        ("POST /api/health/ready", 405, "GET"),
        ("DELETE /api/runs", 405, "GET"),
        ("PUT /api/alerts", 405, "POST"),
        ("GET /api/nowhere", 404, ""),
    ],
)
def test_the_api_explains_what_it_does_not_have(
    answers: dict[str, dict[str, Any]], call: str, status: int, allow: str
) -> None:
    """A problem document from the app's catch-all, which Azure reaches because no other function takes the method."""
    answer = answers[call]
    assert (answer["status"], answer["allow"], answer["type"]) == (status, allow, "application/problem+json")
    assert json.loads(answer["text"])["status"] == status


def test_what_no_function_takes_is_an_empty_404(answers: dict[str, dict[str, Any]]) -> None:
    """As Azure answers a method that a page does not have."""
    assert (answers["DELETE /runs"]["status"], answers["DELETE /runs"]["text"]) == (404, "")


def test_a_path_that_has_no_page_says_so(answers: dict[str, dict[str, Any]]) -> None:
    """The catch-all of the pages, and not a page by mistake."""
    assert answers["GET /nowhere"]["status"] == 404
    assert "There is no page /nowhere" in answers["GET /nowhere"]["text"]


def test_no_answer_names_its_charset_twice(answers: dict[str, dict[str, Any]]) -> None:
    """azure-functions appends the charset to a text type, also where the type names one already."""
    twice = [call for call, answer in answers.items() if answer["type"].count("charset") > 1]
    assert twice == []
    assert answers["GET /static/page.css"]["type"] == "text/css; charset=utf-8"
    assert answers["GET /runs"]["type"] == "text/html; charset=utf-8"
    assert len(answers) > 50
