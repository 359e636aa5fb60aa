"""The host as a process: starting, refusing to start, stopping."""

from __future__ import annotations

import concurrent.futures
import re
import signal
import socket
from collections.abc import Iterator

import httpx
import pytest

from local_host.testing.functions_host import DEADLINE, RunningHost, StartHost, hosts_in, wait_for

ECHO = """
@app.route(route="echo/{name}")
def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.getLogger("app").info("greeting name=%s", req.route_params["name"])
    return func.HttpResponse("hello " + req.route_params["name"])
"""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """One host for the tests that do not end it."""
    with hosts_in(tmp_path_factory.mktemp("echo")) as start:
        yield start(ECHO).until_started()


def test_serves_http_and_its_own_status(host: RunningHost) -> None:
    """A started host answers its functions, says Running and lists them."""
    assert host.get("/api/echo/you").text == "hello you"
    status = host.get("/admin/host/status").json()
    assert (status["state"], status["functions"]) == ("Running", 1)
    (listed,) = host.get("/admin/functions").json()
    assert listed["name"] == "echo"
    assert [binding["type"] for binding in listed["config"]["bindings"]] == ["httpTrigger", "http"]
    assert host.get("/admin/functions/ECHO").json() == listed
    assert host.get("/admin/functions/other").status_code == 404


def test_log_lines_have_times_and_ids(host: RunningHost) -> None:
    """Each event is one line `time LEVEL logger event key=value`; an app's own line carries the invocation."""
    host.get("/api/echo/you")
    found = re.search(
        r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO app greeting name=you function=echo invocation_id=(\S+)$",
        host.lines,
        re.MULTILINE,
    )
    assert found is not None, host.lines
    assert f"invocation_succeeded function=echo invocation_id={found[1]} duration_ms=" in host.lines
    assert re.search(r"app_indexed functions=1 import_ms=\d+ index_ms=\d+", host.lines)


def test_an_exception_is_an_empty_500_and_a_traceback_in_the_log(start_host: StartHost) -> None:
    """The caller learns nothing of the failure; the log has it with its ids."""
    host = start_host(
        """
        @app.route(route="bad")
        async def bad(req: func.HttpRequest) -> func.HttpResponse:
            raise ValueError("secret")
        """
    ).until_started()
    answer = host.get("/api/bad")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "invocation_failed function=bad invocation_id=" in host.lines
    assert "ValueError: secret" in host.lines


def test_many_requests_at_once(host: RunningHost) -> None:
    """Requests beside each other all get their own answer."""
    with concurrent.futures.ThreadPoolExecutor(16) as pool, httpx.Client(base_url=host.url, timeout=DEADLINE) as client:
        answers = list(pool.map(lambda number: client.get(f"/api/echo/{number}").text, range(200)))
    assert answers == [f"hello {number}" for number in range(200)]


def test_the_app_is_told_that_a_sign_in_stands_before_it(start_host: StartHost) -> None:
    """As App Service tells it, and from the start: an app without this word believes no principal."""
    host = start_host(
        """
        seen = os.environ.get("WEBSITE_AUTH_ENABLED")

        @app.route(route="stated")
        def stated(req: func.HttpRequest) -> func.HttpResponse:
            return func.HttpResponse(f"{seen} {os.environ.get('WEBSITE_AUTH_ENABLED')}")
        """
    ).until_started()
    assert host.get("/api/stated").text == "True True"


def test_the_route_prefix_and_log_level_come_from_host_json(start_host: StartHost) -> None:
    """host.json's prefix moves the routes; its level keeps an app's lines out."""
    host = start_host(
        ECHO,
        host_json={
            "extensions": {"http": {"routePrefix": "v1"}},
            "logging": {"logLevel": {"default": "Information", "Function": "Error"}},
        },
    ).until_started()
    assert (host.get("/v1/echo/you").status_code, host.get("/api/echo/you").status_code) == (200, 404)
    assert "greeting" not in host.lines


