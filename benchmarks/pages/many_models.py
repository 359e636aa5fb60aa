"""Pages and lists with 58 models: how long they take, and how many models they could not read."""

import argparse
import json
import logging
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx

from benchmarks.responder.stack import ROOT, Running, running
from tests.support.model_versions import make_champions, make_versions

# With the three that are shipped: 58.
_MODELS = tuple(f"model_{number:02d}" for number in range(55))
_COUNT = len(_MODELS) + 3
_REQUESTS, _TOGETHER, _PAUSE = 10, 4, 6


def main() -> None:
    """Fill a stack, look at its models again and again; print times and troubles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines for people")
    options = parser.parse_args()
    logging.disable(logging.INFO)
    with running(_MODELS) as stack:
        found = _measure(stack)
    if options.json:
        print(json.dumps(found))
        return
    for item in found:
        print(f"{item['name']}: {item['value']} {item['unit']} ({item['note']})")


def _measure(stack: Running) -> list[dict[str, Any]]:
    from mlflow import MlflowClient

    mlflow = MlflowClient(stack.endpoints.mlflow_url)
    for model in _MODELS:
        make_versions(mlflow, model, 2, stack.folder)
        make_champions(stack.services, model, ("1", "2"))
    headers = {"Authorization": "Bearer local:bench:Reader,Reviewer,Operator"}
    with httpx.Client(base_url=stack.endpoints.app_url, headers=headers, timeout=120) as client:
        _get(client, "/live")
        pages = [_get(client, "/") for _ in range(_REQUESTS)]
        polls: list[tuple[float, int]] = []
        with ThreadPoolExecutor(_TOGETHER) as people:
            for _ in range(_REQUESTS):
                # As long as the answer to one page may be given to another: each round is read afresh.
                time.sleep(_PAUSE)
                polls += people.map(lambda _: _get(client, "/live"), range(_TOGETHER))
        listed = [_get(client, "/api/models") for _ in range(_REQUESTS)]
    command = [_command(stack) for _ in range(3)]
    note = f"{_COUNT} models, {len(_MODELS)} of them with two versions"
    looks, together = f"{note}, {_REQUESTS} looks", f"{note}, {_TOGETHER} open pages poll at once, every {_PAUSE} s"
    return [
        _row("many_models_front_page_median", statistics.median(took for took, _ in pages), "s", _REQUESTS, looks),
        _row("many_models_front_page_slowest", max(took for took, _ in pages), "s", _REQUESTS, looks),
        _row("many_models_not_read", max(count for _, count in pages), "models", _REQUESTS, "most on one front page"),
        _row("many_models_list_failed", sum(count > 0 for _, count in listed), "lists", _REQUESTS, "GET /api/models"),
        _row("many_models_live_median", statistics.median(took for took, _ in polls), "s", len(polls), together),
        _row("many_models_live_slowest", max(took for took, _ in polls), "s", len(polls), together),
        _row(
            "many_models_list_median", statistics.median(took for took, _ in listed), "s", _REQUESTS, "GET /api/models"
        ),
        _row("many_models_command_median", statistics.median(command), "s", 3, "`nightshift models`, a whole process"),
    ]


def _row(name: str, value: float, unit: str, runs: int, note: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 4), "unit": unit, "runs": runs, "note": note}


def _get(client: httpx.Client, path: str) -> tuple[float, int]:
    started = time.perf_counter()
    answer = client.get(path)
    unread = answer.text.count('<p class="trouble">') if answer.is_success else _COUNT
    return time.perf_counter() - started, unread


def _command(stack: Running) -> float:
    started = time.perf_counter()
    given = os.environ | {"NIGHTSHIFT_URL": stack.endpoints.app_url}
    subprocess.run(
        [sys.executable, "-m", "nightshift.cli", "models"], cwd=ROOT, env=given, check=False, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
