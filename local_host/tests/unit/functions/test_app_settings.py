"""`%SETTING%` in binding properties."""

import pytest

from local_host.functions.app_settings import resolve_settings


def test_replaces_each_reference() -> None:
    """Every reference takes its setting's value; other text stays."""
    assert resolve_settings("a-%X%-%Y%", {"X": "1", "Y": "2"}) == "a-1-2"


def test_leaves_text_without_references() -> None:
    """Text without references is returned as it is."""
    assert resolve_settings("0 0 3 * * *", {}) == "0 0 3 * * *"


def test_names_the_missing_setting() -> None:
    """A setting that is not set is an error naming it and the text."""
    with pytest.raises(LookupError, match="app setting 'NIGHTLY', named in '%NIGHTLY%', is not set"):
        resolve_settings("%NIGHTLY%", {})
