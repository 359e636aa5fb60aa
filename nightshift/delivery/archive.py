"""A zip whose bytes depend on nothing but what is in it."""

import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

# The earliest time that a zip can hold: when a file was written says nothing about what it is.
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE_FILE = 0o100644 << 16
_UNIX = 3


def write_zip(path: Path, entries: Mapping[str, bytes | Path]) -> str:
    """Write the entries in the order of their names; return the SHA-256 of the file.

    The same entries give the same bytes under the same release of Python and zlib.

    Args:
        entries: content, or the file that holds it, by path inside the zip.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(entries):
            content = entries[name]
            info = zipfile.ZipInfo(name, _TIME)
            info.external_attr = _READABLE_FILE
            info.create_system = _UNIX
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content if isinstance(content, bytes) else content.read_bytes(), compresslevel=6)
    return file_digest(path)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
