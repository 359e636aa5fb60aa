"""A repository of its own, so that tests see what lies in the folder and not what was committed last."""

import shutil
from pathlib import Path

import pytest

from delivery.command import run

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
