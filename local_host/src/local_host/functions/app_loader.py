"""Imports the app's module and takes its functions, once."""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path
from types import ModuleType

from azure.functions import Function, FunctionRegister

from local_host.functions.errors import AppLoadError


def load_functions(root: Path, module: str) -> list[Function]:
    """The functions that `app` of `root/<module>.py` registers; AppLoadError says what is wrong with it.

    Puts `root` first on the import path. `get_functions()` is called once: a second call on the same app raises.
    """
    if not (root / f"{module}.py").is_file():
        raise AppLoadError(f"there is no {module}.py in {root}")
    sys.path.insert(0, str(root))
    imported = _import(root, module)
    names = [name for name, value in vars(imported).items() if isinstance(value, FunctionRegister)]
    if len(names) != 1:
        found = f"found {', '.join(names)}" if names else "found none"
        raise AppLoadError(f"{module}.py must hold exactly one function app at top level ({found})")
    app: FunctionRegister = getattr(imported, names[0])
    try:
        return app.get_functions()
    except ValueError as error:
        raise AppLoadError(f"{module}.{names[0]} was refused: {error}") from error


def _import(root: Path, module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except Exception as error:  # the app's own code runs here and may raise anything
        raise AppLoadError(
            f"importing {module} failed{_place(root, error)}: {type(error).__name__}: {error}"
        ) from error


def _place(root: Path, error: Exception) -> str:
    """Where in the app the import failed: the last frame that lies in its folder."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {error.filename}:{error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(root))]
    return f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
