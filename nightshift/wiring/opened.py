"""A property that opens a client at first use, once, however many threads ask at the same moment."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")


class opened(Generic[Value]):  # noqa: N801 - it is used as a decorator, like property
    """``functools.cached_property`` with a lock for each object: since Python 3.12 that has none, and two clients open.

    An exception is not kept: the next call tries again.
    """

    def __init__(self, make: Callable[[Any], Value]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "opened[Value]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...

    def __get__(self, instance: object | None, owner: type) -> "opened[Value] | Value":
        # What is kept in the object's dictionary is found before this is called again.
        if instance is None:
            return self
        known = instance.__dict__
        lock = known.setdefault(f"opening {self._name}", threading.RLock())
        with lock:
            if self._name not in known:
                known[self._name] = self._make(instance)
            value: Value = known[self._name]
            return value
