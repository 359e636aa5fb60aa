"""The local host reads the files that are deployed: job definitions, queues and roles; and its own workspace."""

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
import yaml
from databricks.sdk.service import jobs

from agents.response.compute import ESSENTIAL_TAG
from local_host.app_config import AppConfig
from local_host.databricks.definition_files import load_job_definitions
from local_host.databricks.workspace_file import load_workspace_file
from local_host.servicebus.definitions import QueueDefinition, read_definitions
from local_host.servicebus.rights import read_grants
from local_host.stack.app_settings import app_settings, host_settings
from local_host.stack.catalogue import COMPONENT_NAMES, needed_components
from local_host.stack.endpoints import Endpoints
from nightshift.domain.platform.names import BRONZE, EVIDENCE, SCORE_TASK, SILVER, TRAINING_JOB, VALIDATION_JOB
from nightshift.domain.platform.principal import Role
from nightshift.domain.response.alert import QUEUES

ROOT = Path(__file__).resolve().parents[3]
JOBS = ROOT / "training" / "job_definitions"


def test_shipped_jobs() -> None:
    """The two jobs that the lifecycle knows by name, with the parameters that it gives."""
    found = {job.name: job for job in load_job_definitions(JOBS).values()}
    training, validation = found[TRAINING_JOB], found[VALIDATION_JOB]
    assert [task.task_key for task in training.tasks] == ["train", SCORE_TASK]
    assert list(training.defaults) == [
        *("model", "dataset", "train_token", "score_token", "champion_version", "lifecycle_run", "plan")
    ]
    assert [task.task_key for task in validation.tasks] == ["validate"]
    assert list(validation.defaults) == ["order", "report", "lifecycle_run"]


@pytest.mark.parametrize("file", sorted(JOBS.glob("*.yml")), ids=lambda file: file.stem)
def test_shipped_files_have_the_shape_of_the_jobs_api(file: Path) -> None:
    """databricks-sdk reads every field of the file: none is lost on the way through its own type."""
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert jobs.JobSettings.from_dict(settings).as_dict() == settings


def test_the_shipped_workspace() -> None:
    """The local stack has compute that may be paused and compute that may not."""
    databricks = AppConfig.load(ROOT).databricks
    assert databricks is not None
    assert databricks.workspace is not None
    listed = load_workspace_file(ROOT / databricks.workspace)
    tags = [cluster.custom_tags.get(ESSENTIAL_TAG) for cluster in listed.clusters]
    for warehouse in listed.sql_warehouses:
        tags += [tag.value for tag in warehouse.tags.custom_tags if tag.key == ESSENTIAL_TAG]
    assert {"false", "true"} <= set(tags)


def test_the_platforms_queues() -> None:
    """The queues of alerts are there and alike, and no queue loses a message that expires."""
    definitions = {item.name: item for item in read_definitions(ROOT / "terraform" / "service_bus_queues.yml")}
    assert set(QUEUES.values()) <= set(definitions)
    for name in QUEUES.values():
        assert definitions[name] == QueueDefinition(
            name=name,
            lock_duration=timedelta(minutes=1),
            max_delivery_count=5,
            default_message_ttl=timedelta(days=1),
            duplicate_detection_window=timedelta(minutes=10),
            dead_lettering_on_expiration=True,
        )
    assert [item.name for item in definitions.values() if not item.dead_lettering_on_expiration] == []


def test_the_shipped_table_lets_the_app_do_its_work() -> None:
    """It listens on every queue and sends alerts; Event Grid sends blob events; nobody else listens."""
    terraform = ROOT / "terraform"
    queues = read_definitions(terraform / "service_bus_queues.yml")
    grants = read_grants(terraform / "roles.yml", queues)
    names = {queue.name for queue in queues}
    assert {queue for queue, right in grants["app"] if right == "Listen"} == names
    assert {queue for queue, right in grants["app"] if right == "Send"} >= names - {"blob-events"}
    assert grants["events"] == {("blob-events", "Send")}
    assert [who for who, rights in grants.items() if any(right == "Listen" for _, right in rights)] == ["app"]


def test_the_app_is_reported_where_the_stack_is() -> None:
    """By the names that wiring reads, as the app's own identity; people are notified in a file."""
    app = AppConfig.load(ROOT)
    endpoints = Endpoints(app=1, blob=2, queue=3, table=4, mlflow=5, databricks=6, eventgrid=7, servicebus=8)
    settings = app_settings(app, endpoints)
    assert settings["NIGHTSHIFT_ENVIRONMENT"] == "local"
    assert settings["NIGHTSHIFT_STORAGE_CONNECTION_STRING"] == settings["AzureWebJobsStorage"]
    assert settings["NIGHTSHIFT_EVENTGRID_ENDPOINT"] == "http://127.0.0.1:7/api/events"
    assert settings["MLFLOW_TRACKING_URI"] == settings["MLFLOW_REGISTRY_URI"] == "http://127.0.0.1:5"
    assert settings["DATABRICKS_HOST"] == settings["NIGHTSHIFT_DATABRICKS_URL"] == "http://127.0.0.1:6"
    assert settings["DATABRICKS_TOKEN"] == settings["NIGHTSHIFT_EVENTGRID_KEY"] == "local-development"
    assert "SharedAccessKeyName=app;" in settings["NIGHTSHIFT_SERVICEBUS"]
    other = app_settings(app, endpoints, {"NIGHTSHIFT_STACK_SERVICEBUS": "Endpoint=sb://localhost;"})
    assert other["NIGHTSHIFT_SERVICEBUS"] == "Endpoint=sb://localhost;"
    assert host_settings(app, endpoints, Path("/state")) == {
        "NIGHTSHIFT_NOTIFY_FILE": "/state/notifications.jsonl",
        "NIGHTSHIFT_PUBLIC_URL": "http://127.0.0.1:1",
    }


def test_the_stack_is_the_whole_platform() -> None:
    """Every component, the containers that the clients use, the roles that the table of the API names."""
    app = AppConfig.load(ROOT)
    assert needed_components(app) == COMPONENT_NAMES
    assert set(app.containers) == {BRONZE, SILVER, EVIDENCE}
    assert (*app.authentication.roles, *app.authentication.machine_roles) == get_args(Role)
    assert (app.commands.stack, app.commands.setup) == ("nightshift", "make setup")
