"""What needs a checkout says so, where a command was installed without one."""

from pathlib import Path

import pytest

from nightshift.cli import stack_door
from nightshift.delivery import checkout
from nightshift.delivery.checkout import NoCheckoutError, in_checkout


def test_a_folder_of_packages_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This folder is one."""
    assert in_checkout()
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    assert not in_checkout()


def test_a_checkout_that_was_not_set_up_has_no_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make setup` installs it."""
    stack_door.require_local_stack("this")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(NoCheckoutError, match="^this needs a checkout .*`make setup`"):
        stack_door.require_local_stack("this")
