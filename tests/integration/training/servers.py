"""MLflow and Azurite as processes of the test run's own, on free ports, ended by process group."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

START_SECONDS = 120
ROOT = Path(__file__).parents[3]
# The emulator's well-known development account; it opens nothing outside this machine.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], url: str, folder: Path, environ: Mapping[str, str]) -> Iterator[None]:
    """Run a server until the block ends; enter the block when ``url`` answers at all.

    Raises:
        RuntimeError: the process ended or did not answer in time; carries the end of its log.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environ},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=30)


@contextlib.contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A tracking server with registry on SQLite; yields its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
        *("--artifacts-destination", str(folder / "artifacts")),
    ]
    environ = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with running(command, f"{url}/health", folder, environ):
        yield url


@contextlib.contextmanager
def blob_server(folder: Path) -> Iterator[str]:
    """Azurite's blob service; yields a connection string."""
    port = free_port()
    script = ROOT / "local_host/azurite/node_modules/azurite/dist/src/blob/main.js"
    command = [
        *(str(Path(sys.executable).parent / "node"), str(script), "--blobPort", str(port)),
        *("--location", str(folder), "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
    ]
    url = f"http://127.0.0.1:{port}/{ACCOUNT}"
    with running(command, url, folder, {}):
        yield f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={url};"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  an http address on loopback
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return True
    except OSError:
        return False
