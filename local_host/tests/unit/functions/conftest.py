"""Loads tiny function apps from text, each as a fresh module."""

from __future__ import annotations

import sys
import textwrap
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from azure.functions import Function
from azure.functions.meta import Datum

from local_host.functions.app_loader import load_functions
from local_host.functions.index import IndexedFunction, index_functions
from local_host.functions.invoker import Invoker
from local_host.functions.triggers.catalog import SUPPORTED_TRIGGERS

PREAMBLE = "import azure.functions as func\nimport azure.durable_functions as df\n\napp = df.DFApp()\n\n"

LoadApp = Callable[[str], list[Function]]
IndexApp = Callable[[str], dict[str, IndexedFunction]]


@pytest.fixture
def load_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadApp:
    """Imports the text, after an app's usual preamble, and returns its functions."""

    def load(text: str) -> list[Function]:
        module = f"app_{uuid.uuid4().hex}"
        (tmp_path / f"{module}.py").write_text(PREAMBLE + textwrap.dedent(text), encoding="utf-8")
        monkeypatch.setattr(sys, "path", [*sys.path])
        try:
            return load_functions(tmp_path, module)
        finally:
            # Only importing needs the module's name; annotations resolve through the function's globals.
            sys.modules.pop(module, None)

    return load


@pytest.fixture
def index_app(load_app: LoadApp) -> IndexApp:
    """Indexes the app of the text; its functions by name."""

    def index(text: str) -> dict[str, IndexedFunction]:
        return {function.name: function for function in index_functions(load_app(text), SUPPORTED_TRIGGERS)}

    return index


@pytest.fixture
async def invoker() -> AsyncIterator[Invoker]:
    """An invoker without a time limit whose functions need no input but the trigger's."""

    def no_input(function: IndexedFunction, parameter: str) -> Datum:
        raise AssertionError(f"unexpected input {parameter} of {function.name}")

    made = Invoker(no_input, timeout=None, threads=4)
    yield made
    made.close()
