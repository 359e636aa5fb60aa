"""The files beside the pages: one stylesheet, one script, one chart library, an icon; read once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

FOLDER = Path(__file__).parent / "static"
# Only what is named here is served, whatever else may lie in the folder. azure-functions appends the charset of text.
_TYPES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/chart.umd.min.js": "text/javascript",
    "vendor/LICENSE.chart.js.txt": "text/plain",
}


@dataclass(frozen=True)
class StaticFile:
    """A file, its media type, and the digest that its address carries."""

    body: bytes
    content_type: str
    version: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """All files by name."""
    return MappingProxyType({name: _read(name, kind) for name, kind in _TYPES.items()})


def address(name: str) -> str:
    """Where a page finds a file: another content has another address, so that browsers may keep it for ever."""
    return f"/static/{name}?v={static_files()[name].version}"


def _read(name: str, kind: str) -> StaticFile:
    body = (FOLDER / name).read_bytes()
    return StaticFile(body, kind, hashlib.sha256(body).hexdigest()[:12])
