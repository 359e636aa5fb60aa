"""`make setup` keeps the Python that it is given, and makes an environment of another Python again."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

# Says its version; makes an environment whose Python says the same, with an uv and an npm that do nothing.
_PYTHON = """#!/bin/sh
case "$1" in
  -c) echo {version} ;;
  -m) if [ "$2" = venv ]; then
        for folder in "$@"; do :; done
        rm -rf "$folder"
        mkdir -p "$folder/bin"
        cp "$0" "$folder/bin/python"
        printf '#!/bin/sh\\n' >"$folder/bin/uv"
        cp "$folder/bin/uv" "$folder/bin/npm"
        chmod +x "$folder/bin/uv" "$folder/bin/npm"
      fi ;;
esac
"""
# What pyenv has on the PATH for a version that is not selected.
_SHIM = """#!/bin/sh
echo "pyenv: command not found" >&2
exit 127
"""


class Project:
    """A folder with the Makefile and what its stamp depends on, and a PATH with some Pythons."""

    def __init__(self, root: Path) -> None:
        self.root = root / "project"
        self.path = root / "path"
        self.pyenv = root / "pyenv"
        self.path.mkdir()
        azurite = "local_host/src/local_host/azurite/package-lock.json"
        for name in ("Makefile", "pyproject.toml", "uv.lock", "local_host/pyproject.toml", azurite):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)

    def add(self, name: str, version: str | None, folder: Path | None = None) -> None:
        """Put a Python on the PATH, or elsewhere; without a version it is there and does not run."""
        target = (folder or self.path) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_SHIM if version is None else _PYTHON.format(version=version), encoding="utf-8")
        target.chmod(0o755)

    def setup(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run ``make setup``."""
        for tool in ("make", "sh", "rm", "mkdir", "cp", "chmod", "touch"):
            if not (self.path / tool).exists():
                (self.path / tool).symlink_to(shutil.which(tool) or tool)
        environment = {"PATH": str(self.path), "PYENV_ROOT": str(self.pyenv), "HOME": str(self.root)}
        return subprocess.run(
            ["make", "setup", *arguments],  # noqa: S607  # the one on the PATH above
            cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    @property
    def version(self) -> str:
        """Of the environment's Python."""
        done = subprocess.run([self.root / ".venv/bin/python", "-c", ""], capture_output=True, text=True, check=True)
        return done.stdout.strip()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project without an environment."""
    return Project(tmp_path)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_python_that_is_named_is_used(project: Project, version: str) -> None:
    """Whatever else is there."""
    for other in ("3.11", "3.12", "3.13"):
        project.add(f"python{other}", other)
    done = project.setup(f"PYTHON=python{version}")
    assert (done.returncode, project.version) == (0, version), done.stderr


def test_an_environment_of_another_python_is_made_again(project: Project) -> None:
    """With a line that says so; named again it is left alone."""
    project.add("python3.11", "3.11")
    project.add("python3.13", "3.13")
    project.setup()
    assert project.version == "3.11"
    done = project.setup("PYTHON=python3.13")
    assert ".venv is of Python 3.11: it is made again with Python 3.13" in done.stdout
    assert project.version == "3.13"
    assert "made again" not in project.setup("PYTHON=python3.13").stdout


def test_without_a_name_the_environment_keeps_its_python(project: Project) -> None:
    """A command after `make demo PYTHON=python3.13` does not take it back."""
    project.add("python3.11", "3.11")
    project.add("python3.13", "3.13")
    project.setup("PYTHON=python3.13")
    os.utime(project.root / "uv.lock", (2**32, 2**32))
    assert project.setup().returncode == 0
    assert project.version == "3.13"


def test_a_command_that_does_not_run_is_no_python(project: Project) -> None:
    """What pyenv has on the PATH for a version that is not selected; the next one is taken."""
    project.add("python3.11", None)
    project.add("python3.12", "3.12")
    assert project.setup().returncode == 0
    assert project.version == "3.12"


def test_a_version_that_pyenv_has_is_found(project: Project) -> None:
    """Selected or not."""
    project.add("python3.13", None)
    project.add("python3.13", "3.13", project.pyenv / "versions" / "3.13.0" / "bin")
    assert project.setup("PYTHON=python3.13").returncode == 0
    assert project.version == "3.13"


def test_an_environment_whose_python_is_gone_is_made_again(project: Project) -> None:
    """Its stamp says nothing then."""
    project.add("python3.12", "3.12")
    project.setup()
    project.add("python", None, project.root / ".venv" / "bin")
    done = project.setup()
    assert ".venv is of a Python that does not run: it is made again with Python 3.12" in done.stdout
    assert project.version == "3.12"


def test_no_python_is_an_error_that_names_what_was_tried(project: Project) -> None:
    """And the versions that would do."""
    project.add("python3.11", None)
    done = project.setup()
    assert done.returncode != 0
    assert "tried python3.11 python3.12 python3.13: no Python 3.11, 3.12 or 3.13 that runs" in done.stdout
    assert "tried python3.10: no Python" in project.setup("PYTHON=python3.10").stdout
