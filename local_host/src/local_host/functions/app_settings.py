"""Resolves `%SETTING%` in binding properties from the app's settings (the environment)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"%([^%\s]+)%")


def resolve_settings(text: str, environment: Mapping[str, str]) -> str:
    """The text with every `%NAME%` replaced; LookupError names a setting that is absent."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise LookupError(f"app setting {match[1]!r}, named in {text!r}, is not set")
        return environment[match[1]]

    return _REFERENCE.sub(value, text)
