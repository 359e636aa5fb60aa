"""The functions that the engine runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar

T = TypeVar("T")


class FunctionTable(Mapping[str, T]):
    """Functions by name. As in Azure a name is found in any case, and listed as it was declared."""

    def __init__(self, functions: Mapping[str, T]) -> None:
        self._functions = dict(functions)
        self._names = {name.lower(): name for name in functions}
        if len(self._names) < len(self._functions):
            raise ValueError(f"names {sorted(self._functions)!r}: must differ by more than upper and lower case")

    def __getitem__(self, name: str) -> T:
        return self._functions[self._names[name.lower()]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)


@dataclass(frozen=True)
class DurableFunctions:
    """The app's durable functions, by name.

    An orchestrator is the handle that `Orchestrator.create` made. An activity takes and gives JSON text; to fail it
    raises, and the text of its exception (as "ValueError: no such file") is the reason that the orchestrator sees.
    """

    orchestrators: Mapping[str, Callable[..., str]]
    activities: Mapping[str, Callable[[str | None], Awaitable[str | None]]]

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, FunctionTable(getattr(self, field.name)))
