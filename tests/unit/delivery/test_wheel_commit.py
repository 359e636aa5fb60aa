"""The commit that a wheel names is the one that it was built from, or none."""

from pathlib import Path

import pytest

from nightshift.delivery.command import run
from nightshift.delivery.wheel_commit import CommitHook, commit_of


class _Hook(CommitHook):
    """The hook, given its folders as hatch gives them."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.directory = str(root / "dist")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with one commit."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "file").write_text("kept", encoding="utf-8")
    run("git", "init", "--quiet", cwd=root)
    run("git", "add", "file", cwd=root)
    nobody = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")
    run("git", *nobody, "commit", "--quiet", "-m", "a file is kept", cwd=root)
    return root


def _forced(root: Path, version: str) -> dict[str, str]:
    """What the hook adds to a build: the name in the wheel of each file, with its text."""
    hook, build = _Hook(root), {"force_include": dict[str, str]()}
    hook.initialize(version, build)
    added = {name: Path(path).read_text(encoding="utf-8") for path, name in build["force_include"].items()}
    hook.finalize(version, build, "")
    assert not (root / "dist" / "COMMIT").exists()
    return added


def test_a_wheel_keeps_its_commit(project: Path) -> None:
    """A file that git does not know changes nothing."""
    (project / "stray").touch()
    commit = run("git", "rev-parse", "HEAD", cwd=project).decode()[:12]
    assert _forced(project, "standard") == {"nightshift/COMMIT": f"{commit}\n"}
    assert _forced(project, "editable") == {}


def test_what_was_changed_since_is_of_no_commit(project: Path) -> None:
    """A wheel that named one would name something else than it holds."""
    (project / "file").write_text("changed", encoding="utf-8")
    assert (commit_of(project), _forced(project, "standard")) == ("", {})


def test_without_a_repository_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor without git."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == ""
    monkeypatch.setenv("PATH", "")
    assert commit_of(tmp_path) == ""