def test_a_taken_port_is_one_line_and_exit_code_2(start_host: StartHost) -> None:
    """The message names the port and the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        host = start_host(ECHO, port=port)
        assert host.process.wait(DEADLINE) == 2
    (line,) = host.lines.splitlines()
    assert (line.startswith(f"error: port {port} on 127.0.0.1 "), line.endswith(" --port")) == (True, True)


def test_a_state_folder_has_one_host(start_host: StartHost) -> None:
    """A second host on the same state folder is refused; after a kill -9 the folder is free."""
    first = start_host(ECHO).until_started()
    second = start_host()
    assert second.process.wait(DEADLINE) == 2
    assert "is in use by another functions host" in second.lines
    first.kill()
    assert start_host().until_started().get("/api/echo/you").status_code == 200


@pytest.mark.parametrize(
    ("text", "host_json", "message"),
    [
        (
            "@app.activity_trigger(input_name='x')\ndef f(x: dict[str, int]): ...",
            {},
            "function 'f', parameter 'x': its annotation dict[str, int] ",
        ),
        (
            "@app.timer_trigger(arg_name='t', schedule='0 0 25 * * *')\ndef f(t: func.TimerRequest): ...",
            {},
            "function 'f', parameter 't': schedule '0 0 25 * * *': hour 25 is not between 0 and 23",
        ),
        ("import nothing_of_this_name", {}, "importing function_app failed at"),
        (ECHO, {"functionTimeout": 5}, "host.json: functionTimeout is 5"),
        (
            ECHO,
            {"extensions": {"durableTask": {"maxConcurrentActivityFunctions": 0}}},
            "host.json: extensions.durableTask.maxConcurrentActivityFunctions is 0",
        ),
        (
            "@app.route(route='r')\n@app.durable_client_input(client_name='c', task_hub='Other')\n"
            "async def f(req: func.HttpRequest, c) -> str: ...",
            {},
            "function 'f', parameter 'c': its durable client asks for task hub 'Other', ",
        ),
        (
            "@app.activity_trigger(input_name='x', activity='same')\ndef f(x): ...\n"
            "@app.activity_trigger(input_name='x', activity='same')\ndef g(x): ...",
            {},
            "function 'g': another function has the activityTrigger name 'same'",
        ),
        ("raise SystemExit('no settings')", {}, "no settings"),
    ],
)
def test_what_cannot_be_loaded_is_said_and_ends_the_host(
    start_host: StartHost, text: str, host_json: dict[str, object], message: str
) -> None:
    """Exit code 1 and a message with the function, the parameter and the rule."""
    host = start_host(text, host_json=host_json)
    assert host.process.wait(DEADLINE) == 1
    assert message in host.lines


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_functions_finish(start_host: StartHost, number: signal.Signals) -> None:
    """A request under way is answered, and the host ends with exit code 0."""
    host = start_host(
        """
        @app.route(route="slow")
        def slow(req: func.HttpRequest) -> func.HttpResponse:
            note("began")
            while not (here / "go").exists():
                time.sleep(0.01)
            return func.HttpResponse("done")
        """
    ).until_started()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(host.get, "/api/slow")
        host.until_noted("began")
        host.process.send_signal(number)
        wait_for(lambda: "host_stopping" in host.lines, "host_stopping line")
        (host.root / "go").touch()
        assert answer.result(DEADLINE).text == "done"
    assert host.process.wait(DEADLINE) == 0
    assert "host_stopped clean=true" in host.lines


def test_a_function_that_does_not_end_is_left_behind(start_host: StartHost) -> None:
    """After the grace time the host ends although a thread still runs."""
    host = start_host(
        """
        @app.route(route="stuck")
        def stuck(req: func.HttpRequest) -> func.HttpResponse:
            note("began")
            time.sleep(600)
        """
    ).until_started()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(host.get, "/api/stuck")
        host.until_noted("began")
        assert host.terminate() == 0
        assert answer.result(DEADLINE).status_code == 500
    assert "host_stopped clean=false" in host.lines


@pytest.mark.parametrize("body", ["time.sleep(60)", "await asyncio.sleep(60)"])
def test_a_function_that_runs_out_of_time_ends_the_host(start_host: StartHost, body: str) -> None:
    """In Azure the worker is restarted, and whatever else runs in it ends, too; here the supervisor starts it again."""
    word = "async def" if body.startswith("await") else "def"
    text = f"""
    import asyncio

    @app.route(route="slow")
    {word} slow(req: func.HttpRequest) -> str:
        {body}
    """
    host = start_host(text, host_json={"functionTimeout": "00:00:01"}).until_started()
    assert host.get("/api/slow").status_code == 500
    assert host.process.wait(DEADLINE) == 3
    assert "ran longer than functionTimeout (1 s)" in host.lines


def test_a_turn_that_runs_out_of_time_ends_the_host(start_host: StartHost) -> None:
    """Nothing of it counts, and the next host takes it again."""
    text = """
    def slow_once():
        note("began")
        while not (here / "go").exists():
            time.sleep(0.01)

    @app.route(route="start")
    @app.durable_client_input(client_name="client")
    async def start(req: func.HttpRequest, client) -> func.HttpResponse:
        await client.start_new(req.params["name"], "one")
        return func.HttpResponse("started")

    @app.orchestration_trigger(context_name="context")
    def turns(context):
        slow_once()
        return (yield context.call_activity("echo", 7))

    @app.activity_trigger(input_name="x")
    def echo(x: int) -> int:
        note("activity")
        return x
    """
    # Longer than whatever else runs here takes on a loaded machine.
    host = start_host(text, host_json={"functionTimeout": "00:00:10"}).until_started()
    assert host.get("/api/start?name=turns").status_code == 200
    assert host.process.wait(DEADLINE) == 3
    assert "ran longer than functionTimeout (10 s)" in host.lines
    assert host.notes == ["began"]
    (host.root / "go").touch()
    again = start_host().until_started()
    assert again.finished("one")["output"] == 7
    assert again.terminate() == 0
