"""The engine's settings, read from host.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

OverridableStates = Literal["NonRunningStates", "AnyState"]
VersionMatchStrategy = Literal["None", "Strict", "CurrentOrOlder"]
VersionFailureStrategy = Literal["Reject", "Fail"]


@dataclass(frozen=True)
class DurableSettings:
    """What host.json's `extensions.durableTask` says about the engine.

    The limits bound the activities and orchestrator turns under way at once, those included that wait for a thread.
    With "NonRunningStates" a start is refused while an instance of the same id is unfinished; with "AnyState" it
    replaces that instance.
    `default_version` is that of instances that are started without one; the strategies say which versions this engine
    takes turns of, and what becomes of the others: they wait for another engine, or fail.
    """

    hub_name: str = "TestHubName"
    max_concurrent_activities: int = 10
    max_concurrent_orchestrators: int = 10
    overridable_existing_instance_states: OverridableStates = "NonRunningStates"
    default_version: str | None = None
    version_match_strategy: VersionMatchStrategy = "CurrentOrOlder"
    version_failure_strategy: VersionFailureStrategy = "Reject"

    @classmethod
    def from_host_json(cls, host_json: Mapping[str, Any]) -> DurableSettings:
        """The settings of a parsed host.json; ValueError names the key, the value and the rule."""
        section = _object(_object(host_json, "extensions", "extensions"), "durableTask", "extensions.durableTask")
        chosen: dict[str, Any] = {}
        if "hubName" in section:
            chosen["hub_name"] = _hub_name(section["hubName"])
        if "maxConcurrentActivityFunctions" in section:
            chosen["max_concurrent_activities"] = _count(section, "maxConcurrentActivityFunctions")
        if "maxConcurrentOrchestratorFunctions" in section:
            chosen["max_concurrent_orchestrators"] = _count(section, "maxConcurrentOrchestratorFunctions")
        if "maxConcurrentEntityFunctions" in section:
            value = section["maxConcurrentEntityFunctions"]
            raise _refusal("maxConcurrentEntityFunctions", value, "must be absent, the local host runs no entities")
        if "overridableExistingInstanceStates" in section:
            value = section["overridableExistingInstanceStates"]
            if value not in get_args(OverridableStates):
                raise _refusal("overridableExistingInstanceStates", value, 'must be "NonRunningStates" or "AnyState"')
            chosen["overridable_existing_instance_states"] = value
        if "defaultVersion" in section:
            chosen["default_version"] = _version(section["defaultVersion"])
        if "versionMatchStrategy" in section:
            chosen["version_match_strategy"] = _choice(section, "versionMatchStrategy", VersionMatchStrategy)
        if "versionFailureStrategy" in section:
            chosen["version_failure_strategy"] = _choice(section, "versionFailureStrategy", VersionFailureStrategy)
        return cls(**chosen)


def _refusal(key: str, value: object, rule: str) -> ValueError:
    return ValueError(f"host.json: extensions.durableTask.{key} is {value!r}: {rule}")


def _version(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _refusal("defaultVersion", value, 'must be a text such as "1.0", or null for none')
    return value


def _choice(section: Mapping[str, Any], key: str, options: Any) -> str:
    value = section[key]
    if value not in get_args(options):
        raise _refusal(key, value, f"must be one of {', '.join(get_args(options))}")
    return str(value)


def _object(document: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, Mapping):
        raise ValueError(f"host.json: {path} is {value!r}: must be an object")
    return value


def _count(section: Mapping[str, Any], key: str) -> int:
    value = section[key]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _refusal(key, value, "must be a whole number of at least 1")
    return value


def _hub_name(value: object) -> str:
    # Azure Storage's rule for task hubs, kept here so that a name which works locally works there too.
    if (
        not isinstance(value, str)
        or not 3 <= len(value) <= 45
        or not value.isascii()
        or not value.isalnum()
        or not value[0].isalpha()
    ):
        raise _refusal("hubName", value, "must be 3 to 45 ASCII letters and digits, beginning with a letter")
    return value
