"""Put an earlier release back: ``python3 -m nightshift.delivery.rollback ENV VERSION``.

It needs Python, git, the Azure CLI and a checkout with ``environments/ENV.json``; no package index, no virtual
environment, and of GitHub only what holds an attestation where one is asked for (nightshift/delivery/provenance.py).
"""

import argparse
import http.client
import json
import os
import re
import sys
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from nightshift.delivery.releases import ROOT, Releases
from nightshift.domain.platform.errors import BadInputError, NightshiftError, ServiceUnavailableError

if TYPE_CHECKING:
    from nightshift.delivery.environment import Environment

_NAME = re.compile(r"[a-z][a-z0-9-]{0,15}")
_VERSION = re.compile(r"[0-9a-f]{12}")
# What a rollback reads of an environment.
_FIELDS = (
    "name", "app_url", "tenant_id", "subscription_id", "resource_group", "function_app", "plan", "python_version",
    "host_account", "releases_endpoint", "databricks_url", "wheel",
)  # fmt: skip
_WAIT_SECONDS = 600.0
_EVERY_SECONDS = 5.0


def read_environment(folder: Path, name: str) -> "Environment":
    """An environment's file, read without what `nightshift.delivery.environment` needs to hold it against its model.

    Raises:
        BadInputError: there is no such file, or it is that of another environment.
    """
    path = folder / f"{name}.json"
    if _NAME.fullmatch(name) is None or not path.is_file():
        raise BadInputError(field="environment", value=name, rule=f"has no file {path}; `nightshift env add` writes it")
    try:
        document = dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        rule = f"must be a JSON object; `nightshift env add` writes it ({error})"
        raise BadInputError(field="environment", value=name, rule=rule, where=str(path)) from error
    if missing := [field for field in _FIELDS if field not in document]:
        rule = f"lacks {', '.join(missing)}; `nightshift env add` writes it anew"
        raise BadInputError(field="environment", value=name, rule=rule, where=str(path))
    if document["name"] != name:
        rule = f"the file is that of {document.get('name')!r}"
        raise BadInputError(field="environment", value=name, rule=rule, where=str(path))
    return cast("Environment", SimpleNamespace(**document))


def wait_for_version(app_url: str, version: str, seconds: float, *, every: float = _EVERY_SECONDS) -> None:
    """Wait until the app says that it runs a version.

    Raises:
        ServiceUnavailableError: it has not said so in time; the message has its last words.
    """
    deadline = time.monotonic() + seconds
    while (said := _said_version(app_url)) != version:
        if time.monotonic() > deadline:
            raise ServiceUnavailableError("app", f"{app_url} says {said!r} after {seconds:.0f} s, and not {version!r}")
        time.sleep(every)


def _said_version(app_url: str) -> str:
    try:
        with urllib.request.urlopen(f"{app_url}/api/health", timeout=30) as answer:  # noqa: S310 - from the file
            return str(json.load(answer)["version"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    """Roll back or list, and say what is there now."""
    parser = argparse.ArgumentParser(description="Put back a release that the environment has had before.")
    parser.add_argument("environment", help="dev, qa or prod")
    parser.add_argument("version", nargs="?", help="12 digits of its commit")
    parser.add_argument("--list", action="store_true", help="only list the versions that can be put back")
    parser.add_argument("--wait", type=float, default=_WAIT_SECONDS, help="seconds until the app must say its version")
    parser.add_argument(
        "--built-by",
        default=os.environ.get("GITHUB_REPOSITORY"),
        help="OWNER/NAME whose pipeline must have built it; in a workflow that is its repository",
    )
    arguments = parser.parse_args()
    if not (arguments.list or arguments.version):
        parser.error("say which version, or --list")
    try:
        folder = Path(os.environ.get("NIGHTSHIFT_ENVIRONMENTS") or ROOT / "environments")
        environment = read_environment(folder, arguments.environment)
        releases = Releases(environment, arguments.built_by or None)
        if arguments.list:
            sys.stdout.write("".join(f"{version}\n" for version in releases.versions()))
            return
        if _VERSION.fullmatch(arguments.version) is None:
            rule = "must be the first 12 digits of a commit, one that --list names"
            raise BadInputError(field="version", value=arguments.version, rule=rule)
        if releases.built_by is None:
            sys.stderr.write("note: nobody holds who built it; --built-by OWNER/NAME does, with the GitHub CLI\n")
        releases.roll_back(arguments.version)
        sys.stdout.write(f"{environment.name} was handed {arguments.version}\n")
        wait_for_version(environment.app_url, arguments.version, arguments.wait)
    except NightshiftError as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(f"{environment.name} runs {arguments.version}\n")
    sys.stdout.write(f"what waits there for a newer release: nightshift --env {environment.name} in-flight\n")


if __name__ == "__main__":
    main()
