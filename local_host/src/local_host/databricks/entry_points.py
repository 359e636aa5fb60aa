"""Finds the function behind a ``python_wheel_task``.

One rule: ``entry_point`` is a key of the table ``[project.entry-points."<package_name>"]`` of a ``pyproject.toml``,
its value ``module:function``. The wheel built from that file carries the same table in its metadata, where Databricks
looks the entry point up.
"""

import re
import tomllib
from pathlib import Path

_OBJECT = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")


class EntryPointError(LookupError):
    """A python_wheel_task that names no function; the message says where it was looked for."""


def resolve_entry_point(pyproject: Path, package_name: str, entry_point: str) -> str:
    """Look up an entry point.

    Args:
        pyproject: the file with the table.

    Returns:
        ``module:function``.

    Raises:
        EntryPointError: the file, the table or the key is missing, or the value is not ``module:function``.
    """
    where = f'[project.entry-points."{package_name}"] {entry_point} in {pyproject.as_posix()}'
    try:
        document = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EntryPointError(f"entry point {where}: the file does not exist") from error
    except tomllib.TOMLDecodeError as error:
        raise EntryPointError(f"entry point {where}: not a TOML file: {error}") from error
    table = document.get("project", {}).get("entry-points", {}).get(package_name)
    if not isinstance(table, dict):
        raise EntryPointError(f"entry point {where}: the table does not exist")
    value = table.get(entry_point)
    if value is None:
        raise EntryPointError(f"entry point {where}: the table has only {', '.join(table) or 'no entries'}")
    if not isinstance(value, str) or not _OBJECT.match(value):
        raise EntryPointError(f"entry point {where}: {value!r} is not of the form module:function")
    return value
