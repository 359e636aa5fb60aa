"""The Python of a version that really runs is found, or it is said what was tried."""

import re
import sys
from pathlib import Path

import pytest

from nightshift.delivery.interpreter import NoInterpreterError, find_interpreter, main

OTHER = "3.99"


def _python(path: Path, answer: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def _nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH and a pyenv of the test's own."""
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))


def test_the_running_python_is_taken_if_it_is_the_one() -> None:
    """No other is looked for."""
    assert find_interpreter("{}.{}".format(*sys.version_info[:2])) == Path(sys.executable)


def test_one_on_the_path_is_found(tmp_path: Path) -> None:
    """By the name of its version."""
    expected = _python(tmp_path / "path" / f"python{OTHER}", f"echo {OTHER}")
    assert find_interpreter(OTHER) == expected


def test_a_command_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    """pyenv's command for a version that is not selected; the version itself lies in pyenv's folder."""
    _python(tmp_path / "path" / f"python{OTHER}", "exit 127")
    expected = _python(tmp_path / "pyenv" / "versions" / f"{OTHER}.1" / "bin" / f"python{OTHER}", f"echo {OTHER}")
    assert find_interpreter(OTHER) == expected


def test_without_one_it_is_said_what_was_tried(tmp_path: Path) -> None:
    """The version, and each candidate."""
    shim = _python(tmp_path / "path" / f"python{OTHER}", "exit 127")
    with pytest.raises(NoInterpreterError, match=f"Python {OTHER} is missing: .*{shim}"):
        find_interpreter(OTHER)


def test_the_command_says_so_and_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By its exit code the checks know whether the worker can be run here."""
    monkeypatch.setattr("nightshift.delivery.interpreter.DEPLOYED_PYTHON", OTHER)
    with pytest.raises(SystemExit, match="1"):
        main()
    assert f"Python {OTHER} is missing" in capsys.readouterr().out


def test_the_checks_run_the_worker_where_its_python_is() -> None:
    """And say that it was left out where not."""
    script = (Path(__file__).resolve().parents[3] / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"if .*delivery\.interpreter.*then\n  make worker-check\nelse\n  echo \"LEFT OUT", script)
