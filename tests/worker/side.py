"""A process that runs the app's functions: Microsoft's worker, or the local host's invoker."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
Binding = Mapping[str, Any]


@dataclass(frozen=True)
class Function:
    """A function as the host sees it: its bindings are the JSON that the extensions read."""

    name: str
    bindings: tuple[Binding, ...]

    @property
    def trigger(self) -> Binding:
        """Its trigger."""
        return next(binding for binding in self.bindings if str(binding["type"]).endswith("Trigger"))


class SideError(Exception):
    """The process has ended, or could not load the app."""


class Side:
    """One of the two sides that are compared; a context manager that starts and ends its process."""

    def __init__(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._command, self._environment = list(map(str, command)), dict(environment)
        self.functions: dict[str, Function] = {}
        self.clients: Mapping[str, Any] = {}
        self.foreign_modules: tuple[str, ...] = ()

    @classmethod
    def worker(cls, python: Path, package: Path, environment: Mapping[str, str], log: Path) -> Self:
        """Microsoft's worker library over an unpacked package."""
        command = (python, "-E", "-s", Path(__file__).with_name("worker_main.py"), package)
        return cls("worker", command, environment, log)

    @classmethod
    def local(cls, environment: Mapping[str, str], log: Path) -> Self:
        """The local host's invoker over the checkout."""
        return cls("local host", (sys.executable, "-m", "tests.worker.local_main", ROOT), environment, log)

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=ROOT,
                env=self._environment, text=True, encoding="utf-8",
            )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def load(self) -> None:
        """Index and load the app.

        Raises:
            SideError: the app is refused; or a function is.
        """
        answer = self._ask({"load": True})
        if "error" in answer:
            raise SideError(f"{self.name} does not index the app: {answer['error']}\n{answer.get('trace', '')}")
        refused = [item["name"] for item in answer["functions"] if not item["loaded"]]
        if refused:
            raise SideError(f"{self.name} does not load {', '.join(refused)}")
        found = [Function(item["name"], tuple(item["bindings"])) for item in answer["functions"]]
        self.functions = {function.name: function for function in found}
        self.foreign_modules = tuple(answer["modules"])

    def call(self, function: str, data: Sequence[Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
        """Call a function with the data of its trigger; a durable client is filled in as the extension does it."""
        known = self.functions[function]
        inputs = {str(known.trigger["name"]): data}
        for binding in known.bindings:
            if binding["type"] == "durableClient":
                inputs[str(binding["name"])] = ["string", json.dumps(self.clients)]
        return self._ask({"function": function, "inputs": inputs, "metadata": metadata})

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            last = self.log.read_text(encoding="utf-8", errors="replace").strip()[-3_000:]
            raise SideError(f"{self.name} has ended with {self._process.wait(20)}: {last}")
        answer: dict[str, Any] = json.loads(line)
        return answer
