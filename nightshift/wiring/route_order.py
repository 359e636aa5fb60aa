"""No function of the app stands before another one's route.

Azure tries HTTP functions in the order of their names, compared in upper case, and invokes the first whose route and
method match, however general it is (azure-functions-host issues 9876 and 3153). A catch-all whose name comes early
would silently take the requests of all that come after it, so an app like that is refused before it is served.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from nightshift.functions.route import Route

_PLAIN = re.compile(r"[^{}]*|\{\w+\}|\{\*\w+\}")


class ShadowedRouteError(ValueError):
    """A function would be invoked with requests that are meant for another."""

    def __init__(self, first: "NamedRoute", second: "NamedRoute") -> None:
        self.first, self.second = first, second
        super().__init__(
            f"function {second.name!r} (route {second.route!r}) comes after {first.name!r} (route {first.route!r}), "
            f"which takes the same requests: Azure tries functions in the order of their names, so rename one of them"
        )


@dataclass(frozen=True)
class NamedRoute:
    """A function's name, route and methods; no methods means any."""

    name: str
    route: str
    methods: frozenset[str] = frozenset()

    @property
    def segments(self) -> tuple[str, ...]:
        """The route's parts: text in lower case, `{}` for a parameter, `{*}` for a catch-all at the end."""
        parts = tuple(part for part in self.route.strip("/").split("/") if part)
        for number, part in enumerate(parts, start=1):
            if _PLAIN.fullmatch(part) is None or (part.startswith("{*") and number < len(parts)):
                rule = "only text, {name} and a {*name} at the end can be ordered"
                raise ValueError(f"function {self.name!r}: route {self.route!r}: {rule}")
        return tuple("{*}" if part.startswith("{*") else "{}" if part[0] == "{" else part.lower() for part in parts)


def refuse_shadowed_routes(routes: Iterable[Route]) -> None:
    """Refuse an app in which a function's requests reach another.

    Raises:
        ShadowedRouteError: names both.
    """
    check_route_order(NamedRoute(route.name, route.path, frozenset(route.methods)) for route in routes)


def check_route_order(routes: Iterable[NamedRoute]) -> None:
    """Of two routes that share a path and a method, the one tried first must take only paths that the other takes too.

    Raises:
        ShadowedRouteError: it takes more, or the same.
    """
    for first, second in combinations(sorted(routes, key=lambda route: route.name.upper()), 2):
        share_method = not first.methods or not second.methods or first.methods & second.methods
        if share_method and _meet(first.segments, second.segments) and not _within(first.segments, second.segments):
            raise ShadowedRouteError(first, second)


def _meet(one: tuple[str, ...], two: tuple[str, ...]) -> bool:
    """Whether some path matches both."""
    if one[:1] == ("{*}",) or two[:1] == ("{*}",):
        return True
    if not one or not two:
        return not one and not two
    return ("{}" in (one[0], two[0]) or one[0] == two[0]) and _meet(one[1:], two[1:])


def _within(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Whether every path of the inner route matches the outer one, and not the other way round."""
    return _takes_all(outer, inner) and not _takes_all(inner, outer)


def _takes_all(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if wide[:1] == ("{*}",):
        return True
    if not wide or not narrow or narrow[0] == "{*}":
        return not wide and not narrow
    return (wide[0] in ("{}", narrow[0])) and _takes_all(wide[1:], narrow[1:])
