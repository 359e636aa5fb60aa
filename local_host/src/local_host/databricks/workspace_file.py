"""Reads the workspace file: the compute and the serving endpoints that a fresh local workspace has."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import ValidationError, model_validator

from local_host.databricks.compute_settings import ClusterSettings, WarehouseSettings
from local_host.databricks.definition_files import describe_faults
from local_host.databricks.definitions import Part
from local_host.databricks.serving_config import EndpointSettings


class WorkspaceFileError(ValueError):
    """A workspace file that cannot be used: every fault, one line each."""


class ListedCluster(ClusterSettings):
    """A cluster and the state in which it begins."""

    state: Literal["RUNNING", "TERMINATED"] = "RUNNING"


class ListedWarehouse(WarehouseSettings):
    """A warehouse and the state in which it begins."""

    state: Literal["RUNNING", "STOPPED"] = "RUNNING"


class WorkspaceFile(Part):
    """What exists at the first start; names tell what exists already at a later one."""

    clusters: tuple[ListedCluster, ...] = ()
    sql_warehouses: tuple[ListedWarehouse, ...] = ()
    serving_endpoints: tuple[EndpointSettings, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        _reject_repeated("clusters.cluster_name", (cluster.cluster_name for cluster in self.clusters))
        _reject_repeated("sql_warehouses.name", (warehouse.name for warehouse in self.sql_warehouses))
        _reject_repeated("serving_endpoints.name", (endpoint.name for endpoint in self.serving_endpoints))
        return self


def load_workspace_file(file: Path) -> WorkspaceFile:
    """Read and check a workspace file.

    Raises:
        WorkspaceFileError: the file is missing, is no YAML, or breaks rules.
    """
    try:
        return WorkspaceFile.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise WorkspaceFileError("\n".join(f"{file.name}: {line}" for line in describe_faults(error))) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorkspaceFileError(f"{file.name}: not a YAML file: {' '.join(str(error).split())}") from error
    except OSError as error:
        raise WorkspaceFileError(f"--workspace: cannot read {file}: {error.strerror}") from error


def _reject_repeated(field: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{field}: {name!r} appears more than once; it must be unique")
        seen.add(name)
