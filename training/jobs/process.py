"""Settings of a job's process, made before anything heavy is imported."""

import logging
import os

_DEFAULTS = {
    # A job in a closed network reports to nobody.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Requirements are given explicitly; the project's lock file does not belong into a model.
    "MLFLOW_UV_AUTO_DETECT": "false",
    # Idle threads of the tree fitting must not spin on cores that others need.
    "OMP_WAIT_POLICY": "PASSIVE",
}


def prepare_process() -> None:
    """Set up logging and the libraries' settings; what the environment says already stays."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # The storage SDK logs every request with its headers at INFO.
    logging.getLogger("azure").setLevel(logging.WARNING)
