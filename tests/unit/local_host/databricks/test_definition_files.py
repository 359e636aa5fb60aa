"""Reading job definition files, among them those that are deployed."""

from pathlib import Path

import pytest
import yaml
from databricks.sdk.service import jobs

from local_host.databricks.definition_files import JobDefinitionError, load_job_definitions
from nightshift.domain.platform.names import SCORE_TASK, VALIDATION_JOB

SHIPPED = Path(__file__).parents[4] / "training" / "job_definitions"
GOOD = """
name: {name}
tasks:
  - task_key: train
    python_wheel_task: {{package_name: p, entry_point: e}}
"""


def test_shipped_jobs() -> None:
    """The two jobs that the lifecycle knows by name, with the parameters that it gives."""
    found = {job.name: job for job in load_job_definitions(SHIPPED).values()}
    training, validation = found["nightshift-training"], found[VALIDATION_JOB]
    assert [task.task_key for task in training.tasks] == ["train", SCORE_TASK]
    assert list(training.defaults) == [
        *("model", "dataset", "train_token", "score_token", "champion_version", "lifecycle_run", "plan")
    ]
    assert [task.task_key for task in validation.tasks] == ["validate"]
    assert list(validation.defaults) == ["order", "report", "lifecycle_run"]


@pytest.mark.parametrize("file", sorted(SHIPPED.glob("*.yml")), ids=lambda file: file.stem)
def test_shipped_files_have_the_shape_of_the_jobs_api(file: Path) -> None:
    """databricks-sdk reads every field of the file: none is lost on the way through its own type."""
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert jobs.JobSettings.from_dict(settings).as_dict() == settings


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
    assert same == "b.yml: name: 'same' is already the job of a.yml"
    assert limit == "c.yml: max_concurrent_runs: Input should be greater than or equal to 0 (value: -1)"
    assert timeout == "c.yml: timeout: Extra inputs are not permitted (value: 5)"
    assert broken.startswith("d.yml: not a YAML file: while parsing")
    assert words.startswith("e.yml: Input should be a valid dictionary")


def test_a_folder_without_definitions(tmp_path: Path) -> None:
    """An empty folder is a mistake in the command line."""
    with pytest.raises(JobDefinitionError, match=r"no \*\.yml job definition in this folder"):
        load_job_definitions(tmp_path)
