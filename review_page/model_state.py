"""The state of each model for the front page: few calls, all models at once, and nobody waits for MLflow for long."""

import asyncio
import logging
from dataclasses import dataclass, replace

import azure.durable_functions as df

from activities.roll_back import rollback_candidate
from activities.run_views import run_summary
from activities.standing import alias_problem
from domain.decision import ChampionMove
from domain.errors import NightshiftError, SpecError
from domain.names import CHAMPION, TAG_QUARANTINE
from domain.ports import Services
from domain.view import RunSummary
from review_page.views import ModelState

logger = logging.getLogger(__name__)

# A page at 3 am is read although MLflow does not answer; it then says so.
REGISTRY_SECONDS = 3.0


@dataclass(frozen=True)
class ModelReading:
    """A model's state, and the moves of champion that the story needs."""

    state: ModelState
    moves: tuple[ChampionMove, ...]


class ModelStates:
    """Reads the state of every model; remembers only which experiment is whose, since that never changes."""

    def __init__(self) -> None:
        self._experiments: dict[str, str] = {}

    async def read(self, client: df.DurableOrchestrationClient, services: Services) -> tuple[ModelReading, ...]:
        """Every model that has a spec; its signals are counted elsewhere."""
        names = await asyncio.to_thread(services.specs.names)
        return tuple(await asyncio.gather(*(self._read(client, services, name) for name in names)))

    async def _read(self, client: df.DurableOrchestrationClient, services: Services, model: str) -> ModelReading:
        moves, last_run, state, trouble = await asyncio.gather(
            asyncio.to_thread(services.champions.moves, model),
            _last_run(client, services, model),
            self._registered(services, model),
            asyncio.to_thread(_spec_trouble, services, model),
        )
        done = [move for move in moves if move.state == "done"]
        if done and (state.trouble or state.champion == done[-1].version):
            # Without the registry's answer the record has to do; with it, only what both say has a known begin.
            state = replace(state, champion=done[-1].version or None, since=done[-1].at)
        if not state.trouble:
            state = replace(state, trouble=alias_problem(moves, state.champion))
        known = replace(state, last_run=last_run, trouble=trouble or state.trouble)
        return ModelReading(known, moves)

    async def _registered(self, services: Services, model: str) -> ModelState:
        """What only MLflow knows; without it the champion book has to do."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(self._ask_registry, services, model), REGISTRY_SECONDS)
        except TimeoutError:
            logger.warning("registry_slow model=%s seconds=%s", model, REGISTRY_SECONDS)
            return ModelState(model, trouble="MLflow does not answer: champion as recorded, rollback not checked")
        except NightshiftError as error:
            logger.warning("registry_not_read model=%s code=%s message=%s", model, error.code, error.message)
            return ModelState(model, trouble=f"champion as recorded, rollback not checked: {error.message}")

    def _ask_registry(self, services: Services, model: str) -> ModelState:
        champion = services.registry.version_of(model, CHAMPION)
        target = None
        if champion is not None:
            target, registered = rollback_candidate(services, model, champion)
            target = None if registered is None or TAG_QUARANTINE in registered.tags else target
        experiment = self._experiments.get(model) or services.registry.experiment_of(model)
        if experiment:
            self._experiments[model] = experiment
        address = f"{services.links.mlflow}/experiments/{experiment}" if experiment else ""
        return ModelState(model, champion=champion, rollback=target, experiment=address)


async def _last_run(client: df.DurableOrchestrationClient, services: Services, model: str) -> RunSummary | None:
    run = await asyncio.to_thread(services.uploads.begun_run, model)
    status = await client.get_status(run) if run else None
    return None if status is None or status.runtime_status is None else run_summary(status)


def _spec_trouble(services: Services, model: str) -> str:
    try:
        services.specs.get(model)
    except SpecError as error:
        return f"its spec cannot be used: {error.message}"
    return ""
