"""Reading job definition files."""

from pathlib import Path

import pytest

from local_host.databricks.definition_files import JobDefinitionError, load_job_definitions

GOOD = """
name: {name}
tasks:
  - task_key: train
    python_wheel_task: {{package_name: p, entry_point: e}}
"""


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Each fault names its file, field and value."""
    (tmp_path / "a.yml").write_text(GOOD.format(name="same"))
    (tmp_path / "b.yml").write_text(GOOD.format(name="same"))
    (tmp_path / "c.yml").write_text(GOOD.format(name="c") + "max_concurrent_runs: -1\ntimeout: 5\n")
    (tmp_path / "d.yml").write_text("name: [")
    (tmp_path / "e.yml").write_text("just words")
    with pytest.raises(JobDefinitionError) as caught:
        load_job_definitions(tmp_path)
    same, limit, timeout, broken, words = caught.value.faults
    assert (same.startswith("b.yml: name: 'same' "), same.endswith(" a.yml")) == (True, True)
    assert limit.startswith("c.yml: max_concurrent_runs: Input ")
    assert limit.endswith(" 0 (value: -1)")
    assert timeout.startswith("c.yml: timeout: Extra inputs ")
    assert timeout.endswith(" (value: 5)")
    assert broken.startswith("d.yml: not a YAML file: ")
    assert words.startswith("e.yml: Input should be a valid dictionary")


def test_a_folder_without_definitions(tmp_path: Path) -> None:
    """An empty folder is a mistake in the command line."""
    with pytest.raises(JobDefinitionError, match=r"no \*\.yml job definition in this folder"):
        load_job_definitions(tmp_path)
