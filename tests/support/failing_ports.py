"""Ports of which one call fails until a test lets it through."""

from typing import Any, cast

from nightshift.domain.platform.ports import Services
from tests.support.responder import Replaced


class Failing:
    """A port of which one call raises while ``error`` is set."""

    def __init__(self, port: Any, call: str, error: Exception | None) -> None:
        self._port = port
        self._call = call
        self.error = error

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name != self._call:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.error is not None:
                raise self.error
            return found(*args, **kwargs)

        return call


def without_alias(services: Services, error: Exception) -> Services:
    """The same services, where MLflow sets no alias."""
    return cast("Services", Replaced(services, registry=Failing(services.registry, "set_alias", error)))
