"""One stack per state folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_host.app_config import Commands
from local_host.stack.errors import StackError
from local_host.stack.state_folder import StateFolder
from local_host.stack.state_lock import StateLock, is_locked, locked


def test_a_folder_is_held_until_it_is_released(tmp_path: Path) -> None:
    """A second holder is refused with what to do; releasing twice does no harm."""
    folder = StateFolder(tmp_path, Commands(stack="their-command"))
    assert is_locked(folder) is False
    lock = StateLock(folder)
    lock.acquire()
    assert is_locked(folder) is True
    with pytest.raises(StackError) as raised:
        StateLock(folder).acquire()
    assert raised.value.code == "already_running"
    assert "`their-command down`" in raised.value.hint
    lock.release()
    lock.release()
    assert is_locked(folder) is False


def test_a_block_holds_the_folder(tmp_path: Path) -> None:
    """And gives it free after an error too."""
    folder = StateFolder(tmp_path)
    with pytest.raises(StackError, match="already running"), locked(folder):
        StateLock(folder).acquire()
    assert is_locked(folder) is False
