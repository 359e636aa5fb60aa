"""The package's bill of materials: CycloneDX JSON of what is in it, the same for the same package."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

from nightshift.delivery.commit import Commit


def bill(locked: bytes, installed: Path, commit: Commit, digest: str) -> bytes:
    """Cut the bill of the lock down to what was installed, and say which package it is about.

    Args:
        locked: CycloneDX JSON of the lock, with the packages of every platform.
        installed: the folder that the package's dependencies were taken from.
        digest: SHA-256 of the package.

    Returns:
        CycloneDX 1.5 JSON. Time and serial number come from the commit and the package, not from the clock.
    """
    document: dict[str, Any] = json.loads(locked)
    present = _installed(installed)
    project = document["metadata"]["component"]["bom-ref"]
    kept = [item for item in document["components"] if (_name(item["name"]), item["version"]) in present]
    missing = present - {(_name(item["name"]), item["version"]) for item in kept}
    if missing:
        msg = f"installed, but not in the lock: {sorted(missing)}"
        raise AssertionError(msg)
    references = {item["bom-ref"] for item in kept} | {project}
    document["components"] = kept
    document["dependencies"] = [
        {**item, "dependsOn": [other for other in item.get("dependsOn", []) if other in references]}
        for item in document.get("dependencies", [])
        if item["ref"] in references
    ]
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}"
    document["metadata"]["timestamp"] = commit.committed_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    document["metadata"]["component"] |= {
        "type": "application",
        "version": commit.version,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    return json.dumps(document, indent=2, sort_keys=True).encode() + b"\n"


def _installed(folder: Path) -> set[tuple[str, str]]:
    """Name and version of every package in an installation, from the names of its metadata folders."""
    names = [path.name.removesuffix(".dist-info") for path in folder.glob("*.dist-info")]
    return {(_name(stem.rpartition("-")[0]), stem.rpartition("-")[2]) for stem in names}


def _name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
