"""HTTP route templates in the syntax of Azure Functions (ASP.NET Core routing)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from local_host.functions.triggers.route_constraints import Constraint, parse_constraint

_NAME = re.compile(r"(?P<star>\*{0,2})(?P<name>\w+)")
_CONSTRAINT = re.compile(r":(?P<name>\w+)(?:\((?P<arguments>.*?)\)(?=:|$))?")


@dataclass(frozen=True)
class RouteParameter:
    """One `{name}` of a template; `text` is what its constraints are written as."""

    name: str
    text: str = ""
    constraints: tuple[Constraint, ...] = ()
    is_optional: bool = False
    is_catch_all: bool = False


@dataclass(frozen=True)
class _Segment:
    """One part between slashes: text and parameters in turn."""

    parts: tuple[str | RouteParameter, ...]

    @property
    def parameter(self) -> RouteParameter | None:
        """The parameter that is the whole segment."""
        only = self.parts[0] if len(self.parts) == 1 else ""
        return only if isinstance(only, RouteParameter) else None

    @property
    def pattern(self) -> re.Pattern[str]:
        """What a path's segment must match, its parameters by name."""
        pieces = (
            re.escape(part) if isinstance(part, str) else f"(?P<{part.name}>(?s:.+))"  # a segment holds no slash
            for part in self.parts
        )
        return re.compile("".join(pieces), re.IGNORECASE)


@dataclass(frozen=True)
class RouteTemplate:
    """A template as ASP.NET Core's own matcher reads it.

    Case is ignored; one slash at the end is, too. An empty segment (`a//b`) matches nothing, except inside what a
    catch-all takes. A constraint that refuses a value makes the whole template not match.
    """

    text: str
    segments: tuple[tuple[_Segment, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, text: str) -> RouteTemplate:
        """Reads `orders/{id:int:min(1)}/{view?}` or `files/{*path}`; ValueError names the segment and the rule."""
        pieces = _split(text.strip("/"))
        segments = [_segment(piece, is_last=number == len(pieces)) for number, piece in enumerate(pieces, start=1)]
        names = [part.name for item in segments for part in item.parts if isinstance(part, RouteParameter)]
        if len({name.lower() for name in names}) != len(names):
            raise ValueError(f"{text!r}: parameter names must be different")
        return cls(text.strip("/"), tuple((segment, segment.pattern) for segment in segments))

    def match(self, path: str) -> dict[str, str] | None:
        """The route parameters of a path without its first slash; None if it does not match.

        An absent optional parameter is left out.
        """
        given = path.removesuffix("/").split("/") if path else []
        found: dict[str, str] = {}
        for position, (segment, pattern) in enumerate(self.segments):
            parameter = segment.parameter
            if parameter is not None and parameter.is_catch_all:
                # An empty segment ends the matching wherever the matcher still looks at single ones.
                if given[position : position + 1] == [""]:
                    return None
                # What a catch-all takes keeps the slash at its end.
                if rest := "/".join(path.split("/")[position:] if given[position:] else []):
                    found[parameter.name] = rest
                return self._allowed(found)
            if position >= len(given):
                if parameter is None or not parameter.is_optional:
                    return None
                continue
            matched = pattern.fullmatch(given[position])
            if matched is None:
                return None
            found.update(matched.groupdict())
        return self._allowed(found) if len(given) <= len(self.segments) else None

    @property
    def shape(self) -> str:
        """The template without its parameters' names: two templates of one shape match the same paths."""
        return "/".join("".join(_shape(part) for part in segment.parts) for segment, _ in self.segments)

    def _allowed(self, found: dict[str, str]) -> dict[str, str] | None:
        for segment, _ in self.segments:
            for part in segment.parts:
                if isinstance(part, str) or (part.is_optional and part.name not in found):
                    continue
                if not all(constraint(found.get(part.name, "")) for constraint in part.constraints):
                    return None
        return found


def _shape(part: str | RouteParameter) -> str:
    if isinstance(part, str):
        return part.lower()
    return f"{{{'*' if part.is_catch_all else ''}{part.text}{'?' if part.is_optional else ''}}}"


def _split(text: str) -> Sequence[str]:
    """The segments; a slash within braces (of a regular expression) does not end one."""
    pieces, depth = [""], 0
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += character
    return [piece for piece in pieces if piece]


def _segment(text: str, *, is_last: bool) -> _Segment:
    parts: list[str | RouteParameter] = []
    for piece, is_parameter in _pieces(text):
        parts.append(_parameter(text, piece) if is_parameter else piece)
    parameters = [part for part in parts if isinstance(part, RouteParameter)]
    for parameter in parameters:
        special = "a catch-all" if parameter.is_catch_all else "an optional" if parameter.is_optional else ""
        if special and len(parts) > 1:
            raise ValueError(f"{text!r}: only a whole segment can be optional or a catch-all")
        if special and not is_last:
            raise ValueError(f"{text!r}: {special} parameter must be the last segment")
    if any(isinstance(one, RouteParameter) and isinstance(two, RouteParameter) for one, two in pairwise(parts)):
        raise ValueError(f"{text!r}: there must be text between two parameters of one segment")
    return _Segment(tuple(parts))


def _pieces(segment: str) -> Sequence[tuple[str, bool]]:
    """Text and what stands in braces, in turn; `{{` and `}}` are the braces themselves."""
    pieces: list[tuple[str, bool]] = []
    position, inside, held = 0, False, ""
    while position < len(segment):
        character = segment[position]
        if character in "{}" and segment[position : position + 2] == character * 2:
            held += character
            position += 2
            continue
        position += 1
        if character not in "{}":
            held += character
        elif (character == "{") == inside:
            raise ValueError(f"{segment!r}: a parameter is {{name}}, {{name?}}, {{*name}} or {{name:constraint}}")
        else:
            if held or inside:
                pieces.append((held, inside))
            inside, held = not inside, ""
    if inside:
        raise ValueError(f"{segment!r}: a parameter is {{name}}, {{name?}}, {{*name}} or {{name:constraint}}")
    return [*pieces, (held, False)] if held else pieces


def _parameter(segment: str, text: str) -> RouteParameter:
    is_optional = text.endswith("?")
    body = text.removesuffix("?")
    named = _NAME.match(body)
    rest = "" if named is None else body[named.end() :]
    if named is None or not named["name"].isidentifier() or (rest and not rest.startswith(":")):
        rule = "a parameter is {name}, {name?}, {*name} or {name:constraint}, its name a Python name"
        raise ValueError(f"{segment!r}: {rule}")
    constraints, position = [], 0
    while position < len(rest):
        found = _CONSTRAINT.match(rest, position)
        if found is None:
            raise ValueError(f"{segment!r}: {rest!r} is no list of constraints such as :int or :length(1,5)")
        try:
            constraints.append(parse_constraint(found["name"], found["arguments"]))
        except ValueError as error:
            raise ValueError(f"{segment!r}: {error}") from error
        position = found.end()
    is_catch_all = bool(named["star"])
    if is_catch_all and is_optional:
        raise ValueError(f"{segment!r}: a catch-all is optional by itself")
    return RouteParameter(named["name"], rest, tuple(constraints), is_optional, is_catch_all)
