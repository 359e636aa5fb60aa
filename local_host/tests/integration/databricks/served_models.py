"""Registered models to serve: two versions that answer differently, and versions that cannot be served.

They are made in a process of its own, because the whole of MLflow warns when it is imported.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from local_host.stack.endpoints import Endpoints

MODEL = "served"
BROKEN = "unserved"
# A description that says more than the files hold.
NO_MODEL = """
artifact_path: model
flavors: {python_function: {loader_module: mlflow.sklearn, model_path: model.skops}}
"""


def register_models(tracked: Endpoints) -> None:
    """Register ``served`` 1 (a + b) and 2 (ten times that), ``unserved`` 1 (no files) and 2 (it cannot be loaded)."""
    environment = {**os.environ, **tracked.environment()}
    subprocess.run([sys.executable, __file__], env=environment, check=True)


def _main() -> None:
    import mlflow
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    client = MlflowClient()
    inputs = pd.DataFrame({"a": [1.0, 0.0, 1.0], "b": [0.0, 1.0, 1.0]})
    experiment = client.create_experiment("to serve")
    for factor in (1.0, 10.0):
        model = LinearRegression().fit(inputs, factor * (inputs["a"] + inputs["b"]))
        with mlflow.start_run(experiment_id=experiment):
            logged = mlflow.sklearn.log_model(
                model,
                name="model",
                signature=infer_signature(inputs, model.predict(inputs)),
                pip_requirements=["scikit-learn"],
            )
        mlflow.register_model(logged.model_uri, MODEL)
    run = client.create_run(experiment)
    client.create_registered_model(BROKEN)
    client.create_model_version(BROKEN, f"{run.info.artifact_uri}/nothing", run.info.run_id)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "MLmodel").write_text(NO_MODEL, encoding="utf-8")
        (Path(folder) / "model.skops").write_bytes(b"no model: nothing here loads it")
        client.log_artifacts(run.info.run_id, folder, "model")
    client.create_model_version(BROKEN, f"{run.info.artifact_uri}/model", run.info.run_id)


if __name__ == "__main__":
    _main()
