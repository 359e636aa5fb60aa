"""Runs the checkout's functions by the local host's own invoker; speaks as worker_main.py does.

``python -m tests.worker.local_main ROOT``. An orchestrator gets the events of the extension's document, and beside them
the fields that the local engine writes, which is what a difference would come from.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from azure.durable_functions.models.history import HistoryEventType
from azure.functions.meta import Datum

from local_host.durable.clock import parse_time
from local_host.durable.instance import Instance, ParentTask
from local_host.durable.replay import Outcome, failed_outcome, invocation_fields, read_outcome
from local_host.functions.app_loader import load_functions
from local_host.functions.errors import InvocationFailedError
from local_host.functions.index import IndexedFunction, index_functions
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.catalog import SUPPORTED_TRIGGERS

# What the app prints must not stand between the answers.
_ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def _datum(data: list[Any]) -> Datum:
    kind, value = data
    if kind == "bytes":
        return Datum(base64.b64decode(value), "bytes")
    if kind != "http":
        return Datum(value, kind)
    texts = {name: {key: Datum(text, "string") for key, text in value[name].items()} for name in _MAPPINGS}
    body = Datum(b"", "bytes") if value["body"] is None else _datum(value["body"])
    plain = {name: Datum(value[name], "string") for name in ("method", "url")}
    return Datum({**plain, **texts, "body": body}, "http")


_MAPPINGS = ("headers", "query", "params")


def _plain(datum: Datum | None) -> list[Any] | None:
    if datum is None or datum.type is None:
        return None
    value = datum.value
    if datum.type == "bytes":
        value = base64.b64encode(value).decode()
    elif datum.type == "http":
        cookies = [
            [name, morsel.value] for cookie in value.get("cookies") or [] for name, morsel in cookie.items()
        ]  # fmt: skip
        value = {
            "status": str(value["status_code"].value),
            "headers": {name: text.value for name, text in value["headers"].items()},
            "body": _plain(value["body"]),
            "cookies": cookies,
        }
    return [datum.type, value]


class LocalHost:
    """The functions of the checkout."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._functions: dict[str, IndexedFunction] = {}
        self._others: dict[str, Datum] = {}
        self._invoker = Invoker(lambda _, parameter: self._others[parameter], timeout=None, threads=4)

    async def load(self) -> dict[str, Any]:
        """Index the app."""
        indexed = index_functions(load_functions(self._root, "function_app"), SUPPORTED_TRIGGERS)
        self._functions = {function.name: function for function in indexed}
        functions = [{"name": item.name, "loaded": True, "bindings": list(item.bindings)} for item in indexed]
        return {"functions": functions, "modules": []}

    async def call(self, name: str, inputs: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function."""
        function = self._functions[name]
        if function.trigger.type == "orchestrationTrigger":
            document = json.loads(inputs[function.trigger.name][1])
            return {"value": ["string", json.dumps(_answer(self._replay(function, document)))]}
        self._others = {key: _datum(data) for key, data in inputs.items() if key != function.trigger.name}
        told = {key: _datum(data) for key, data in metadata.items()}
        try:
            result = await self._invoker.invoke(function, _datum(inputs[function.trigger.name]), metadata=told)
        except InvocationFailedError as failure:
            return {"error": f"{type(failure.error).__name__}: {failure.error}"}
        return {"value": _plain(result.returned)}

    def _replay(self, function: IndexedFunction, document: dict[str, Any]) -> Outcome:
        started = next(
            record for record in document["history"] if record["EventType"] == HistoryEventType.EXECUTION_STARTED
        )
        instance = Instance(
            instance_id=document["instanceId"],
            execution_id="1",
            name=function.name,
            version=started["Version"] or None,
            input=started["Input"],
            created=parse_time(started["Timestamp"]),
            parent=_parent(document),
            episode=int(document["isReplaying"]),
        )
        try:
            answer = function.call(json.dumps({"history": document["history"], **invocation_fields(instance)}))
        except Exception as error:  # noqa: BLE001 - whatever an orchestrator raises is its failure
            return failed_outcome(error)
        return read_outcome(str(answer))


def _parent(document: dict[str, Any]) -> ParentTask | None:
    found = document["parentInstanceId"]
    return None if found is None else ParentTask(str(found), "2", 0)


def _answer(outcome: Outcome) -> dict[str, Any]:
    """The fields of the executor's answer that decide what happens."""
    return {
        "isDone": outcome.is_done,
        "actions": [list(outcome.actions)],
        "output": None if outcome.output is None else json.loads(outcome.output),
        "customStatus": None if outcome.custom_status is None else json.loads(outcome.custom_status),
        "error": outcome.error,
    }


async def _serve(root: Path) -> None:
    host = LocalHost(root)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if "load" in asked:
            answer = await host.load()
        else:
            answer = await host.call(asked["function"], asked["inputs"], asked["metadata"])
        _ANSWERS.write(json.dumps(answer) + "\n")
        _ANSWERS.flush()


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    os.chdir(folder)
    asyncio.run(_serve(folder))
