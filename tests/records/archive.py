"""Recorded state folders: where they lie, how one is packed and unpacked."""

import json
import tarfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
_STATE, _CONTENTS = "state.tar.xz", "contents.json"
# In the archive beside the state: what was said of it, which is long and full of digests.
_SAID = "said.json"
# Nothing that is kept: logs, locks, what runs now, its addresses. Without the addresses every start is on other ports.
_LEFT_OUT = frozenset(
    {"logs", "endpoints.json", "processes.json", "stack.lock", "startup.jsonl", "host.lock", "broker.lock", "task_runs"}
)


def releases() -> list[str]:
    """The releases that have left records."""
    return sorted(file.parent.name for file in FOLDER.glob(f"*/{_STATE}"))


def release() -> str:
    """The release of this code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def counts(of: str) -> dict[str, dict[str, int]]:
    """How many records of each kind the folder of a release holds."""
    found: dict[str, dict[str, int]] = json.loads((FOLDER / of / _CONTENTS).read_text(encoding="utf-8"))["counts"]
    return found


def pack(folder: Path, of: str, counted: dict[str, dict[str, int]], said: dict[str, Any]) -> Path:
    """Write the archive of a folder with ``state``, ``specs`` and ``platform.yaml``, and how much of each it holds.

    Args:
        said: what the app said of it, and what was in flight.
    """
    target = FOLDER / of
    target.mkdir(parents=True, exist_ok=True)
    (folder / _SAID).write_text(json.dumps(said, indent=1), encoding="utf-8")
    with tarfile.open(target / _STATE, "w:xz", preset=9) as archive:
        for name in ("platform.yaml", _SAID, "specs", "state"):
            archive.add(folder / name, name, filter=_kept)
    document = {"release": of, "counts": counted}
    (target / _CONTENTS).write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")
    return target / _STATE


def unpack(of: str, folder: Path) -> dict[str, Any]:
    """Unpack the archive of a release; return what the app said of it then, and what was in flight."""
    with tarfile.open(FOLDER / of / _STATE) as archive:
        archive.extractall(folder, filter="data")
    found: dict[str, Any] = json.loads((folder / _SAID).read_text(encoding="utf-8"))
    return found


def _kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    if Path(member.name).name in _LEFT_OUT:
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
