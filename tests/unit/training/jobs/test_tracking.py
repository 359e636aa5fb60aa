"""Names and commits that runs are tagged with."""

from pathlib import Path

import pytest

from nightshift.training.jobs import tracking
from nightshift.training.jobs.tracking import git_commit, registered_name


def test_the_prefix_comes_first() -> None:
    """On Unity Catalog a model's name starts with catalog and schema."""
    assert registered_name("sales", {"NIGHTSHIFT_MODEL_PREFIX": "ml.prod."}) == "ml.prod.sales"


def test_without_a_prefix_the_name_is_the_models() -> None:
    """Locally the name is plain."""
    assert registered_name("sales", {}) == "sales"


def test_the_environment_names_the_commit() -> None:
    """A wheel knows no repository; the deployment says the commit."""
    assert git_commit({"NIGHTSHIFT_GIT_COMMIT": "c0ffee"}) == "c0ffee"


def test_outside_a_repository_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No repository and no setting: the tag says so."""
    monkeypatch.setattr(tracking, "__file__", str(tmp_path / "tracking.py"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_commit({}) == "unknown"
