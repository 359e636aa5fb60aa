"""`nightshift --version` says which release runs, and of which commit."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from nightshift.cli import version as said
from nightshift.delivery.command import CommandError
from nightshift.delivery.commit import Commit

ROOT = Path(__file__).resolve().parents[3]
RELEASE = f"nightshift {version('nightshift')}"


def test_in_a_checkout_it_names_the_commit_that_is_checked_out() -> None:
    """In one line."""
    try:
        expected = f"{RELEASE} (commit {Commit.find(ROOT).version})\n"
    except CommandError:  # a folder without its history
        expected = f"{RELEASE}\n"
    command = [sys.executable, "-m", "nightshift.cli", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")


@pytest.mark.parametrize(
    ("kept", "expected"), [("0123456789ab\n", f"{RELEASE} (commit 0123456789ab)"), (None, RELEASE)]
)
def test_an_installed_command_names_the_commit_of_its_wheel(
    kept: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the wheel keeps none, the release alone."""
    if kept is not None:
        (tmp_path / "COMMIT").write_text(kept, encoding="utf-8")
    monkeypatch.setattr(said, "in_checkout", lambda: False)
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    assert said.version_line() == expected


def test_a_checkout_without_git_has_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as an unpacked archive of the sources."""
    monkeypatch.setenv("PATH", "")
    assert said.version_line() == RELEASE
