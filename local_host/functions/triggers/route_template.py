"""HTTP route templates in the syntax of Azure Functions (ASP.NET Core routing)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_CONSTRAINTS: Mapping[str, str] = MappingProxyType(
    {
        "int": r"-?\d+",
        "long": r"-?\d+",
        "decimal": r"-?\d+(?:\.\d+)?",
        "double": r"-?\d+(?:\.\d+)?",
        "float": r"-?\d+(?:\.\d+)?",
        "bool": r"true|false",
        "guid": r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}",
        "alpha": r"[a-z]+",
    }
)
_PARAMETER = re.compile(r"\{(?P<star>\*{0,2})(?P<name>\w+)(?P<constraints>(?::\w+)*)(?P<optional>\??)\}")


@dataclass(frozen=True)
class RouteTemplate:
    """A compiled template.

    Matching ignores case, as in Azure. `precedence` sorts templates so that the more specific is tried first: a
    literal segment before a constrained parameter before a plain one before a catch-all.
    """

    text: str
    pattern: re.Pattern[str]
    precedence: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> RouteTemplate:
        """Compiles `orders/{id:int}/{view?}` or `files/{*path}`; ValueError names the segment and the rule."""
        segments = [segment for segment in text.strip("/").split("/") if segment]
        pattern, precedence = "", []
        for position, segment in enumerate(segments):
            piece, rank = _segment(segment, is_last=position == len(segments) - 1)
            pattern += piece
            precedence.append(rank)
        try:
            compiled = re.compile(f"{pattern}/?", re.IGNORECASE)
        except re.error as error:
            raise ValueError(f"{text!r}: parameter names must be different Python names ({error})") from error
        # A template that ends sooner than another ranks after a literal and before a parameter at that place.
        return cls(text.strip("/"), compiled, (*precedence, 1))

    def match(self, path: str) -> dict[str, str] | None:
        """The route parameters of a path; None if it does not match. An absent optional parameter is left out."""
        found = self.pattern.fullmatch("/" + path.strip("/") if path.strip("/") else "")
        return None if found is None else {key: value for key, value in found.groupdict().items() if value is not None}

    @property
    def shape(self) -> str:
        """The template without its parameters' names: two templates of one shape match the same paths."""
        return _PARAMETER.sub(
            lambda part: f"{{{part['star']}{part['constraints']}{part['optional']}}}", self.text.lower()
        )


def _segment(segment: str, *, is_last: bool) -> tuple[str, int]:
    """The pattern of one segment, with its leading slash, and its rank."""
    whole = _PARAMETER.fullmatch(segment)
    if whole is None:
        return _mixed_segment(segment)
    name = whole["name"]
    constraints = [constraint for constraint in whole["constraints"].split(":") if constraint]
    value = _value_pattern(segment, constraints)
    if whole["star"]:
        if not is_last or constraints:
            raise ValueError(f"{segment!r}: a catch-all parameter must be the last segment, without constraints")
        return f"(?:/(?P<{name}>(?s:.*)))?", 4
    if whole["optional"]:
        if not is_last:
            raise ValueError(f"{segment!r}: an optional parameter must be the last segment")
        return f"(?:/(?P<{name}>{value}))?", 2 if constraints else 3
    return f"/(?P<{name}>{value})", 2 if constraints else 3


def _mixed_segment(segment: str) -> tuple[str, int]:
    """A literal segment, or one such as `report-{id}.json` that holds parameters among text."""
    pattern, position = "/", 0
    for part in _PARAMETER.finditer(segment):
        if part["star"] or part["optional"]:
            raise ValueError(f"{segment!r}: only a whole segment can be optional or a catch-all")
        constraints = [constraint for constraint in part["constraints"].split(":") if constraint]
        pattern += (
            re.escape(segment[position : part.start()]) + f"(?P<{part['name']}>{_value_pattern(segment, constraints)})"
        )
        position = part.end()
    rest = segment[position:]
    if "{" in rest or "}" in rest or "{" in _PARAMETER.sub("", segment):
        known = ", ".join(_CONSTRAINTS)
        raise ValueError(
            f"{segment!r}: a parameter is {{name}}, {{name?}}, {{*name}} or {{name:constraint}} with one of {known}"
        )
    return pattern + re.escape(rest), 0 if position == 0 else 2


def _value_pattern(segment: str, constraints: list[str]) -> str:
    if not constraints:
        return "[^/]+"
    if len(constraints) > 1 or constraints[0].lower() not in _CONSTRAINTS:
        known = ", ".join(_CONSTRAINTS)
        raise ValueError(f"{segment!r}: one constraint of {known} is supported")
    return _CONSTRAINTS[constraints[0].lower()]
