"""Inline constraints of route parameters, as ASP.NET Core's routing has them: `int`, `min(1)`, `regex(^a+$)`.

A route whose constraint refuses the value does not match, and the next route is tried. Left out are `datetime`, whose
rules are those of .NET's DateTime.Parse, and `file`, `nonfile`, `exists`: a template that has one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

Constraint = Callable[[str], bool]
"""Whether a value may stand for the parameter."""

# .NET's NumberStyles.Integer: blanks around, one sign, digits. Number and Float also take thousands and a point.
_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_DECIMAL = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)\s*")
_FLOAT = re.compile(
    r"\s*[+-]?(?:(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|infinity|nan)\s*", re.IGNORECASE
)
_HEX = "[0-9a-f]"
_GUID_DASHED = f"{_HEX}{{8}}-(?:{_HEX}{{4}}-){{3}}{_HEX}{{12}}"
_GUID = re.compile(rf"{_HEX}{{32}}|{_GUID_DASHED}|\{{{_GUID_DASHED}\}}|\({_GUID_DASHED}\)", re.IGNORECASE)
_LONG = 63


def parse_constraint(name: str, arguments: str | None) -> Constraint:
    """The constraint `name` or `name(arguments)`; ValueError tells which there are or what its arguments must be."""
    kind = name.lower()
    if kind in _PLAIN:
        if arguments is not None:
            raise ValueError(f"constraint {name!r} takes no arguments")
        return _PLAIN[kind]
    if kind == "regex" and arguments:
        return _regex(arguments)
    if kind in _NUMBERED:
        allowed, make = _NUMBERED[kind]
        numbers = [part.strip() for part in (arguments or "").split(",")]
        if len(numbers) not in allowed or any(_INTEGER.fullmatch(number) is None for number in numbers):
            counts = " or ".join(str(count) for count in allowed)
            raise ValueError(f"constraint {name!r} takes {counts} whole number(s), not {arguments!r}")
        return make([int(number) for number in numbers])
    known = ", ".join(sorted([*_PLAIN, *_NUMBERED, "regex"]))
    raise ValueError(f"constraint {name!r} is not supported by the local host; supported are {known}")


def _is_bits(value: str, bits: int) -> bool:
    return _INTEGER.fullmatch(value) is not None and -(2**bits) <= int(value) < 2**bits


def _length(limits: list[int]) -> Constraint:
    low, high = limits[0], limits[-1]
    return lambda value: low <= len(value) <= high


def _range(low: int | None, high: int | None) -> Constraint:
    def check(value: str) -> bool:
        if not _is_bits(value, _LONG):
            return False
        number = int(value)
        return (low is None or low <= number) and (high is None or number <= high)

    return check


def _regex(expression: str) -> Constraint:
    try:
        # .NET searches: an expression without ^ and $ may match anywhere.
        compiled = re.compile(expression, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"constraint 'regex': {expression!r} is not understood ({error})") from error
    return lambda value: compiled.search(value) is not None


_PLAIN: Mapping[str, Constraint] = MappingProxyType(
    {
        "int": lambda value: _is_bits(value, 31),
        "long": lambda value: _is_bits(value, _LONG),
        "decimal": lambda value: _DECIMAL.fullmatch(value) is not None,
        "double": lambda value: _FLOAT.fullmatch(value) is not None,
        "float": lambda value: _FLOAT.fullmatch(value) is not None,
        "bool": lambda value: value.strip().lower() in ("true", "false"),
        "guid": lambda value: _GUID.fullmatch(value.strip()) is not None,
        "alpha": lambda value: re.fullmatch("[a-z]*", value, re.IGNORECASE | re.ASCII) is not None,
        "required": lambda value: value != "",
    }
)
_NUMBERED: Mapping[str, tuple[tuple[int, ...], Callable[[list[int]], Constraint]]] = MappingProxyType(
    {
        "length": ((1, 2), _length),
        "minlength": ((1,), lambda limits: lambda value: len(value) >= limits[0]),
        "maxlength": ((1,), lambda limits: lambda value: len(value) <= limits[0]),
        "min": ((1,), lambda limits: _range(limits[0], None)),
        "max": ((1,), lambda limits: _range(None, limits[0])),
        "range": ((2,), lambda limits: _range(limits[0], limits[1])),
    }
)
