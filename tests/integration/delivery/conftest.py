"""A repository of its own, so that tests see what lies in the folder; and a stand-in for the Azure CLI."""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nightshift.delivery.command import run

ROOT = Path(__file__).resolve().parents[3]


def commit_all(root: Path, message: str) -> None:
    """Commit everything in a folder, as nobody in particular, at a fixed time."""
    when = {"GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z"}
    run("git", "add", "--all", "--force", cwd=root)
    nobody = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")
    run("git", *nobody, "commit", "--quiet", "-m", message, cwd=root, extra=when)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as it lies in the folder, committed to a repository of its own."""
    root = tmp_path_factory.mktemp("checkout")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).decode()
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    run("git", "init", "--quiet", cwd=root)
    commit_all(root, "the project")
    return root


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A repository with three commits, one after the other, and one beside the last."""
    root = tmp_path / "history"
    root.mkdir()
    run("git", "init", "--quiet", "--initial-branch", "main", cwd=root)
    for number in range(3):
        (root / "file").write_text(str(number), encoding="utf-8")
        commit_all(root, f"commit {number}")
    run("git", "checkout", "--quiet", "-b", "beside", "HEAD~1", cwd=root)
    (root / "file").write_text("beside", encoding="utf-8")
    commit_all(root, "beside")
    run("git", "checkout", "--quiet", "main", cwd=root)
    return root


def put_on_path(folder: Path, name: str, code: str) -> None:
    """A program of this name in a folder, that Python runs."""
    program = folder / name
    program.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    program.chmod(0o755)


@dataclass(frozen=True)
class AzureCli:
    """The stand-in for ``az`` on the PATH: what it shall answer, and what it was asked."""

    folder: Path

    def answer(self, answers: dict[str, Any]) -> None:
        """Say what is printed for a command that begins so."""
        (self.folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")

    def calls(self) -> list[list[str]]:
        """The arguments of each call."""
        log = self.folder / "calls.jsonl"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


@pytest.fixture
def azure_cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AzureCli:
    """A stand-in for ``az``, first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    code = (Path(__file__).parent / "stand_in_az.py").read_text(encoding="utf-8")
    put_on_path(folder, "az", code)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    cli = AzureCli(folder)
    cli.answer({})
    return cli
