"""Which instances an engine takes turns of, by their version and its own.

The rules are those of DTFx (VersioningSettings.CompareVersions, TaskOrchestrationDispatcher): no version is older than
any; two that .NET's System.Version reads (two to four whole numbers with dots) compare by number; all others compare as
texts, without regard to case. So "10" is older than "9": both are texts there.
"""

from __future__ import annotations

import re

from local_host.durable.settings import DurableSettings

_NUMBERS = re.compile(r"\d+(\.\d+){1,3}")


def takes_version(settings: DurableSettings, version: str | None) -> bool:
    """Whether an engine with these settings runs an instance of this version."""
    match settings.version_match_strategy:
        case "None":
            return True
        case "Strict":
            return version == settings.default_version
        case _:
            return compare_versions(version, settings.default_version) <= 0


def compare_versions(one: str | None, other: str | None) -> int:
    """Negative if the first is older, 0 if they are equal, positive if it is newer."""
    first, second = (one or "").strip(), (other or "").strip()
    if not first or not second:
        return bool(first) - bool(second)
    if _NUMBERS.fullmatch(first) and _NUMBERS.fullmatch(second):
        one_number, other_number = ([int(part) for part in text.split(".")] for text in (first, second))
        return (one_number > other_number) - (one_number < other_number)
    return (first.lower() > second.lower()) - (first.lower() < second.lower())
