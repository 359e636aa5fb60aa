"""What the app does around a job: upload parts, write a manifest; and the jobs as processes."""

import hashlib
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from azure.storage.blob import BlobServiceClient
from mlflow import MlflowClient

from nightshift.clients.platform.spec_files import load_spec
from nightshift.domain.platform.identity import digest
from nightshift.domain.platform.spec import ModelSpec
from nightshift.domain.uploads.dataset import DatasetManifest, DatasetPart
from nightshift.domain.uploads.upload import BlobRef

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Finished:
    """A job's process after its end."""

    code: int
    log: str


@dataclass(frozen=True)
class Workbench:
    """Storage and MLflow of a test, with a container and a model prefix of its own."""

    storage: str
    mlflow_url: str
    container: str
    prefix: str
    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a job."""
        return {
            "NIGHTSHIFT_STORAGE_CONNECTION_STRING": self.storage,
            "NIGHTSHIFT_MODEL_PREFIX": self.prefix,
            "NIGHTSHIFT_GIT_COMMIT": "c0ffee",
            "MLFLOW_TRACKING_URI": self.mlflow_url,
            "MLFLOW_REGISTRY_URI": self.mlflow_url,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
            "MLFLOW_UV_AUTO_DETECT": "false",
        }

    @property
    def client(self) -> MlflowClient:
        """A client of the MLflow server."""
        return MlflowClient(self.mlflow_url, self.mlflow_url)

    def put(self, name: str, data: bytes) -> BlobRef:
        """Write a blob and return it with its etag."""
        with BlobServiceClient.from_connection_string(self.storage) as service:
            answer = service.get_blob_client(self.container, name).upload_blob(data, overwrite=True)
        return BlobRef(container=self.container, name=name, etag=str(answer["etag"]).strip('"'))

    def get(self, name: str) -> bytes:
        """Read a blob."""
        with BlobServiceClient.from_connection_string(self.storage) as service:
            content: bytes = service.get_blob_client(self.container, name).download_blob().readall()
        return content

    def url(self, name: str) -> str:
        """The address of a blob of this container."""
        with BlobServiceClient.from_connection_string(self.storage) as service:
            return str(service.get_blob_client(self.container, name).url)

    def manifest(self, spec: ModelSpec, *tables: pd.DataFrame, source: str = "test data") -> str:
        """Upload tables as CSV parts and a manifest over them; return the manifest's address."""
        parts = []
        for table in tables:
            data = table.to_csv(index=False).encode()
            blob = self.put(f"{spec.name}/{uuid.uuid4().hex}.csv", data)
            parts.append(DatasetPart(blob=blob, format="csv", digest=hashlib.sha256(data).hexdigest(), rows=len(table)))
        return self.put_manifest(
            DatasetManifest(
                lifecycle_run="lifecycle-test",
                spec=spec,
                parts=tuple(parts),
                digest=digest([part.digest for part in parts]),
                source=source,
            )
        )

    def put_manifest(self, manifest: DatasetManifest) -> str:
        """Write a manifest and return its address."""
        name = f"manifests/{uuid.uuid4().hex}.json"
        self.put(name, manifest.model_dump_json().encode())
        return self.url(name)

    def run(self, module: str, **parameters: str) -> Finished:
        """Run an entry point as its own process, as a python_wheel_task does."""
        arguments = [text for key, value in parameters.items() for text in (f"--{key.replace('_', '-')}", value)]
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        return Finished(code=ended.returncode, log=ended.stdout)


def shipped_spec(model: str) -> ModelSpec:
    """A spec that ships with the project."""
    return load_spec(ROOT / "model_specs" / f"{model}.yaml")


def sales_spec(**training: object) -> ModelSpec:
    """A small forecast; keywords replace parts of ``training``."""
    return ModelSpec.model_validate(
        {
            "name": "sales",
            "kind": "regression",
            "description": "d",
            "owner": "o",
            "source": {},
            "contract": {
                "key": ["timestamp"],
                "columns": [
                    {"name": "timestamp", "dtype": "timestamp"},
                    {"name": "store", "dtype": "string"},
                    {"name": "temp", "dtype": "number"},
                    {"name": "sales", "dtype": "number", "nullable": True},
                ],
            },
            "training": {
                "target": "sales",
                "time_column": "timestamp",
                "features": ["store", "temp"],
                "time_features": ["hour"],
                "parameters": {"max_iter": 20, "min_samples_leaf": 5},
                **training,
            },
            "evaluation": {
                "metrics": [{"name": "rmse"}],
                "holdout": {"newest_fraction": 0.2, "min_rows": 20},
                "slices": [{"column": "store"}],
            },
        }
    )


def sales_table(rows: int = 400, *, factor: float = 1.0) -> pd.DataFrame:
    """Hours of two stores' sales; ``factor`` scales the sales."""
    random = np.random.default_rng(rows)
    times = pd.date_range("2024-01-01", periods=rows, freq="h")
    store, temp = random.choice(["a", "b"], rows), random.random(rows)
    sales = factor * (10 + 5.0 * (store == "b") + 20 * temp + times.hour)
    return pd.DataFrame({"timestamp": times, "store": store, "temp": temp, "sales": sales})
