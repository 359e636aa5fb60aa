"""The project that the tests' host runs: entry points and job definitions."""

from typing import Any

ENTRY_POINTS = """
[project]
name = "steps"
version = "1"

[project.entry-points."steps"]
echo = "steps:echo"
fail = "steps:fail"
flaky = "steps:flaky"
wait = "steps:wait"
vanish = "steps:vanish"
refuse = "steps:refuse"
parent = "steps:parent"
"""

STEPS = '''
"""Entry points for tests."""
import os, subprocess, sys, time
from pathlib import Path


def echo():
    print("arguments", *sys.argv[1:])
    print("folder", os.getcwd(), file=sys.stderr)


def fail():
    print("before the fault")
    raise ValueError("no such column: price")


def flaky():
    """Fails until it has been called as often as its second argument says; counts in the file of its first."""
    counter = Path(sys.argv[1])
    calls = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(calls))
    if calls < int(sys.argv[2]):
        raise RuntimeError(f"call {calls}")


def wait():
    """Notes its process id in FOLDER/started and waits for FOLDER/go."""
    folder = Path(sys.argv[1])
    with (folder / "started").open("a") as started:
        started.write(f"{os.getpid()}\\n")
    while not (folder / "go").exists():
        time.sleep(0.02)
    print("went on")


def vanish():
    os._exit(7)


def refuse():
    sys.exit("wrong arguments")


def parent():
    """Starts a process that outlives it, and notes its id in FOLDER/child."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (Path(sys.argv[1]) / "child").write_text(str(child.pid))
'''


def _task(key: str, entry_point: str, *parameters: str, **more: object) -> dict[str, Any]:
    wheel = {"package_name": "steps", "entry_point": entry_point, "parameters": list(parameters)}
    return {"task_key": key, "python_wheel_task": wheel, **more}


_FOLDER = [{"name": "folder", "default": ""}]
_IN_FOLDER = "{{job.parameters.folder}}"
_CLUSTER = {"spark_version": "15.4.x-scala2.12", "node_type_id": "Standard_D4ds_v5", "num_workers": 0}
JOBS: list[dict[str, Any]] = [
    {
        "name": "echoing",
        "tags": {"application": "tests"},
        "max_concurrent_runs": 50,
        "parameters": [{"name": "word", "default": "hello"}, {"name": "other", "default": ""}],
        "tasks": [
            _task(
                "say",
                "echo",
                "--word={{job.parameters.word}}",
                "{{job.run_id}}",
                "{{task.name}}",
                "{{ job.id }}",
                "{{foreign.thing}}",
            ),
            _task("repeat", "echo", "{{job.parameters.other}}", depends_on=[{"task_key": "say"}]),
        ],
    },
    {
        "name": "failing",
        "max_concurrent_runs": 50,
        "tasks": [_task("train", "fail"), _task("score", "echo", depends_on=[{"task_key": "train"}])],
    },
    {
        "name": "flaky",
        "max_concurrent_runs": 50,
        "parameters": [*_FOLDER, {"name": "calls", "default": "2"}],
        "tasks": [_task("try", "flaky", _IN_FOLDER + "/calls", "{{job.parameters.calls}}", max_retries=1)],
    },
    {
        "name": "waiting",
        "max_concurrent_runs": 50,
        "parameters": _FOLDER,
        "tasks": [
            _task("wait", "wait", _IN_FOLDER, job_cluster_key="shared"),
            _task("after", "echo", depends_on=[{"task_key": "wait"}], job_cluster_key="shared"),
        ],
        "job_clusters": [{"job_cluster_key": "shared", "new_cluster": _CLUSTER}],
    },
    {
        "name": "waiting with a retry",
        "max_concurrent_runs": 50,
        "parameters": _FOLDER,
        "tasks": [_task("wait", "wait", _IN_FOLDER, max_retries=1)],
    },
    {
        "name": "one at a time",
        "parameters": _FOLDER,
        "tasks": [_task("wait", "wait", _IN_FOLDER)],
    },
    {
        "name": "one at a time, queued",
        "parameters": _FOLDER,
        "tasks": [_task("wait", "wait", _IN_FOLDER)],
        "queue": {"enabled": True},
    },
    {
        "name": "task timeout",
        "max_concurrent_runs": 50,
        "parameters": _FOLDER,
        "tasks": [_task("wait", "wait", _IN_FOLDER, timeout_seconds=5)],
    },
    {
        "name": "job timeout",
        "max_concurrent_runs": 50,
        "timeout_seconds": 5,
        "parameters": _FOLDER,
        "tasks": [_task("wait", "wait", _IN_FOLDER), _task("after", "echo", depends_on=[{"task_key": "wait"}])],
    },
    {"name": "vanishing", "max_concurrent_runs": 50, "tasks": [_task("vanish", "vanish")]},
    {"name": "refusing", "max_concurrent_runs": 50, "tasks": [_task("refuse", "refuse")]},
    {"name": "misnamed", "max_concurrent_runs": 50, "tasks": [_task("misnamed", "no_such_entry")]},
    {
        "name": "parent",
        "max_concurrent_runs": 50,
        "parameters": _FOLDER,
        "tasks": [_task("parent", "parent", _IN_FOLDER)],
    },
]
