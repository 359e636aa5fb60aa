"""Runs an unpacked package under Microsoft's worker library: JSON lines in, JSON lines out.

``python worker_main.py FOLDER``, in an environment that holds that library and nothing of the project. The folder and
its ``.python_packages`` come first on the import path, as in Azure, and nothing of the checkout is on it.

``{"load": true}`` answers with the app's functions. ``{"function", "inputs", "metadata"}`` calls one: an input or a
metadata value is ``[kind, value]`` with a kind of typed data (bytes as base64).
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import uuid
from pathlib import Path
from typing import Any

_HERE = str(Path(__file__).resolve().parent)
sys.path.insert(0, _HERE)
# Found beside this file, in whatever environment it runs.
from protos import PROTOS, Message, request  # type: ignore[import-not-found]  # noqa: E402

sys.path[:] = [entry for entry in sys.path if entry != _HERE]

# What the app prints must not stand between the answers.
_ANSWERS = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def _typed(data: list[Any] | None) -> Message | None:
    if data is None:
        return None
    kind, value = data
    if kind == "bytes":
        value = base64.b64decode(value)
    elif kind == "http":
        body = _typed(value["body"]) or PROTOS.TypedData()
        value = PROTOS.RpcHttp(**{**value, "body": body})
    return PROTOS.TypedData(**{kind: value})


def _plain(data: Message | None) -> list[Any] | None:
    kind = None if data is None else data.WhichOneof("data")
    if data is None or kind is None:
        return None
    value = getattr(data, kind)
    if kind == "bytes":
        value = base64.b64encode(value).decode()
    elif kind == "http":
        cookies = [[cookie.name, cookie.value] for cookie in value.cookies or []]
        value = {
            "status": str(value.status_code), "headers": dict(value.headers), "body": _plain(value.body),
            "cookies": cookies,
        }  # fmt: skip
    return [kind, value]


class Worker:
    """The library, with the app's functions by name."""

    def __init__(self, root: Path) -> None:
        import azure_functions_runtime

        self._root = root
        self._library = azure_functions_runtime
        self._ids: dict[str, str] = {}

    async def load(self) -> dict[str, Any]:
        """Index the app, then load each function."""
        init = Message(capabilities={}, function_app_directory=str(self._root))
        answer = await self._library.worker_init_request(request(worker_init_request=init))
        if answer.result.status != PROTOS.StatusResult.Success:
            return {"error": answer.result.exception.message, "trace": answer.result.exception.stack_trace}
        listed = await self._library.functions_metadata_request(request(functions_metadata_request=Message()))
        functions = []
        for found in listed.function_metadata_results or []:
            asked = request(function_load_request=Message(function_id=found.function_id))
            loaded = await self._library.function_load_request(asked)
            self._ids[found.name] = found.function_id
            functions.append(
                {
                    "name": found.name,
                    "loaded": loaded.result.status == PROTOS.StatusResult.Success,
                    "bindings": [json.loads(text) for text in found.raw_bindings],
                }
            )
        self._library.start_threadpool_executor()
        return {"functions": functions, "modules": sorted(_outside(self._root))}

    async def call(self, function: str, inputs: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        """Invoke a function."""
        invocation = Message(
            invocation_id=str(uuid.uuid4()),
            function_id=self._ids[function],
            trigger_metadata={name: _typed(data) for name, data in metadata.items()},
            input_data=[PROTOS.ParameterBinding(name=name, data=_typed(data)) for name, data in inputs.items()],
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(retry_count=0, max_retry_count=0, exception=None),
        )
        answer = await self._library.invocation_request(request(invocation_request=invocation))
        if answer.result.status != PROTOS.StatusResult.Success:
            return {"error": answer.result.exception.message}
        return {"value": _plain(answer.return_value)}


def _outside(root: Path) -> set[str]:
    """Modules that come neither from the package nor from the worker's own environment."""
    allowed = (str(root), sys.prefix, sys.base_prefix)
    files = {name: str(getattr(module, "__file__", None) or "") for name, module in sys.modules.items()}
    own = {"__main__", "protos"}
    return {name for name, file in files.items() if file and not file.startswith(allowed)} - own


async def _serve(root: Path) -> None:
    worker = Worker(root)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if "load" in asked:
            answer = await worker.load()
        else:
            answer = await worker.call(asked["function"], asked["inputs"], asked["metadata"])
        _ANSWERS.write(json.dumps(answer) + "\n")
        _ANSWERS.flush()


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / ".python_packages" / "lib" / "site-packages")]
    asyncio.run(_serve(folder))
