"""Reading the engine's settings from host.json."""

from __future__ import annotations

from typing import Any

import pytest

from local_host.durable.settings import DurableSettings


def test_empty_host_json_gives_the_defaults() -> None:
    """No key is required."""
    assert DurableSettings.from_host_json({"version": "2.0"}) == DurableSettings(
        "TestHubName", 10, 10, "NonRunningStates"
    )


def test_every_key_is_read() -> None:
    """Unknown keys beside them belong to Azure's own backends and are left alone."""
    section = {
        "hubName": "TheHub1",
        "maxConcurrentActivityFunctions": 3,
        "maxConcurrentOrchestratorFunctions": 4,
        "overridableExistingInstanceStates": "AnyState",
        "defaultVersion": "1.0",
        "versionMatchStrategy": "Strict",
        "versionFailureStrategy": "Fail",
        "storageProvider": {"type": "AzureStorage"},
    }
    read = DurableSettings.from_host_json({"extensions": {"durableTask": section}})
    assert read == DurableSettings("TheHub1", 3, 4, "AnyState", "1.0", "Strict", "Fail")


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("hubName", "a-b", "must be 3 to 45 ASCII letters and digits"),
        ("hubName", "1ab", "beginning with a letter"),
        ("hubName", 7, "must be 3 to 45"),
        ("maxConcurrentActivityFunctions", 0, "must be a whole number of at least 1"),
        ("maxConcurrentActivityFunctions", "5", "must be a whole number"),
        ("maxConcurrentOrchestratorFunctions", True, "must be a whole number"),
        ("maxConcurrentEntityFunctions", 5, "must be absent, "),
        ("defaultVersion", 1, 'must be a text such as "1.0"'),
        ("versionMatchStrategy", "Newer", "must be one of None, Strict, CurrentOrOlder"),
        ("versionFailureStrategy", "Wait", "must be one of Reject, Fail"),
        ("overridableExistingInstanceStates", "Any", 'must be "NonRunningStates" or "AnyState"'),
    ],
)
def test_bad_value_names_key_value_and_rule(key: str, value: Any, rule: str) -> None:
    """The error can be acted on without looking anything up."""
    with pytest.raises(ValueError, match=f"extensions.durableTask.{key} is {value!r}: .*{rule}"):
        DurableSettings.from_host_json({"extensions": {"durableTask": {key: value}}})


@pytest.mark.parametrize(
    ("document", "path"), [({"extensions": 1}, "extensions"), ({"extensions": {"durableTask": []}}, "durableTask")]
)
def test_section_that_is_no_object_is_refused(document: dict[str, Any], path: str) -> None:
    """A wrong shape is not an absent section."""
    with pytest.raises(ValueError, match=f"{path} is .*: must be an object"):
        DurableSettings.from_host_json(document)
