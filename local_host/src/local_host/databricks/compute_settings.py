"""What clients and the workspace file say of compute, in the shape of Databricks' APIs."""

from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from local_host.databricks.definitions import Part


class Autoscale(Part):
    """Bounds of a cluster's size."""

    min_workers: Annotated[int, Field(ge=0)]
    max_workers: Annotated[int, Field(ge=0)]


class ClusterSettings(Part):
    """An all-purpose cluster: what is kept and shown, since nothing runs on it but processes of this machine."""

    cluster_name: Annotated[str, Field(min_length=1)]
    spark_version: str
    node_type_id: str | None = None
    driver_node_type_id: str | None = None
    num_workers: Annotated[int, Field(ge=0)] | None = None
    autoscale: Autoscale | None = None
    autotermination_minutes: Annotated[int, Field(ge=0)] | None = None
    data_security_mode: str | None = None
    custom_tags: dict[str, str] = {}
    spark_conf: dict[str, JsonValue] = {}


class WarehouseTag(Part):
    """A tag of a warehouse."""

    key: Annotated[str, Field(min_length=1)]
    value: str


class WarehouseTags(Part):
    """Tags as the SQL warehouses API nests them."""

    custom_tags: tuple[WarehouseTag, ...] = ()


class WarehouseSettings(Part):
    """A SQL warehouse. It answers no SQL and never stops by itself, whatever ``auto_stop_mins`` says."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    cluster_size: str = "2X-Small"
    auto_stop_mins: Annotated[int, Field(ge=0)] = 120
    min_num_clusters: Annotated[int, Field(ge=1)] = 1
    max_num_clusters: Annotated[int, Field(ge=1)] = 1
    enable_photon: bool = True
    enable_serverless_compute: bool = False
    warehouse_type: str = "PRO"
    tags: WarehouseTags = WarehouseTags()

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.max_num_clusters < self.min_num_clusters:
            raise ValueError(
                f"max_num_clusters: {self.max_num_clusters} is below min_num_clusters = {self.min_num_clusters}"
            )
        return self
