"""Finds a Python of a given version on this machine: the package's bytecode is written by the Python that reads it.

``python -m nightshift.delivery.interpreter`` prints where the Python of the deployed app is, and exits 1 if there is
none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nightshift.delivery.python_version import DEPLOYED_PYTHON
from nightshift.domain.platform.errors import NightshiftError


class NoInterpreterError(NightshiftError):
    """No Python of the version runs here."""

    code = "no_interpreter"


def find_interpreter(version: str) -> Path:
    """The first Python of a version, as ``3.13``, that runs: this process's, one on the PATH, one of pyenv's.

    pyenv puts a command on the PATH for every version, which runs only if the version is selected.

    Raises:
        NoInterpreterError: there is none; the message names what was tried.
    """
    tried = list(dict.fromkeys(_candidates(version)))
    for candidate in tried:
        if _version(candidate) == version:
            return candidate
    names = ", ".join(map(str, tried)) or f"python{version} on the PATH"
    raise NoInterpreterError(f"Python {version} is missing: none of {names} runs as it; install it", version=version)


def _candidates(version: str) -> Iterator[Path]:
    name = f"python{version}"
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        yield Path(sys.executable)
    on_path = shutil.which(name)
    if on_path is not None:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), reverse=True)


def _version(interpreter: Path) -> str:
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([interpreter, "-I", "-c", ask], capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def main() -> None:
    """Print where the deployed app's Python is, or what was tried."""
    try:
        sys.stdout.write(f"{find_interpreter(DEPLOYED_PYTHON)}\n")
    except NoInterpreterError as error:
        sys.stdout.write(f"{error.message}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
