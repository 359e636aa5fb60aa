"""The worker's threads are enough for all that may run in them at once."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from typing import Any

from tests.unit.terraform.hcl import ROOT, TERRAFORM, block, sources

_SETTING = "PYTHON_THREADPOOL_THREAD_COUNT"
_PROBE = """
import inspect, json, function_app
print(json.dumps([
    [function.get_trigger().type, function.get_function_name()]
    for function in function_app.app.get_functions()
    if not inspect.iscoroutinefunction(function.get_user_function())
]))
"""
# How many calls of one function each trigger brings at once, by host.json; what is not here brings one.
_AT_ONCE = {
    "serviceBusTrigger": ("serviceBus", "maxConcurrentCalls", 16),
    "httpTrigger": ("http", "maxConcurrentRequests", 100),
}


def _extensions() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]
    return found


def _pool() -> int:
    settings = block(sources(TERRAFORM / "modules" / "function_app"), "host_settings = {")
    found = re.search(rf'{_SETTING}\s*=\s*"(\d+)"', settings)
    assert found is not None, f"Terraform does not set {_SETTING}: the worker would take CPUs + 4 threads"
    return int(found[1])


def test_hanging_activities_leave_threads_for_orchestrators() -> None:
    """Activities, orchestrators and every function that is not async share one pool, and each finds a thread in it."""
    done = subprocess.run([sys.executable, "-c", _PROBE], cwd=ROOT, check=True, capture_output=True, text=True)
    kinds = [kind for kind, _ in json.loads(done.stdout)]
    durable, needed = _extensions()["durableTask"], 0
    needed += durable["maxConcurrentActivityFunctions"]
    needed += durable["maxConcurrentOrchestratorFunctions"]
    needed += durable.get("maxConcurrentEntityFunctions", 10) if "entityTrigger" in kinds else 0
    for kind in kinds:
        if kind in ("activityTrigger", "orchestrationTrigger", "entityTrigger"):
            continue
        section, key, default = _AT_ONCE.get(kind, ("", "", 1))
        needed += _extensions().get(section, {}).get(key, default)
    assert {"activityTrigger", "orchestrationTrigger"} <= set(kinds)
    assert needed <= _pool()


def test_every_place_that_runs_the_app_has_the_same_threads() -> None:
    """What is tried on the local stack, or with Core Tools, is what runs in Azure."""
    example = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"][_SETTING]
    stack = tomllib.loads((ROOT / "local_host.toml").read_text(encoding="utf-8"))
    editor = json.loads((ROOT / ".vscode" / "launch.json").read_text(encoding="utf-8"))["configurations"]
    debugged = [int(each["env"][_SETTING]) for each in editor if _SETTING in each.get("env", {})]
    assert {int(example), int(stack["functions"]["defaults"][_SETTING]), *debugged} == {_pool()}
