"""Fixtures of activities and application services: real storage, a real registry, and a model of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from mlflow import MlflowClient

from local_host.stack.endpoints import Endpoints
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings
from tests.integration.real_services import mlflow_client, mlflow_environment, pager, responding, specs
from tests.support.model_data import Starts, accept_file
from tests.support.model_versions import make_bare_model, make_champions, make_versions
from tests.support.pagers import AT, Make, Night, Pager
from tests.support.responder import Case

__all__ = [
    "case",
    "champions",
    "client",
    "mlflow_client",
    "mlflow_environment",
    "model",
    "night",
    "pager",
    "responding",
    "second",
    "services",
    "specs",
    "trained",
]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def services(tracked: Endpoints, tmp_path_factory: pytest.TempPathFactory) -> LazyServices:
    """The services as the app builds them; people are notified in a file."""
    told = {"NIGHTSHIFT_NOTIFY_FILE": str(tmp_path_factory.mktemp("told") / "notifications.jsonl")}
    return LazyServices(read_settings(tracked.environment() | told, ROOT))


@pytest.fixture
def model(mlflow_client: MlflowClient) -> str:
    """A registered model of this test's own with versions 1 to 3, version 1 the champion."""
    return make_bare_model(mlflow_client)


@pytest.fixture
def case(responding: LazyServices, specs: Path) -> Case:
    """A model with a spec and no version."""
    return Case(responding, specs)


@pytest.fixture
def champions(case: Case, mlflow_client: MlflowClient, tmp_path: Path) -> Case:
    """A model with the champions 1, 2 and 3, one after the other."""
    make_versions(mlflow_client, case.model, 3, tmp_path)
    make_champions(case.services, case.model, ("1", "2", "3"))
    return case


@pytest.fixture
def client() -> Starts:
    """The durable client."""
    return Starts()


@pytest.fixture
def trained(case: Case, tmp_path: Path) -> Case:
    """A model whose champions were made of four files, a to d, one after the other."""
    document = yaml.safe_load((ROOT / "model_specs/revenue_forecast.yaml").read_text(encoding="utf-8"))
    contract = document["contract"] | {"min_rows": 1}
    case.specify(contract=contract, playbook={"retrain_datasets": 3, "retrain_cooldown_minutes": 60})
    for number, name in enumerate("abcd"):
        accept_file(case, tmp_path, name, day=number + 1)
    return case


@pytest.fixture
def second() -> Iterator[Pager]:
    """Another address, or the second channel."""
    found = Pager()
    yield found
    found.close()


@pytest.fixture
def night(storage: str, model: str) -> Make:
    """Make a night with these addresses."""
    return lambda urls, **settings: Night(storage, model, AT, urls, **settings)
