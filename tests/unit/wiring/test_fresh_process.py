"""Fresh processes in which everything is opened at once, and what keeps them well."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Before imports were taken one at a time, about two of three such processes stayed broken.
SEEDS = range(4)
# Of functions that run once, before any thread does.
_ALONE = {"nightshift/wiring/telemetry.py"}
# Already there when these run: the module that asks is imported by the property of wiring.services that opens it.
_LOADED_BEFORE = {"nightshift/clients/improvement/language_model.py": {"openai"}}
_HEAVY = re.compile(
    r"(mlflow|databricks|openai|apprise|duckdb|numpy|pandas|azure|nightshift\.validation|nightshift\.clients)\b"
)
_ROOMS = (
    "activities",
    *(f"nightshift/{room}" for room in ("clients", "services", "sweeps", "triggers", "pages", "wiring")),
)


@pytest.mark.parametrize("seed", SEEDS)
def test_many_threads_that_open_everything_at_once_break_nothing(seed: int) -> None:
    """No import breaks off, no package stays half imported, and no client is opened twice."""
    environment = os.environ | {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    command = [sys.executable, "-m", "tests.unit.wiring.fresh_process", str(seed)]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"broken": [], "twice": [], "unfinished": []}


def _lazy_imports(tree: ast.AST, *, inside: bool = False, guarded: bool = False) -> Iterator[str]:
    """The modules that functions import outside of a ``with importing(...)``."""
    for node in ast.iter_child_nodes(tree):
        if inside and not guarded:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
        function = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        taken = guarded or (isinstance(node, ast.With) and "importing(" in ast.unparse(node.items[0]))
        yield from _lazy_imports(node, inside=function, guarded=taken)


def test_every_import_inside_a_function_is_taken_alone() -> None:
    """A new lazy import of a heavy package without the lock would bring the deadlock back."""
    wrong = []
    for folder in _ROOMS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            name = file.relative_to(ROOT).as_posix()
            if name in _ALONE:
                continue
            for module in _lazy_imports(ast.parse(file.read_text(encoding="utf-8"))):
                found = _HEAVY.match(module)
                if found and found[1] not in _LOADED_BEFORE.get(name, ()):
                    wrong.append(f"{name}: {module}")
    assert wrong == []
