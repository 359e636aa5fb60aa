"""Which function the real host gives a request, from the binding JSON that the worker tells it.

The host orders functions by name, whatever the case, and maps their routes in that order; the first whose template and
method match takes the request. Sources: azure-functions-host, `FunctionMetadataManager` and
`WebScriptHostHttpRoutesManager`; azure-webjobs-sdk-extensions, `WebJobsRouteBuilder`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.worker.side import Function

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_PARAMETER = re.compile(r"\{(?P<all>\*{0,2})(?P<name>[^:=?}]+)(?::(?P<constraint>[^=?}]+))?(?P<optional>\?|=[^}]*)?\}")
# What a parameter takes under a constraint of ASP.NET, and a value that it takes.
_CONSTRAINTS = {None: ("[^/]+", "sample-1"), "int": (r"-?\d+", "7"), "alpha": ("[A-Za-z]+", "sample")}


@dataclass(frozen=True)
class Route:
    """A function's template, which is matched without regard to case, and its methods."""

    function: str
    template: str
    methods: tuple[str, ...]

    def takes(self, method: str, path: str) -> bool:
        """Whether it matches a request."""
        return method in self.methods and re.fullmatch(self._pattern, path, re.IGNORECASE | re.DOTALL) is not None

    @property
    def sample(self) -> str:
        """A path that its template was made for."""
        return _PARAMETER.sub(lambda found: "a/b" if found["all"] else _kind(found)[1], self.template)

    @property
    def _pattern(self) -> str:
        pattern, end = "", 0
        for found in _PARAMETER.finditer(self.template):
            pattern += re.escape(self.template[end : found.start()])
            pattern += ".*" if found["all"] else _kind(found)[0]
            end = found.end()
        return pattern + re.escape(self.template[end:])


def _kind(found: "re.Match[str]") -> tuple[str, str]:
    constraint = found["constraint"]
    if constraint not in _CONSTRAINTS or found["optional"]:
        raise ValueError(f"route parameter {found[0]}: the check does not know how ASP.NET matches it")
    return _CONSTRAINTS[constraint]


def routes_in_order(functions: Iterable[Function], prefix: str) -> list[Route]:
    """The routes as the host maps them."""
    found = []
    for function in sorted(functions, key=lambda item: item.name.upper()):
        if function.trigger["type"] == "httpTrigger":
            route = str(function.trigger.get("route") or function.name).strip("/")
            listed = function.trigger.get("methods")
            methods = METHODS if listed is None else tuple(str(name).upper() for name in listed)
            found.append(Route(function.name, "/".join(filter(None, (prefix.strip("/"), route))), methods))
    return found


def misrouted(routes: list[Route]) -> list[str]:
    """Every request of a function that another function would get, in words."""
    wrong = []
    for route in routes:
        for method in route.methods:
            taker = next(other for other in routes if other.takes(method, route.sample))
            if taker.function != route.function:
                wrong.append(
                    f"{method} /{route.sample} of {route.function} ({route.template}) goes to {taker.function} "
                    f"({taker.template}), whose name comes first"
                )
    return wrong
