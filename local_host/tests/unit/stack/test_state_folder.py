"""The state folder's files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local_host.stack.errors import StackError
from local_host.stack.state_folder import StateFolder, read_json, write_json


def test_the_folder_is_made(tmp_path: Path) -> None:
    """With its logs folder, and nothing else in it; twice does no harm."""
    folder = StateFolder(tmp_path / "a" / "state")
    folder.create()
    folder.create()
    assert [path.name for path in folder.path.iterdir()] == ["logs"]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "state").write_text("")
    with pytest.raises(StackError) as raised:
        StateFolder(tmp_path / "state").create()
    assert raised.value.code == "state_unwritable"
    assert str(tmp_path / "state") in raised.value.message


def test_json_is_replaced_at_once(tmp_path: Path) -> None:
    """Nothing unfinished stays beside it."""
    file = tmp_path / "a.json"
    assert read_json(file) is None
    write_json(file, {"a": 1})
    write_json(file, {"a": 2})
    assert json.loads(file.read_text()) == {"a": 2}
    assert list(tmp_path.iterdir()) == [file]
