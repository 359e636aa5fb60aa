"""GET /api/uploads/{model}/{identity}: the run of an upload, or that there can be none."""

import json
from dataclasses import dataclass, field
from typing import Any

from domain.upload_queue import QueueState
from tests.unit.triggers.api.requests import request
from triggers.run_api import blueprint


class _Specs:
    def names(self) -> tuple[str, ...]:
        return ("known",)


@dataclass
class _Services:
    runs: dict[str, str] = field(default_factory=dict)
    queues: tuple[str, ...] = ()
    specs: _Specs = field(default_factory=_Specs)

    @property
    def uploads(self) -> "_Services":
        return self

    def run_of(self, model: str, _: str) -> str | None:
        return self.runs.get(model)

    def states(self) -> list[QueueState]:
        return [QueueState(model=model, generation=1, busy=True, waiting=1) for model in self.queues]


async def _show(services: _Services, model: str) -> tuple[int, Any]:
    (handler,) = (
        builder._function._func
        for builder in blueprint(lambda: services)._function_builders  # type: ignore[arg-type, return-value]
        if builder._function.get_function_name() == "show_upload"
    )
    response = await handler(request(route={"model": model, "identity": "i"}))
    return response.status_code, json.loads(response.get_body())


async def test_a_model_that_nobody_knows_is_404() -> None:
    """A producer would take "no run" for "not yet", for ever."""
    status, document = await _show(_Services(), "unknown")
    assert (status, document["title"]) == (404, "unknown_model")


async def test_a_model_with_a_spec_or_a_run_is_answered() -> None:
    """Not yet, and a run of a model whose spec was removed."""
    assert await _show(_Services(), "known") == (200, {"model": "known", "identity": "i", "run": None})
    assert (await _show(_Services(queues=("waits",)), "waits"))[1]["run"] is None
    assert (await _show(_Services({"removed": "r"}), "removed"))[1]["run"] == "r"
