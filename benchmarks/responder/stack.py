"""A whole local stack for the responder's benchmarks, with model specs of its own."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_host.stack.endpoints import Endpoints
from local_host.stack.stack import Stack
from nightshift.wiring.services import LazyServices
from nightshift.wiring.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Running:
    """A running stack and its clients."""

    endpoints: Endpoints
    folder: Path
    services: LazyServices


@contextmanager
def running(models: tuple[str, ...]) -> Iterator[Running]:
    """Start a stack whose models are copies of the revenue forecast under these names."""
    with tempfile.TemporaryDirectory(prefix="nightshift-bench-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "model_specs", folder / "specs")
        shipped = (folder / "specs" / "revenue_forecast.yaml").read_text(encoding="utf-8")
        for model in models:
            text = shipped.replace("name: revenue_forecast", f"name: {model}", 1)
            (folder / "specs" / f"{model}.yaml").write_text(text, encoding="utf-8")
        os.environ["NIGHTSHIFT_MODEL_SPECS"] = str(folder / "specs")
        with Stack(ROOT, folder / "state") as endpoints:
            os.environ.update(endpoints.environment())
            services = LazyServices(read_settings(os.environ, ROOT))
            yield Running(endpoints, folder, services)
